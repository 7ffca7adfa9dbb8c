package testevidence

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// WriteAndroidCopies adds n copies of apps of size bytes each to an
// acquisition by AndroidQF, which copies every app that Google did not sign.
// Each is whole; its size is that of a native library of zeros, which takes no
// room on the disk.
func WriteAndroidCopies(dir string, n int, size int64) error {
	zeros := make([]byte, 1<<20)
	sum := crc32.NewIEEE()
	for left := size; left > 0; left -= int64(len(zeros)) {
		_, _ = sum.Write(zeros[:min(left, int64(len(zeros)))]) // cannot fail
	}
	if err := os.MkdirAll(filepath.Join(dir, "apks"), 0o750); err != nil {
		return err
	}
	var list []aqfPackage
	packages := filepath.Join(dir, "packages.json")
	data, err := os.ReadFile(packages)
	if err = errors.Join(err, json.Unmarshal(data, &list)); err != nil {
		return err
	}
	for i := range n {
		name := fmt.Sprintf("org.example.copied%d", i)
		file := filepath.Join(dir, "apks", name+".apk")
		if err := writeCopy(file, name, size, sum.Sum32(), zeros); err != nil {
			return fmt.Errorf("write a synthetic copy of an app: %w", err)
		}
		entry, err := copiedFile(file, name)
		if err != nil {
			return err
		}
		list = append(list, aqfPackage{Name: name, Installed: true, Installer: "com.android.vending", UID: 10500 + i, ThirdParty: true, Files: []map[string]any{entry}})
	}
	data, err = json.MarshalIndent(list, "", "    ")
	return errors.Join(err, os.WriteFile(packages, data, 0o600))
}

// copiedFile is the entry of a copy in the list of packages.
func copiedFile(file, name string) (map[string]any, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, s1, s256 := md5.New(), sha1.New(), sha256.New()
	if _, err := io.Copy(io.MultiWriter(m, s1, s256), f); err != nil {
		return nil, err
	}
	entry := aqfFile("/data/app/"+name+"/base.apk", hex.EncodeToString(s256.Sum(nil)), anyHash("example cert"), "CN=Example")
	entry["md5"], entry["sha1"] = hex.EncodeToString(m.Sum(nil)), hex.EncodeToString(s1.Sum(nil))
	entry["local_name"] = filepath.Base(file)
	return entry, nil
}

func writeCopy(file, name string, size int64, sum uint32, zeros []byte) error {
	app, err := APK(APKSpec{Package: name, Label: "Copia", VersionName: "1.0", VersionCode: 1, MinSDK: 24, TargetSDK: 34, Texts: []string{"https://www.example.org/" + name}, Signer: "Example"})
	if err != nil {
		return err
	}
	old, err := zip.NewReader(bytes.NewReader(app), int64(len(app)))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(repack(&holes{f: f}, old, size, sum, zeros), f.Close())
}

// repack copies the package and puts a library of zeros behind it.
func repack(to *holes, old *zip.Reader, size int64, sum uint32, zeros []byte) error {
	z := zip.NewWriter(to)
	for _, f := range old.File {
		if err := z.Copy(f); err != nil {
			return err
		}
	}
	w, err := z.CreateRaw(&zip.FileHeader{
		Name: "lib/arm64-v8a/libapp.so", Method: zip.Store, CRC32: sum, CompressedSize64: uint64(size), UncompressedSize64: uint64(size), Modified: apkTime,
	})
	for left := size; err == nil && left > 0; left -= int64(len(zeros)) {
		_, err = w.Write(zeros[:min(left, int64(len(zeros)))])
	}
	return errors.Join(err, z.Close())
}

// holes leaves out what is a megabyte of zeros.
type holes struct{ f *os.File }

// Write implements io.Writer.
func (h *holes) Write(p []byte) (int, error) {
	if len(p) < 1<<20 || len(bytes.TrimLeft(p, "\x00")) > 0 {
		return h.f.Write(p)
	}
	_, err := h.f.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}
