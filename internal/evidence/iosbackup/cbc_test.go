package iosbackup

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
)

// encrypt pads as PKCS7 has it and encrypts with a zero IV.
func encrypt(t testing.TB, key, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(out, out)
	return out
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

var testKey = bytes.Repeat([]byte{7}, 32)

// counting counts the bytes that were read.
type counting struct {
	io.ReaderAt
	n int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

func TestCBCReadAt(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{1, 15, 16, 17, 4096, chunkBytes - 1, chunkBytes, chunkBytes + 1, 5*chunkBytes + 77} {
		plain := noise(size)
		c, err := newCBC(bytes.NewReader(encrypt(t, testKey, plain)), int64(size), testKey)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.NewReader(plain)
		for range 300 {
			off := r.Int64N(int64(size) + 40)
			n := r.IntN(100)
			if r.IntN(3) == 0 {
				n = r.IntN(2*size + 10)
			}
			got, exp := make([]byte, n), make([]byte, n)
			gn, gerr := c.ReadAt(got, off)
			en, eerr := want.ReadAt(exp, off)
			if n == 0 {
				continue // readers differ in what an empty read says at the end
			}
			if gn != en || !errors.Is(gerr, eerr) || !bytes.Equal(got[:gn], exp[:en]) {
				t.Fatalf("size %d: ReadAt(%d bytes, %d): %d, %v; want %d, %v", size, n, off, gn, gerr, en, eerr)
			}
		}
	}
}

func TestCBCDecryptsOnce(t *testing.T) {
	t.Parallel()
	plain := noise(10 * chunkBytes)
	for _, buf := range []int{100, 4096, directBytes, chunkBytes} {
		under := &counting{ReaderAt: bytes.NewReader(encrypt(t, testKey, plain))}
		c, err := newCBC(under, int64(len(plain)), testKey)
		if err != nil {
			t.Fatal(err)
		}
		got := new(bytes.Buffer)
		if _, err := io.CopyBuffer(struct{ io.Writer }{got}, io.NewSectionReader(c, 0, c.size), make([]byte, buf)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), plain) {
			t.Errorf("buffer %d: content differs", buf)
		}
		if limit := int64(len(plain)) + int64(len(plain)/directBytes+1)*aes.BlockSize; under.n > limit {
			t.Errorf("buffer %d: %d bytes read of %d", buf, under.n, len(plain))
		}
	}
}

func TestCBCConcurrent(t *testing.T) {
	t.Parallel()
	plain := noise(4*chunkBytes + 5)
	c, err := newCBC(bytes.NewReader(encrypt(t, testKey, plain)), int64(len(plain)), testKey)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			buf := make([]byte, 2*directBytes)
			for range 200 {
				p := buf[:1+r.IntN(len(buf)-1)]
				off := r.Int64N(int64(len(plain) - len(p)))
				if _, err := c.ReadAt(p, off); err != nil || !bytes.Equal(p, plain[off:off+int64(len(p))]) {
					t.Errorf("ReadAt(%d, %d): %v", len(p), off, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCBCShrunk(t *testing.T) {
	t.Parallel()
	plain := noise(1000)
	c, err := newCBC(bytes.NewReader(encrypt(t, testKey, plain)[:512]), 1000, testKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReadAt(make([]byte, 16), 600); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if _, err := c.ReadAt(make([]byte, 16), -1); err == nil {
		t.Error("a negative offset is read")
	}
}

// BenchmarkCBC measures the reader against the bare cipher.
func BenchmarkCBC(b *testing.B) {
	const size = 8 << 20
	stored := encrypt(b, testKey, noise(size))
	for _, step := range []int{4 << 10, 64 << 10, 256 << 10} {
		b.Run(fmt.Sprintf("reader/%dk", step>>10), func(b *testing.B) {
			c, err := newCBC(bytes.NewReader(stored), size, testKey)
			if err != nil {
				b.Fatal(err)
			}
			p := make([]byte, step)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for off := 0; off < size; off += step {
					if _, err := c.ReadAt(p, int64(off)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	b.Run("cipher", func(b *testing.B) {
		block, err := aes.NewCipher(testKey)
		if err != nil {
			b.Fatal(err)
		}
		p := make([]byte, size)
		b.SetBytes(size)
		for b.Loop() {
			cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(p, stored[:size])
		}
	})
}
