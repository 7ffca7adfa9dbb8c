package bagit_test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amparo-project/amparo/internal/bagit"
)

// valid checks a bag by RFC 8493 alone, and shares no code with the package.
func valid(fsys fs.FS) error {
	text := func(name string) string {
		b, _ := fs.ReadFile(fsys, name)
		return string(b)
	}
	// 2.1.1: two lines, in this order.
	if text("bagit.txt") != "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n" {
		return errors.New("bagit.txt")
	}
	payload, err := manifest(text("manifest-sha256.txt"))
	if err != nil {
		return err
	}
	tags, err := manifest(text("tagmanifest-sha256.txt"))
	if err != nil {
		return err
	}
	octets, files := int64(0), 0
	err = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		list := tags
		if strings.HasPrefix(name, "data/") {
			list, octets, files = payload, octets+int64(len(data)), files+1
		} else if name == "tagmanifest-sha256.txt" {
			return nil
		}
		if want := list[name]; want != fmt.Sprintf("%x", sha256.Sum256(data)) {
			return fmt.Errorf("%s has not the hash %q", name, want)
		}
		delete(list, name)
		return nil
	})
	if err != nil {
		return err
	}
	for name := range payload {
		return fmt.Errorf("%s is listed and not there", name)
	}
	for name := range tags {
		return fmt.Errorf("%s is listed and not there", name)
	}
	oxum := regexp.MustCompile(`(?m)^Payload-Oxum: (\d+\.\d+)$`).FindStringSubmatch(text("bag-info.txt"))
	if oxum == nil || oxum[1] != fmt.Sprintf("%d.%d", octets, files) {
		return fmt.Errorf("Payload-Oxum %v of %d.%d", oxum, octets, files)
	}
	return nil
}

// manifest reads lines of a checksum, blanks and a path: 2.1.3.
func manifest(text string) (map[string]string, error) {
	list := map[string]string{}
	line := regexp.MustCompile(`^([0-9a-f]{64})[ \t]+(.+)$`)
	decode := strings.NewReplacer("%0A", "\n", "%0D", "\r", "%25", "%")
	for sc := bufio.NewScanner(strings.NewReader(text)); sc.Scan(); {
		m := line.FindStringSubmatch(sc.Text())
		if m == nil {
			return nil, fmt.Errorf("line %q", sc.Text())
		}
		name := decode.Replace(m[2])
		if !fs.ValidPath(name) || list[name] != "" {
			return nil, fmt.Errorf("path %q", name)
		}
		list[name] = m[1]
	}
	return list, nil
}

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	b, err := bagit.Open(dir, "marker")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for name, text := range files {
		if err := b.PutBytes(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := b.FinishPayload()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Finish([]bagit.Field{{Label: "Source-Organization", Value: "a name\nPayload-Oxum: 1.1"}}); err != nil {
		t.Fatal(err)
	}
	return sum
}

var files = map[string]string{
	"data/a": "1", "data/sub/b": "22", "data/100%/c%0A": "333", "data/line\nend\r": "4", "README": "a tag file", "tags/x": "y",
}

func TestBag(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sum := write(t, dir, files)
	if err := valid(os.DirFS(dir)); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, bagit.PayloadManifest))
	if err != nil || fmt.Sprintf("%x", sha256.Sum256(data)) != sum {
		t.Error("the hash is not that of the manifest", err)
	}
	if other := write(t, t.TempDir(), files); other != sum {
		t.Error("the same files give another manifest")
	}
}

// TestFlipped changes each byte of each file: the check finds each, and so the
// check can fail.
func TestFlipped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, files)
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 1
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				return err
			}
			if valid(os.DirFS(dir)) == nil {
				t.Errorf("%s, byte %d: not found", name, i)
			}
		}
		return os.WriteFile(name, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGoesOn opens a bag that was interrupted: what is there is kept, what is
// half is written again, what nobody wants any more is removed.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"data/kept": "kept", "data/changed": "no longer that", "data/half.partial": "ha", "data/old/withdrawn": "x", "marker": "m",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bagit.Open(dir, "marker")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	wrote := map[string]bool{}
	put := func(name, text string) error {
		_, err := b.Put(name, fmt.Sprintf("%x", sha256.Sum256([]byte(text))), func(w io.Writer) error {
			wrote[name] = true
			_, err := io.WriteString(w, text)
			return err
		})
		return err
	}
	for _, name := range []string{"kept", "changed", "half"} {
		if err := put("data/"+name, name); err != nil {
			t.Fatal(err)
		}
	}
	if wrote["data/kept"] || !wrote["data/changed"] || !wrote["data/half"] {
		t.Error(wrote)
	}
	if _, err := b.FinishPayload(); err != nil {
		t.Fatal(err)
	}
	if err := b.Finish(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data/old")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what is not of the bag is left", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "marker")); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "marker")); err != nil {
		t.Fatal(err)
	}
	if err := valid(os.DirFS(dir)); err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := bagit.Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, name := range []string{"", ".", "../x", "/etc/x", "data/../../x", "data//x"} {
		if err := b.PutBytes(name, nil); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("wanted")))
	_, err = b.Put("data/x", sum, func(w io.Writer) error { _, err := io.WriteString(w, "other"); return err })
	if !errors.Is(err, bagit.ErrDiffers) {
		t.Errorf("got %v", err)
	}
	if list, err := os.ReadDir(filepath.Join(dir, "data")); err != nil || len(list) != 0 {
		t.Error("a file with another hash was left", list, err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := b.PutBytes("out/x", nil); err == nil {
		t.Error("a link led out of the bag")
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	write(t, dir, files)
	for _, format := range []string{bagit.Zip, bagit.Tar} {
		a, b := filepath.Join(out, "a."+format), filepath.Join(out, "b."+format)
		for _, name := range []string{a, b} {
			if err := bagit.Pack(name, dir, "exhibit", format); err != nil {
				t.Fatal(err)
			}
		}
		one, err1 := os.ReadFile(a)
		two, err2 := os.ReadFile(b)
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(one, two) {
			t.Error("the same bag packs to other bytes", err)
		}
		if err := bagit.Pack(a, dir, "exhibit", format); !errors.Is(err, fs.ErrExist) {
			t.Errorf("replaced: %v", err)
		}
	}
	z, err := zip.OpenReader(filepath.Join(out, "a.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := valid(sub(t, z)); err != nil {
		t.Error(err)
	}
	if err := valid(sub(t, os.DirFS(untar(t, filepath.Join(out, "a.tar"))))); err != nil {
		t.Error(err)
	}
}

// TestFromElsewhere completes and packs a bag whose payload lies elsewhere: it is
// the bag that lies in one folder. A payload that was changed is refused.
func TestFromElsewhere(t *testing.T) {
	t.Parallel()
	whole, payload, dir := t.TempDir(), fstest.MapFS{}, t.TempDir()
	sum := write(t, whole, files)
	manifest, err := os.ReadFile(filepath.Join(whole, bagit.PayloadManifest))
	if err != nil {
		t.Fatal(err)
	}
	payload[bagit.PayloadManifest] = &fstest.MapFile{Data: manifest}
	var names []string
	for name, text := range files {
		if strings.HasPrefix(name, "data/") {
			payload[name] = &fstest.MapFile{Data: []byte(text)}
			names = append(names, name)
		}
	}
	b, err := bagit.Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.AdoptFrom(payload); err != nil {
		t.Fatal(err)
	}
	if got, err := b.FinishPayload(); err != nil || got != sum {
		t.Errorf("the payload is %s, not %s: %v", got, sum, err)
	}
	for name, text := range files {
		if !strings.HasPrefix(name, "data/") {
			if err := b.PutBytes(name, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.Finish(nil); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{bagit.Zip, bagit.Tar} {
		name := filepath.Join(t.TempDir(), "packed")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(bagit.WriteFrom(f, dir, payload, names, "exhibit", format), f.Close()); err != nil {
			t.Fatal(err)
		}
		var fsys fs.FS
		if format == bagit.Zip {
			z, err := zip.OpenReader(name)
			if err != nil {
				t.Fatal(err)
			}
			defer z.Close()
			fsys = z
		} else {
			fsys = os.DirFS(untar(t, name))
		}
		if err := valid(sub(t, fsys)); err != nil {
			t.Error(format, err)
		}
	}
	payload["data/a"] = &fstest.MapFile{Data: []byte("2")}
	if err := b.AdoptFrom(payload); !errors.Is(err, bagit.ErrDiffers) {
		t.Errorf("a file that was changed: %v", err)
	}
	if err := bagit.WriteFrom(io.Discard, dir, payload, []string{"data/none"}, "exhibit", bagit.Tar); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func sub(t *testing.T, fsys fs.FS) fs.FS {
	t.Helper()
	list, err := fs.ReadDir(fsys, ".")
	if err != nil || len(list) != 1 || list[0].Name() != "exhibit" {
		t.Fatal("not one folder", list, err)
	}
	s, err := fs.Sub(fsys, "exhibit")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func untar(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		to := filepath.Join(dir, h.Name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
