package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// asset is a file that pages load. Its address names its content.
type asset struct {
	content []byte
	packed  []byte // content by gzip, nil where it is not sent so
	kind    string
	tag     string // entity tag, without its quotation marks
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// loadAssets gives each file an address that names its content, so that a
// browser keeps it and yet never has an old one. They are packed once, here.
func (p *pages) loadAssets() error {
	list, err := staticFiles.ReadDir("static")
	if err != nil {
		return err
	}
	for _, e := range list {
		data, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return err
		}
		p.addAsset(e.Name(), asset{content: data, packed: pack(data), kind: kinds[path.Ext(e.Name())]})
	}
	return nil
}

// addAsset files an asset under its address.
func (p *pages) addAsset(name string, a asset) {
	sum := sha256.Sum256(a.content)
	a.tag = hex.EncodeToString(sum[:8])
	at := "/static/" + a.tag + "/" + name
	p.assets[name] = at
	p.byPath[at] = a
}

// pack compresses what becomes smaller by it.
func pack(data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(data); err != nil || w.Close() != nil || b.Len() >= len(data) {
		return nil
	}
	return b.Bytes()
}

func (q *request) static() error {
	a, ok := q.s.pages.byPath[q.r.URL.Path]
	if !ok {
		q.refuse(http.StatusNotFound, "web.error.not_found")
		return nil
	}
	h := q.w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	data, tag := a.content, a.tag
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if accepts(q.r, "gzip") {
			h.Set("Content-Encoding", "gzip")
			data, tag = a.packed, a.tag+"-gzip"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	for _, had := range strings.Split(q.r.Header.Get("If-None-Match"), ",") {
		if had = strings.TrimPrefix(strings.TrimSpace(had), "W/"); had == "*" || had == `"`+tag+`"` {
			h.Del("Content-Encoding")
			h.Del("Content-Type")
			q.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	_, err := q.w.Write(data)
	return err
}
