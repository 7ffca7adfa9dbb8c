package client

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/workspace"
)

// maxProof bounds a proof in bytes.
const maxProof = 1 << 20

// act is an entry of the ledger as the API has it.
type act struct {
	N      int64  `json:"n"`
	Entry  string `json:"entry"`
	Salt   []byte `json:"salt"`
	Detail string `json:"detail"`
}

// Acts lists entries of the ledger about a subject.
func (c *Client) Acts(ctx context.Context, subject string, p workspace.Page) (workspace.List[workspace.Act], error) {
	l, err := list[act](ctx, c, "/ledger", values("subject", subject), p)
	out := workspace.List[workspace.Act]{Items: []workspace.Act{}, Next: l.Next}
	for _, a := range l.Items {
		out.Items = append(out.Items, workspace.Act{N: a.N, Entry: a.Entry, Opening: ledger.Opening{Salt: a.Salt, Detail: a.Detail}})
	}
	return out, err
}

// Checkpoint signs the ledger as it is.
func (c *Client) Checkpoint(ctx context.Context) (signed []byte, n int64, err error) {
	var out struct {
		Checkpoint string `json:"checkpoint"`
		Size       int64  `json:"size"`
	}
	err = c.post(ctx, "/ledger/checkpoint", nil, &out)
	return []byte(out.Checkpoint), out.Size, err
}

// Prove returns the proof that an entry is in the ledger as it is: the size and
// the checkpoint that are asked for are the server's.
func (c *Client) Prove(ctx context.Context, i, _ int64, _ []byte, open bool) (proof []byte, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: "/ledger/proofs/" + strconv.FormatInt(i, 10), query: values("open", yes(open)), again: true},
		func(r io.Reader, _ string) error {
			proof, err = io.ReadAll(io.LimitReader(r, maxProof+1)) //nolint:forbidigo // bounded
			if err == nil && len(proof) > maxProof {
				err = fmt.Errorf("%w: a proof of more than %d bytes", ErrAnswer, maxProof)
			}
			return err
		})
	return proof, err
}

// Bounds of an archive that a server sends.
const (
	maxUnpacked  = 1 << 40 // bytes
	maxUnpackedN = 2_000_000
)

// Exhibit has the server take an exhibit out of a case, and writes the bag to a
// folder, which is there and empty. What may be in r the API says of
// make-exhibit.
func (c *Client) Exhibit(ctx context.Context, caseID string, r map[string]any, dir string) error {
	r["pack"] = "tar"
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	q := call{method: http.MethodPost, path: "/cases/" + part(caseID) + "/exhibits", kind: "application/json", body: bytesOf(data), slow: true}
	return c.unpackOf(ctx, q, dir, func(name string) string {
		_, below, _ := strings.Cut(name, "/") // the folder has the name of the export
		return below
	})
}

// PublishLedger writes the ledger's public files.
func (c *Client) PublishLedger(ctx context.Context, dir string, _ int64, _ []byte) error {
	return c.unpack(ctx, "/ledger/published", dir)
}

// Result writes the result folder of a check. The folder is there and empty.
func (c *Client) Result(ctx context.Context, run, dir string) error {
	return c.unpack(ctx, "/runs/"+part(run)+"/result", dir)
}

// Report writes a report of a check.
func (c *Client) Report(ctx context.Context, run, format string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/runs/" + part(run) + "/report/" + part(format)}, func(r io.Reader, _ string) error {
		_, err := io.Copy(w, io.LimitReader(r, maxUnpacked))
		return err
	})
}

// unpack writes the files of an archive below a folder, and none elsewhere.
func (c *Client) unpack(ctx context.Context, from, dir string) error {
	return c.unpackOf(ctx, call{method: http.MethodGet, path: from}, dir, func(name string) string { return name })
}

// unpackOf is unpack of the answer to a call. as says what a file is called here.
func (c *Client) unpackOf(ctx context.Context, q call, dir string, as func(string) string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return c.do(ctx, q, func(r io.Reader, kind string) error {
		if kind != "application/x-tar" {
			return ErrAnswer
		}
		return unpackTo(root, as, tar.NewReader(io.LimitReader(r, maxUnpacked)))
	})
}

func unpackTo(root *os.Root, as func(string) string, t *tar.Reader) error {
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrAnswer, err)
		case h.Typeflag == tar.TypeDir:
			continue
		}
		name := as(h.Name)
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(filepath.FromSlash(name)) || n > maxUnpackedN {
			return fmt.Errorf("%w: its archive holds something else than files of the folder", ErrAnswer)
		}
		if err := unpackFile(root, path.Clean(name), t); err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, r io.Reader) (err error) {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return &local{err}
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &local{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	return err
}

// Files reads the result folder of a check file by file, without writing it.
func (c *Client) Files(ctx context.Context, run string, fn func(name string, r io.Reader) error) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/runs/" + part(run) + "/result"}, func(r io.Reader, kind string) error {
		if kind != "application/x-tar" {
			return ErrAnswer
		}
		t := tar.NewReader(io.LimitReader(r, maxUnpacked))
		for n := 0; n <= maxUnpackedN; n++ {
			h, err := t.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w: %w", ErrAnswer, err)
			}
			if err := fn(h.Name, t); err != nil {
				return &local{err}
			}
		}
		return fmt.Errorf("%w: its archive has no end", ErrAnswer)
	})
}
