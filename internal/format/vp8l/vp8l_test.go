package vp8l

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// chunk returns the first chunk VP8L of a file, nil where there is none.
func chunk(file []byte) []byte {
	for at := 12; at+8 <= len(file); {
		n := int(binary.LittleEndian.Uint32(file[at+4:]))
		if string(file[at:at+4]) == "VP8L" {
			return file[at+8 : min(len(file), at+8+n)]
		}
		at += 8 + n + n&1
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	// All codes as large as complete ones can be: exactly what there is room for.
	full, err := Inspect(chunk(testevidence.WebPTables(false)))
	if err != nil || full.Overflow || full.Tables != 2954 || full.Room != 2954 || full.Width != 1 || full.Groups != 1 {
		t.Errorf("full: %+v, %v", full, err)
	}
	over, err := Inspect(chunk(testevidence.WebPTables(true)))
	if !errors.Is(err, limit.ErrCorrupt) || !over.Overflow || over.Tables != 2958 {
		t.Errorf("over: %+v, %v", over, err)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	whole := chunk(testevidence.WebPTables(true))
	for name, data := range map[string][]byte{
		"empty": nil, "other": []byte("RIFF"), "header": whole[:5], "half": whole[:len(whole)/2],
	} {
		if r, err := Inspect(data); err == nil || r.Overflow {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// TestPictures reads the pictures with which golang.org/x/image is tested, all
// kinds of transforms and groups among them, and compares with its decoder.
func TestPictures(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "testdata")
	names, _ := filepath.Glob(filepath.Join(dir, "*.lossless.webp*"))
	if err != nil || len(names) == 0 {
		t.Skipf("the source of golang.org/x/image is not here: %v", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".bz2") {
			if data, err = io.ReadAll(bzip2.NewReader(bytes.NewReader(data))); err != nil {
				t.Fatal(err)
			}
		}
		config, err := webp.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Inspect(chunk(data))
		if err != nil || r.Overflow || r.Width != config.Width || r.Height != config.Height || r.Groups < 1 {
			t.Errorf("%s: %+v, %v; want %d x %d", filepath.Base(name), r, err, config.Width, config.Height)
		}
		t.Logf("%s: %+v", filepath.Base(name), r)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(chunk(testevidence.WebPTables(false)))
	f.Add(chunk(testevidence.WebPTables(true)))
	f.Add([]byte("\x2f\x00\x00\x00\x00\x03\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := Inspect(data); r.Overflow && r.Tables <= r.Room || err == nil && r.Groups == 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	data := chunk(testevidence.WebPTables(false))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Inspect(data)
	}
}
