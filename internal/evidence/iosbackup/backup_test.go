package iosbackup

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
	_ "modernc.org/sqlite"

	"github.com/amparo-project/amparo/internal/evidence"
)

const testPassword = "s3cret"

// testFile is one row of a backup that a test makes.
type testFile struct {
	domain, path string
	flags        int
	content      string
	id           string // "": as iOS makes it
	claim        int64  // size in the manifest; 0: the right one
	missing      bool   // not on disk
	target       string // of a link
}

// testBackup makes a backup of iOS 10.2 or later.
type testBackup struct {
	encrypted bool
	files     []testFile
	info      map[string]any // changes to Info.plist
}

// modifiedAt is the time of all files of a test backup.
var modifiedAt = time.Date(2021, 7, 18, 9, 30, 0, 0, time.UTC)

func someFiles() []testFile {
	return []testFile{
		{domain: "HomeDomain", path: "", flags: flagFolder},
		{domain: "HomeDomain", path: "Library", flags: flagFolder},
		{domain: "HomeDomain", path: "Library/SMS/sms.db", flags: flagFile, content: string(noise(200_001))},
		{domain: "HomeDomain", path: "Library/SMS/sms.db-wal", flags: flagFile, content: string(noise(4096))},
		{domain: "HomeDomain", path: "Library/empty", flags: flagFile},
		{domain: "HomeDomain", path: "Library/link", flags: flagSymlink, target: "/private/etc"},
		{domain: "AppDomain-org.example.app", path: "Documents/Añadir.txt", flags: flagFile, content: "hola"},
		{domain: "CameraRollDomain", path: "Media/16 bytes", flags: flagFile, content: "0123456789abcdef"},
	}
}

func fileID(domain, path string) string {
	sum := sha1.Sum([]byte(domain + "-" + path))
	return hex.EncodeToString(sum[:])
}

// wrapKey is RFC 3394, 2.2.1.
func wrapKey(under, key []byte) []byte {
	block, err := aes.NewCipher(under)
	if err != nil {
		panic(err)
	}
	n := len(key) / 8
	check, r := uint64(0xA6A6A6A6A6A6A6A6), bytes.Clone(key)
	var buf [16]byte
	for t := 1; t <= 6*n; t++ {
		part := r[(t-1)%n*8:][:8]
		binary.BigEndian.PutUint64(buf[:], check)
		copy(buf[8:], part)
		block.Encrypt(buf[:], buf[:])
		check = binary.BigEndian.Uint64(buf[:]) ^ uint64(t)
		copy(part, buf[8:])
	}
	return append(binary.BigEndian.AppendUint64(nil, check), r...)
}

func classKey(class uint32) []byte { return bytes.Repeat([]byte{byte(0x10 + class)}, 32) }

// classed wraps a key under that of a class.
func classed(class uint32, key []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, class), wrapKey(classKey(class), key)...)
}

func keybagBytes(t testing.TB) []byte {
	t.Helper()
	first, err := pbkdf2.Key(sha256.New, testPassword, []byte("salt one"), 20, 32)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pbkdf2.Key(sha1.New, string(first), []byte("salt two"), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	put := func(tag string, v []byte) {
		b = append(binary.BigEndian.AppendUint32(append(b, tag...), uint32(len(v))), v...)
	}
	n := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	put("VERS", n(4))
	put("TYPE", n(1))
	put("UUID", make([]byte, 16))
	put("SALT", []byte("salt two"))
	put("ITER", n(10))
	put("DPIC", n(20))
	put("DPSL", []byte("salt one"))
	for _, class := range []uint32{3, 4} {
		put("UUID", make([]byte, 16))
		put("CLAS", n(class))
		put("WRAP", n(2))
		put("KTYP", n(0))
		put("WPKY", wrapKey(key, classKey(class)))
	}
	return b
}

func writeFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func writePlist(t testing.TB, name string, v any) {
	t.Helper()
	data, err := plist.Marshal(v, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, name, data)
}

// mbFile archives what a manifest says of a file.
func mbFile(t testing.TB, f testFile, key []byte) []byte {
	t.Helper()
	size := int64(len(f.content))
	if f.claim != 0 {
		size = f.claim
	}
	file := map[string]any{
		"$class": plist.UID(2), "LastModified": modifiedAt.Unix(), "Mode": 0o100644, "Size": size,
		"ProtectionClass": 3, "RelativePath": plist.UID(3),
	}
	objects := []any{"$null", file, map[string]any{"$classname": "MBFile", "$classes": []string{"MBFile", "NSObject"}}, f.path}
	if key != nil {
		file["EncryptionKey"] = plist.UID(4)
		objects = append(objects, map[string]any{"$class": plist.UID(5), "NS.data": key},
			map[string]any{"$classname": "NSMutableData", "$classes": []string{"NSMutableData", "NSData", "NSObject"}})
	}
	if f.target != "" {
		file["Target"] = plist.UID(len(objects))
		objects = append(objects, f.target)
	}
	data, err := plist.Marshal(map[string]any{
		"$version": 100000, "$archiver": "NSKeyedArchiver",
		"$top": map[string]any{"root": plist.UID(1)}, "$objects": objects,
	}, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// write makes the backup in a new folder.
func (b testBackup) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	info := map[string]any{
		"Device Name": "Test", "Product Type": "iPhone9,3", "Product Version": "14.3", "Build Version": "18C66",
		"Serial Number": "F123", "Unique Identifier": "ABC", "IMEI": "42", "Last Backup Date": modifiedAt,
	}
	for k, v := range b.info {
		info[k] = v
	}
	writePlist(t, filepath.Join(dir, infoFile), info)
	writePlist(t, filepath.Join(dir, statusFile), map[string]any{"SnapshotState": "finished", "Date": modifiedAt})
	db := b.manifest(t, dir)
	keys := map[string]any{"IsEncrypted": b.encrypted, "Date": modifiedAt, "Lockdown": map[string]any{"SerialNumber": "F123"}}
	if b.encrypted {
		key := bytes.Repeat([]byte{0x77}, 32)
		keys["BackupKeyBag"], keys["ManifestKey"] = keybagBytes(t), classed(4, key)
		db = encrypt(t, key, db)[:len(db)]
	}
	writePlist(t, filepath.Join(dir, keysFile), keys)
	writeFile(t, filepath.Join(dir, manifestFile), db)
	return dir
}

// manifest writes the files, and returns the database that lists them.
func (b testBackup) manifest(t testing.TB, dir string) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "m.db")
	db, err := sql.Open("sqlite", name+"?_pragma=synchronous(off)&_pragma=journal_mode(memory)")
	if err != nil {
		t.Fatal(err)
	}
	run := func(q string, args ...any) {
		if _, err := db.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	}
	db.SetMaxOpenConns(1)
	run("BEGIN")
	run("CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)")
	run("CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB)")
	for i, f := range b.files {
		id := f.id
		if id == "" {
			id = fileID(f.domain, f.path)
		}
		var wrapped []byte
		stored := []byte(f.content)
		if b.encrypted && f.flags == flagFile {
			key := bytes.Repeat([]byte{byte(i + 1)}, 32)
			wrapped, stored = classed(3, key), encrypt(t, key, stored)
		}
		if f.flags == flagFile && !f.missing && len(id) > 2 && !strings.ContainsAny(id, "/.") {
			writeFile(t, filepath.Join(dir, id[:2], id), stored)
		}
		run("INSERT INTO Files VALUES (?,?,?,?,?)", id, f.domain, f.path, f.flags, mbFile(t, f, wrapped))
	}
	run("COMMIT")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func withPassword(p string) Options {
	return Options{OpenOptions: evidence.OpenOptions{Password: func(context.Context) (string, error) { return p, nil }}}
}

func openDir(t testing.TB, dir string, o Options) (*Source, error) {
	t.Helper()
	tree, err := evidence.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), tree, "", o)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func readPlist(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plist.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}
