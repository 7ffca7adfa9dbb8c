package client_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// api is a server that answers as a test wants.
type api struct {
	*http.ServeMux
	asked map[string]int
}

func newAPI(t *testing.T) (*api, *httptest.Server) {
	t.Helper()
	a := &api{http.NewServeMux(), map[string]int{}}
	a.HandleFunc("GET /api/v1/workspace", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"uid": "W-1", "key": "k", "member": map[string]any{"name": "ana"}, "ledger_entries": 7})
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked[r.Method+" "+r.URL.Path]++
		if r.Header.Get("Authorization") != "Bearer secret" {
			problem(w, http.StatusUnauthorized, "unauthorized")
			return
		}
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return a, s
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "detail": "why not"})
}

func noWait(context.Context, time.Duration) error { return nil }

func dial(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(t.Context(), client.Options{URL: url, Token: "secret", Wait: noWait})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	_, s := newAPI(t)
	if c := dial(t, s.URL); c.Member().Name != "ana" || c.Info().UID != "W-1" {
		t.Errorf("%+v", c.Member())
	}
	for text, want := range map[string]error{
		"http://example.org": client.ErrAddress, "ftp://x": client.ErrAddress, "": client.ErrAddress, "https://u:p@x": client.ErrAddress,
		"https://x/path": client.ErrAddress, "https://x?q=1": client.ErrAddress, "example.org": client.ErrAddress,
	} {
		if _, err := client.New(t.Context(), client.Options{URL: text, Token: "secret"}); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, token := range []string{"", "a b", "a\nb", "ñ"} {
		if _, err := client.New(t.Context(), client.Options{URL: s.URL, Token: token}); !errors.Is(err, client.ErrToken) {
			t.Errorf("%q: %v", token, err)
		}
	}
	_, err := client.New(t.Context(), client.Options{URL: s.URL, Token: "wrong"})
	if !errors.Is(err, client.ErrRefused) || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]any{}) }))
	defer s.Close()
	if _, err := client.New(t.Context(), client.Options{URL: s.URL, Token: "secret", Wait: noWait}); err == nil {
		t.Error("a certificate of nobody is trusted")
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if _, err := client.New(t.Context(), client.Options{URL: s.URL, Token: "secret", CA: ca}); err != nil {
		t.Error(err)
	}
	if _, err := client.New(t.Context(), client.Options{URL: s.URL, Token: "secret", CA: []byte("none")}); !errors.Is(err, client.ErrAddress) {
		t.Error(err)
	}
}

// TestAgain asks again what may be asked again, under the same key.
func TestAgain(t *testing.T) {
	t.Parallel()
	a, s := newAPI(t)
	keys := map[string]bool{}
	a.HandleFunc("POST /api/v1/cases", func(w http.ResponseWriter, r *http.Request) {
		keys[r.Header.Get("Idempotency-Key")] = true
		switch a.asked["POST /api/v1/cases"] {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		case 3:
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusTooManyRequests, "too_many")
		default:
			answer(w, workspace.Case{ID: "C-1", Title: "A case"})
		}
	})
	c := dial(t, s.URL)
	k, err := c.CreateCase(t.Context(), "A case")
	if err != nil || k.ID != "C-1" || len(keys) != 1 || keys[""] {
		t.Errorf("%+v, %v, under %d keys", k, err, len(keys))
	}
	a.HandleFunc("GET /api/v1/cases/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if _, err := c.Case(t.Context(), "C-1"); !errors.Is(err, client.ErrAnswer) || a.asked["GET /api/v1/cases/C-1"] != 5 {
		t.Errorf("%v after %d attempts", err, a.asked["GET /api/v1/cases/C-1"])
	}
}

// TestHostileAnswers is told what no server of ours would say.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	a, s := newAPI(t)
	elsewhere := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere = true }))
	defer other.Close()
	for name, fn := range map[string]http.HandlerFunc{
		"html": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"json": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":`)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
					return
				}
			}
		},
		"no problem": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
		},
	} {
		a.HandleFunc("GET /api/v1/cases/C-"+strings.ReplaceAll(name, " ", "_"), fn)
	}
	c := dial(t, s.URL)
	for _, name := range []string{"html", "redirect", "json", "endless", "no_problem"} {
		if _, err := c.Case(t.Context(), "C-"+name); !errors.Is(err, client.ErrAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if elsewhere {
		t.Error("a redirect was followed")
	}
	a.HandleFunc("GET /api/v1/cases/C-1", func(w http.ResponseWriter, _ *http.Request) { problem(w, http.StatusNotFound, "not_found") })
	if _, err := c.Case(t.Context(), "C-1"); !errors.Is(err, workspace.ErrNotFound) || err.Error() != "why not" {
		t.Error(err)
	}
}

// TestHostileArchives unpacks names that lead elsewhere: nothing is written.
func TestHostileArchives(t *testing.T) {
	t.Parallel()
	a, s := newAPI(t)
	var sent tar.Header
	a.HandleFunc("GET /api/v1/runs/R-1/result", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-tar")
		t := tar.NewWriter(w)
		h := sent
		h.Mode = 0o777
		_ = t.WriteHeader(&h)
		if h.Size > 0 {
			_, _ = t.Write([]byte("x"))
		}
		_ = t.Close()
	})
	c := dial(t, s.URL)
	for name, h := range map[string]tar.Header{
		"up":       {Name: "../escape", Size: 1, Typeflag: tar.TypeReg},
		"absolute": {Name: "/tmp/escape", Size: 1, Typeflag: tar.TypeReg},
		"link":     {Name: "escape", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink},
		"hard":     {Name: "escape", Linkname: "../../x", Typeflag: tar.TypeLink},
		"device":   {Name: "escape", Typeflag: tar.TypeChar},
	} {
		dir := t.TempDir()
		sent = h
		if err := c.Result(t.Context(), "R-1", filepath.Join(dir, "out")); !errors.Is(err, client.ErrAnswer) {
			t.Errorf("%s: %v", name, err)
		}
		list, err := filepath.Glob(filepath.Join(dir, "*", "*"))
		if err != nil || len(list) > 0 {
			t.Errorf("%s: written: %v", name, list)
		}
	}
}

// store keeps uploads as a server does, and breaks connections.
type store struct {
	mu       sync.Mutex
	files    map[string][]byte // guarded by mu
	whole    map[string]int64  // guarded by mu: sizes
	requests int               // guarded by mu
	cut      int               // each nth request breaks off; 0: none
	lie      bool              // about one hash
}

func (s *store) list() (out []map[string]any) {
	for name, data := range s.files {
		f := map[string]any{"path": name, "size": s.whole[name], "offset": len(data)}
		if int64(len(data)) == s.whole[name] {
			f["sha256"] = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		out = append(out, f)
	}
	return out
}

func (s *store) breaks() bool {
	s.requests++
	return s.cut > 0 && s.requests%s.cut == 0
}

// part is how much of a part is kept when it is cut: a segment of this store.
const part = 1 << 20

func (s *store) serve(a *api) {
	locked := func(fn http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			fn(w, r)
		}
	}
	state := func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"evidence": "E-1", "files": s.list()})
	}
	a.HandleFunc("POST /api/v1/cases/C-1/uploads", locked(state))
	a.HandleFunc("GET /api/v1/uploads/E-1", locked(state))
	a.HandleFunc("POST /api/v1/uploads/E-1/files", locked(func(w http.ResponseWriter, r *http.Request) {
		t := tar.NewReader(r.Body)
		for h, err := t.Next(); err == nil; h, err = t.Next() {
			data, err := io.ReadAll(t)
			if err != nil {
				return
			}
			s.files[h.Name], s.whole[h.Name] = data, h.Size
		}
		if s.breaks() {
			panic(http.ErrAbortHandler)
		}
		if s.lie {
			for name := range s.files {
				s.files[name], s.whole[name] = []byte("other"), 5
			}
		}
		state(w, r)
	}))
	a.HandleFunc("PATCH /api/v1/uploads/E-1", locked(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("path")
		size, _ := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
		offset, _ := strconv.Atoi(r.Header.Get("Upload-Offset"))
		if offset != len(s.files[name]) {
			problem(w, http.StatusPreconditionFailed, "offset")
			return
		}
		s.whole[name] = size
		if s.breaks() {
			data, _ := io.ReadAll(io.LimitReader(r.Body, part))
			s.files[name] = append(s.files[name], data...)
			panic(http.ErrAbortHandler)
		}
		data, _ := io.ReadAll(r.Body)
		s.files[name] = append(s.files[name], data...)
		f := map[string]any{"path": name, "size": size, "offset": len(s.files[name])}
		if int64(len(s.files[name])) == size {
			f["sha256"] = fmt.Sprintf("%x", sha256.Sum256(s.files[name]))
		}
		answer(w, f)
	}))
	a.HandleFunc("POST /api/v1/uploads/E-1/done", locked(func(w http.ResponseWriter, _ *http.Request) {
		var list []vault.File
		for name, data := range s.files {
			list = append(list, vault.File{Path: name, SHA256: fmt.Sprintf("%x", sha256.Sum256(data))})
		}
		answer(w, map[string]any{"evidence": map[string]any{"id": "E-1", "manifest_sha256": vault.Sum(list)}})
	}))
}

// folder is one small file, some in folders, and one that comes in parts.
func folder(t *testing.T) (dir string, content map[string][]byte) {
	t.Helper()
	dir, content = t.TempDir(), map[string][]byte{"a": []byte("one"), "d/b": []byte("two"), "d/empty": {}, "large": make([]byte, 6<<20)}
	rand.Read(content["large"])
	for name, data := range content {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, content
}

// TestUploadIsCutAnywhere breaks each request, each second one, and so on: all
// of it arrives, and once.
func TestUploadIsCutAnywhere(t *testing.T) {
	t.Parallel()
	dir, content := folder(t)
	for _, cut := range []int{0, 2, 3, 4} {
		a, srv := newAPI(t)
		s := &store{files: map[string][]byte{}, whole: map[string]int64{}, cut: cut}
		s.serve(a)
		c := dial(t, srv.URL)
		if _, err := c.Receive(t.Context(), "C-1", "D-1", dir, nil); err != nil {
			t.Fatalf("each %d. request breaks: %v", cut, err)
		}
		if !maps.EqualFunc(s.files, content, bytes.Equal) {
			t.Errorf("each %d. request breaks: other files arrived", cut)
		}
		before := s.requests
		if _, err := c.Receive(t.Context(), "C-1", "D-1", dir, nil); err != nil || s.requests != before {
			t.Errorf("sent again: %d requests, %v", s.requests-before, err)
		}
	}
}

func TestUploadToALiar(t *testing.T) {
	t.Parallel()
	dir, _ := folder(t)
	a, srv := newAPI(t)
	s := &store{files: map[string][]byte{}, whole: map[string]int64{}, lie: true}
	s.serve(a)
	if _, err := dial(t, srv.URL).Receive(t.Context(), "C-1", "D-1", dir, nil); !errors.Is(err, vault.ErrChanged) {
		t.Error(err)
	}
}
