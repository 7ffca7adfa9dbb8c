package inbox

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/limit"
)

// Limits of an e-mail: parts within parts can be made without end.
const (
	maxDepth = 10
	maxParts = 500
)

// A mailReader takes texts and links out of the parts of an e-mail.
type mailReader struct {
	plain, html strings.Builder
	links       []string
	parts       int
	left        int64 // bytes of text that may still be read
	faults      []error
}

func openMail(r io.Reader) (*Inbox, error) {
	msg, err := mail.ReadMessage(io.LimitReader(r, maxWhole))
	if err != nil {
		return nil, fmt.Errorf("%w: no e-mail: %w", limit.ErrCorrupt, err)
	}
	m := &mailReader{left: maxWhole}
	m.part(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body, 0)
	item := m.item(msg.Header)
	return &Inbox{Format: EML, messages: func(yield func(*Item, error) bool) {
		for _, err := range m.faults {
			if !yield(nil, &Problem{"body", err}) {
				return
			}
		}
		yield(item, nil)
	}}, nil
}

func (m *mailReader) item(h mail.Header) *Item {
	item := new(Item)
	words := &mime.WordDecoder{CharsetReader: charset}
	subject, err := words.DecodeHeader(h.Get("Subject"))
	if err != nil {
		subject = h.Get("Subject")
	}
	body := m.plain.String()
	if strings.TrimSpace(body) == "" {
		body = m.html.String()
	}
	item.Text = strings.TrimSpace(subject + "\n" + body)
	parser := mail.AddressParser{WordDecoder: words}
	if from, err := parser.Parse(h.Get("From")); err == nil {
		item.Sender, item.SenderName = from.Address, from.Name
	} else {
		item.SenderName = h.Get("From")
	}
	item.Device = firstAddress(parser, h.Get("Delivered-To"), h.Get("To"))
	if at, err := h.Date(); err == nil {
		item.Time = at.UTC()
	}
	for _, l := range links.Scan(subject+"\n"+m.plain.String(), nil) {
		m.addLink(l.URL)
	}
	item.Links = m.links
	return item
}

func firstAddress(p mail.AddressParser, headers ...string) string {
	for _, h := range headers {
		if list, err := p.ParseList(h); err == nil && len(list) > 0 {
			return list[0].Address
		}
	}
	return ""
}

// maxLinks bounds the links that are kept of one e-mail.
const maxLinks = 256

func (m *mailReader) addLink(url string) {
	for _, have := range m.links {
		if have == url {
			return
		}
	}
	if len(m.links) < maxLinks {
		m.links = append(m.links, url)
	}
}

func (m *mailReader) fault(err error) {
	if len(m.faults) < 20 {
		m.faults = append(m.faults, err)
	}
}

// part reads one part of an e-mail, and those within it.
func (m *mailReader) part(contentType, encoding string, body io.Reader, depth int) {
	if m.parts++; m.parts > maxParts || depth > maxDepth {
		m.fault(fmt.Errorf("%w: parts within parts", limit.ErrLimit))
		return
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		m.multipart(body, params["boundary"], depth)
	case kind == "message/rfc822":
		if inner, err := mail.ReadMessage(decoded(encoding, body)); err == nil {
			m.part(inner.Header.Get("Content-Type"), inner.Header.Get("Content-Transfer-Encoding"), inner.Body, depth+1)
		}
	case kind == "text/plain", kind == "text/html":
		m.text(kind, params["charset"], decoded(encoding, body))
	}
}

func (m *mailReader) multipart(body io.Reader, boundary string, depth int) {
	if boundary == "" {
		m.fault(fmt.Errorf("%w: parts without a boundary", limit.ErrCorrupt))
		return
	}
	for r := multipart.NewReader(body, boundary); m.parts <= maxParts; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			m.fault(fmt.Errorf("%w: %w", limit.ErrCorrupt, err))
			return
		}
		m.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// charset decodes the character sets that the web knows.
func charset(name string, r io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("%w: character set %q", limit.ErrUnsupported, name)
	}
	return e.NewDecoder().Reader(r), nil
}

func (m *mailReader) text(kind, set string, r io.Reader) {
	if set != "" {
		if d, err := charset(set, r); err == nil {
			r = d
		}
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, m.left))
	m.left -= n
	if err != nil {
		m.fault(fmt.Errorf("%w: text of a part: %w", limit.ErrCorrupt, err))
	}
	if kind == "text/html" {
		m.web(b.Bytes())
		return
	}
	m.plain.WriteString(strings.ToValidUTF8(b.String(), "\ufffd"))
}

// web takes text and links out of HTML. Nothing of it is run or loaded.
func (m *mailReader) web(page []byte) {
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(limit.MiB)
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if skip == 0 {
				m.html.WriteString(strings.ToValidUTF8(string(z.Text()), "\ufffd"))
				m.html.WriteByte(' ')
			}
		case html.StartTagToken:
			name, more := z.TagName()
			switch string(name) {
			case "script", "style":
				skip++
			case "a", "area":
				m.hrefs(z, more)
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); skip > 0 && (string(name) == "script" || string(name) == "style") {
				skip--
			}
		}
	}
}

func (m *mailReader) hrefs(z *html.Tokenizer, more bool) {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		url := string(value)
		if string(key) == "href" && (strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://")) {
			m.addLink(url)
		}
	}
}
