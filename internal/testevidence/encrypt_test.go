package testevidence

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"howett.net/plist"
)

// unwrap is RFC 3394, section 2.2.2, in the form that shifts registers,
// written apart from the writer, which indexes them.
func unwrap(kek, wrapped []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	a := binary.BigEndian.Uint64(wrapped)
	blocks := bytes.Clone(wrapped[8:])
	n := len(blocks) / 8
	for t := 6 * n; t > 0; t-- {
		i := (t - 1) % n * 8
		var in [16]byte
		binary.BigEndian.PutUint64(in[:], a^uint64(t))
		copy(in[8:], blocks[i:i+8])
		block.Decrypt(in[:], in[:])
		a = binary.BigEndian.Uint64(in[:])
		copy(blocks[i:], in[8:])
	}
	if a != 0xa6a6a6a6a6a6a6a6 {
		return nil, errors.New("wrong key")
	}
	return blocks, nil
}

// TestKeyWrapVector holds both ways to section 4.6 of RFC 3394.
func TestKeyWrapVector(t *testing.T) {
	t.Parallel()
	kek, _ := hex.DecodeString("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
	key, _ := hex.DecodeString("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
	const want = "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
	if got := hex.EncodeToString(wrapKey(kek, key)); got != want {
		t.Errorf("wrapped %s", got)
	}
	if got, err := unwrap(kek, wrapKey(kek, key)); err != nil || !bytes.Equal(got, key) {
		t.Errorf("unwrapped %x, %v", got, err)
	}
}

// fields reads a keybag: the header, then each class, which begins with a UUID.
func fields(t *testing.T, blob []byte) (list []map[string][]byte) {
	t.Helper()
	list = append(list, map[string][]byte{})
	for len(blob) > 0 {
		tag, n := string(blob[:4]), binary.BigEndian.Uint32(blob[4:])
		now := list[len(list)-1]
		if _, again := list[0]["DPSL"]; again && tag == "UUID" {
			now = map[string][]byte{}
			list = append(list, now)
		}
		now[tag], blob = blob[8:8+n], blob[8+n:]
	}
	return list
}

// classKeys unlocks a keybag with a password.
func classKeys(t *testing.T, blob []byte, password string) (map[uint32][]byte, error) {
	t.Helper()
	all := fields(t, blob)
	head := all[0]
	number := func(m map[string][]byte, tag string) uint32 { return binary.BigEndian.Uint32(m[tag]) }
	inner, err := pbkdf2.Key(sha256.New, password, head["DPSL"], int(number(head, "DPIC")), 32)
	if err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(sha1.New, string(inner), head["SALT"], int(number(head, "ITER")), 32)
	if err != nil {
		return nil, err
	}
	keys := map[uint32][]byte{}
	for _, class := range all[1:] {
		k, err := unwrap(key, class["WPKY"])
		if err != nil {
			return nil, err
		}
		keys[number(class, "CLAS")] = k
	}
	return keys, nil
}

func decrypt(t *testing.T, name string, key []byte) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > 16 || !bytes.Equal(data[len(data)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		t.Fatalf("%s: padding of %d", name, pad)
	}
	return data[:len(data)-pad]
}

// TestDecrypts opens an encrypted backup with code of its own, and holds each
// file to the backup that is the same but for encryption.
func TestDecrypts(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 5, Messages: 300, Iterations: 10, Plant: true}
	plain, _ := write(t, o)
	o.Encrypted, o.Password = true, "correct horse"
	dir, truth := write(t, o)
	var lists struct {
		BackupKeyBag, ManifestKey []byte
		IsEncrypted               bool
	}
	data, err := os.ReadFile(filepath.Join(dir, "Manifest.plist"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plist.Unmarshal(data, &lists); err != nil || !lists.IsEncrypted {
		t.Fatalf("%v, encrypted %v", err, lists.IsEncrypted)
	}
	if _, err := classKeys(t, lists.BackupKeyBag, "wrong horse"); err == nil {
		t.Error("another password opens it")
	}
	keys, err := classKeys(t, lists.BackupKeyBag, "correct horse")
	if err != nil || len(keys) != 11 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	open := func(classed []byte) []byte {
		key, err := unwrap(keys[binary.LittleEndian.Uint32(classed)], classed[4:])
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	manifest := filepath.Join(t.TempDir(), "Manifest.db")
	if err := os.WriteFile(manifest, decrypt(t, filepath.Join(dir, "Manifest.db"), open(lists.ManifestKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, line := range query(t, manifest, "SELECT fileID || ' ' || hex(file) FROM Files WHERE flags = 1") {
		id, blob, _ := strings.Cut(line, " ")
		archive, err := hex.DecodeString(blob)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(plain, id[:2], id))
		if err != nil {
			t.Fatal(err)
		}
		key, size := fileKey(t, archive)
		if got := decrypt(t, filepath.Join(dir, id[:2], id), open(key)); len(got) != int(size) || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, the manifest says %d, unencrypted %d", id, len(got), size, len(want))
		}
		files++
	}
	if files != truth.Files {
		t.Errorf("%d files, the truth says %d", files, truth.Files)
	}
}

// fileKey reads the key and the size of a file out of its archive.
func fileKey(t *testing.T, archive []byte) (key []byte, size uint64) {
	t.Helper()
	var list struct {
		Top struct {
			Root plist.UID `plist:"root"`
		} `plist:"$top"`
		Objects []any `plist:"$objects"`
	}
	if _, err := plist.Unmarshal(archive, &list); err != nil {
		t.Fatal(err)
	}
	file := list.Objects[list.Top.Root].(map[string]any)
	data := list.Objects[file["EncryptionKey"].(plist.UID)].(map[string]any)
	return data["NS.data"].([]byte), file["Size"].(uint64)
}
