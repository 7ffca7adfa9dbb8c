package androidfiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"filippo.io/age"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/limit"
)

// ageMagic begins a file that is encrypted with age (https://age-encryption.org/v1).
const ageMagic = "age-encryption.org/v1\n"

// ErrWrongIdentity says that the identities given open the evidence not: it
// was encrypted to others.
var ErrWrongIdentity = errors.New("no identity opens it")

// IsEncrypted reports whether a file begins as one that age encrypted.
func IsEncrypted(r io.ReaderAt) bool {
	head := make([]byte, len(ageMagic))
	n, err := r.ReadAt(head, 0)
	return (err == nil || errors.Is(err, io.EOF)) && string(head[:n]) == ageMagic
}

// OpenEncrypted opens an acquisition that AndroidQF encrypted, and takes f
// over. It is decrypted while it is read, a piece at a time, and never stored
// in clear. Its error wraps limit.ErrEncrypted without an identity,
// ErrWrongIdentity, or evidence.ErrNotEvidence where what is in it is no
// acquisition.
func OpenEncrypted(ctx context.Context, f evidence.File, stored string, o Options) (evidence.Source, error) {
	tree, err := decryptedTree(ctx, f, stored, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", stored, err)
	}
	files, ok := acquisitionIn(ctx, tree)
	if !ok {
		_ = tree.Close() // it was only read
		return nil, &evidence.NotEvidenceError{Path: stored, Reason: "what is encrypted in it is no evidence of Android"}
	}
	files.Path = o.Files.Path
	o.Files = files
	src, err := open(ctx, tree, o, 0)
	if err != nil {
		return nil, err
	}
	src.ev.Encrypted = true
	return &packed{src, &container{src: &holding{src, f}}}, nil
}

// maxIdentity bounds a file of identities.
const maxIdentity = 1 << 20

func decryptedTree(ctx context.Context, f evidence.File, stored string, o Options) (evidence.Tree, error) {
	if o.Identity == nil {
		f.Close()
		return nil, fmt.Errorf("%w with age: give the identity that opens it", limit.ErrEncrypted)
	}
	clear, size, err := decrypt(ctx, f, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	return evidence.OpenTreeIn(ctx, stored, &plain{clear, f, size})
}

func decrypt(ctx context.Context, f evidence.File, o Options) (io.ReaderAt, int64, error) {
	text, err := o.Identity(ctx)
	if err != nil {
		return nil, 0, err
	}
	identities, err := age.ParseIdentities(io.LimitReader(bytes.NewReader(text), maxIdentity))
	if err != nil {
		return nil, 0, errors.New("identity file: it holds no age identity") // the error of age may quote the key
	}
	r, size, err := age.DecryptReaderAt(f, f.Size(), identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, 0, ErrWrongIdentity
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	return r, size, nil
}

// plain is the decrypted content of a file. It implements evidence.Blob.
type plain struct {
	r    io.ReaderAt
	f    evidence.File
	size int64
}

// ReadAt implements io.ReaderAt. A read that ends where the file does is whole.
func (p *plain) ReadAt(b []byte, off int64) (int, error) {
	n, err := p.r.ReadAt(b, off)
	if n == len(b) && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Size implements evidence.Blob.
func (p *plain) Size() int64 { return p.size }

// Close implements evidence.Blob.
func (p *plain) Close() error { return p.f.Close() }

// acquisitionIn finds the evidence in a tree: at its top, or in a folder there.
func acquisitionIn(ctx context.Context, tree evidence.Tree) (iosfiles.Options, bool) {
	list := func(dir string) []evidence.TreeEntry {
		l, err := tree.ReadDir(ctx, dir)
		if err != nil {
			return nil
		}
		return l
	}
	dirs := []string{""}
	for _, e := range list("") {
		if e.Dir && len(dirs) < maxAppsSeen {
			dirs = append(dirs, e.Name)
		}
	}
	for _, dir := range dirs {
		r, ok := Recognize(Folder{
			Folder: iosfiles.Folder{Name: dir, List: list(dir), Sub: func(sub string) []evidence.TreeEntry { return list(path.Join(dir, sub)) }},
			Top:    true, Head: func(string) []byte { return nil },
		})
		if ok {
			return iosfiles.Options{Kind: r.Kind, Root: dir, Name: dir, Mounts: r.Mounts}, true
		}
	}
	return iosfiles.Options{}, false
}
