package keybag

import (
	"bytes"
	"context"
	"crypto/aes"
	stdpbkdf2 "crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

// item is one tag with its value.
type item struct {
	tag   string
	value []byte
}

func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func encode(items []item) []byte {
	var b []byte
	for _, it := range items {
		b = append(b, it.tag...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(it.value)))
		b = append(b, it.value...)
	}
	return b
}

// wrap is RFC 3394, 2.2.1.
func wrap(under, key []byte) []byte {
	block, err := aes.NewCipher(under)
	if err != nil {
		panic(err)
	}
	n := len(key) / 8
	check, r := uint64(wrapCheck), bytes.Clone(key)
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

func classKey(id uint32) []byte { return bytes.Repeat([]byte{byte(id)}, 32) }

const password = "correct horse"

// sample is the keybag of an iOS 10.2 backup, or of an older one.
func sample(t testing.TB, old bool) []item {
	t.Helper()
	salt1, salt2 := bytes.Repeat([]byte{1}, 20), bytes.Repeat([]byte{2}, 20)
	items := []item{
		{"VERS", u32(4)},
		{"TYPE", u32(1)},
		{"UUID", make([]byte, 16)},
		{"HMCK", make([]byte, 40)},
		{"WRAP", u32(0)},
		{"SALT", salt2},
		{"ITER", u32(100)},
	}
	key := []byte(password)
	if !old {
		items = append(items, item{"DPWT", u32(0)}, item{"DPIC", u32(50)}, item{"DPSL", salt1})
		var err error
		if key, err = stdpbkdf2.Key(sha256.New, password, salt1, 50, 32); err != nil {
			t.Fatal(err)
		}
	}
	key, err := stdpbkdf2.Key(sha1.New, string(key), salt2, 100, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []uint32{1, 3, 11} {
		items = append(items, item{"UUID", bytes.Repeat([]byte{byte(id)}, 16)}, item{tagClass, u32(id)},
			item{"WRAP", u32(2)}, item{"KTYP", u32(0)}, item{"WPKY", wrap(key, classKey(id))})
	}
	return items
}

// index finds the n-th item with a tag.
func index(items []item, tag string, n int) int {
	for i := range items {
		if items[i].tag == tag {
			if n == 0 {
				return i
			}
			n--
		}
	}
	return -1
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		bag, err := Parse(encode(sample(t, old)))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := bag.Unlock(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []uint32{1, 3, 11} {
			if !bytes.Equal(keys.keys[id], classKey(id)) {
				t.Errorf("old=%v: key of class %d differs", old, id)
			}
		}
		fileKey := bytes.Repeat([]byte{9}, 32)
		got, err := keys.FileKey(3, wrap(classKey(3), fileKey))
		if err != nil || !bytes.Equal(got, fileKey) {
			t.Errorf("file key: %x, %v", got, err)
		}
		if _, err := keys.FileKey(3, wrap(classKey(4), fileKey)); !errors.Is(err, limit.ErrCorrupt) {
			t.Errorf("key wrapped under another: %v", err)
		}
		if _, err := keys.FileKey(7, wrap(classKey(7), fileKey)); !errors.Is(err, limit.ErrEncrypted) {
			t.Errorf("class that is not there: %v", err)
		}
		keys.Zero()
		if _, err := keys.FileKey(3, wrap(classKey(3), fileKey)); err == nil {
			t.Error("a zeroed set of keys opens a file")
		}
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	bag, err := Parse(encode(sample(t, false)))
	if err != nil {
		t.Fatal(err)
	}
	const wrong = "Tr0ub4dor&3"
	_, err = bag.Unlock(t.Context(), wrong)
	if !errors.Is(err, ErrWrongPassword) {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), wrong) {
		t.Error("the error shows the password")
	}
}

func TestDamagedClass(t *testing.T) {
	t.Parallel()
	items := sample(t, false)
	i := index(items, "WPKY", 1)
	items[i].value = bytes.Clone(items[i].value)
	items[i].value[5] ^= 1
	items[index(items, "WPKY", 2)].value = make([]byte, 12)
	bag, err := Parse(encode(items))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := bag.Unlock(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{3, 11}, keys.Damaged); diff != "" {
		t.Error(diff)
	}
	if keys.keys[1] == nil {
		t.Error("the sound class is not usable")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	set := func(tag string, value []byte) func([]item) []item {
		return func(items []item) []item {
			items[index(items, tag, 0)].value = value
			return items
		}
	}
	drop := func(tags ...string) func([]item) []item {
		return func(items []item) []item {
			return slices.DeleteFunc(items, func(it item) bool { return slices.Contains(tags, it.tag) })
		}
	}
	for _, tt := range []struct {
		name   string
		change func([]item) []item
		want   error
		say    string
	}{
		{"empty", func([]item) []item { return nil }, limit.ErrCorrupt, "salt"},
		{"no_salt", drop("SALT"), limit.ErrCorrupt, "salt"},
		{"no_rounds", drop("ITER"), limit.ErrCorrupt, "rounds"},
		{"salt_without_rounds", drop("DPIC"), limit.ErrCorrupt, "rounds"},
		{"rounds_without_salt", drop("DPSL"), limit.ErrCorrupt, "rounds"},
		{"no_keys", drop("WPKY"), limit.ErrCorrupt, "password"},
		{"short_number", set("ITER", []byte{1, 2}), limit.ErrCorrupt, "ITER"},
		{"short_uuid", set("UUID", []byte{1, 2}), limit.ErrCorrupt, "UUID"},
		{"absurd_rounds", set("ITER", u32(4_000_000_000)), limit.ErrLimit, "4000000000"},
		{"absurd_first_rounds", set("DPIC", u32(100_000_001)), limit.ErrLimit, "100000001"},
		{"long_salt", set("SALT", make([]byte, 4096)), limit.ErrCorrupt, "4096"},
		{"too_large", set("HMCK", make([]byte, 1<<17)), limit.ErrLimit, "bytes"},
		{"many_classes", func(items []item) []item {
			for range 100 {
				items = append(items, item{"UUID", make([]byte, 16)})
			}
			return items
		}, limit.ErrCorrupt, "classes"},
	} {
		_, err := Parse(encode(tt.change(sample(t, false))))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestParseCut(t *testing.T) {
	t.Parallel()
	data := encode(sample(t, false))
	for n := range data {
		bag, err := Parse(data[:n])
		if err != nil && !errors.Is(err, limit.ErrCorrupt) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if err == nil && len(bag.Classes) == 0 {
			t.Fatalf("%d bytes: a bag without classes", n)
		}
	}
}

func TestUnlockStops(t *testing.T) {
	t.Parallel()
	items := sample(t, false)
	items[index(items, "DPIC", 0)].value = u32(maxRounds)
	bag, err := Parse(encode(items))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bag.Unlock(ctx, password); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// TestUnwrapVector is the example of RFC 3394, 4.6.
func TestUnwrapVector(t *testing.T) {
	t.Parallel()
	under, _ := hex.DecodeString("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
	wrapped, _ := hex.DecodeString("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")
	want, _ := hex.DecodeString("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
	got, err := unwrap(under, wrapped)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%x, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(sample(f, false)))
	f.Add(encode(sample(f, true)))
	f.Fuzz(func(t *testing.T, data []byte) {
		bag, err := Parse(data)
		if err != nil {
			if !errors.Is(err, limit.ErrCorrupt) && !errors.Is(err, limit.ErrLimit) {
				t.Fatalf("an error without a sentinel: %v", err)
			}
			return
		}
		if bag.Rounds1 > 1000 || bag.Rounds2 > 1000 {
			return
		}
		if _, err := bag.Unlock(t.Context(), "x"); err != nil && !errors.Is(err, ErrWrongPassword) {
			t.Fatal(err)
		}
	})
}

// BenchmarkDerive compares one derivation with that of the standard library.
func BenchmarkDerive(b *testing.B) {
	const rounds = 100_000
	secret, salt := []byte(password), make([]byte, 20)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			if _, err := pbkdf2(b.Context(), sha256.New, secret, salt, rounds); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdpbkdf2.Key(sha256.New, password, salt, rounds, 32); err != nil {
				b.Fatal(err)
			}
		}
	})
}
