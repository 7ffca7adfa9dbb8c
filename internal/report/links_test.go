package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/link"
)

// linked is a graph with a hostile value, somebody without a name, and more than
// a picture holds.
func linked() *link.Graph {
	at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	c := link.Cluster{ID: "L-0123456789ab", First: at, Last: at.AddDate(0, 0, 3), More: 2}
	for i := range 16 {
		m := link.Member{ID: fmt.Sprintf("P-%02d", i), Case: "C-1", Name: fmt.Sprintf("heron %d", i)}
		if i == 3 {
			m.Name = ""
		}
		c.People = append(c.People, m)
	}
	c.Values = []link.Value{
		{Kind: link.Indicator, Value: "domain evil.example", Weight: 0.9, People: []string{"P-00", "P-03", "P-15"}, First: at, Last: at},
		{Kind: link.Host, Value: "<script>alert(1)</script>\u202e.example", Weight: 0.2, People: []string{"P-00", "P-01"}},
		{Kind: link.Theme, Value: "bank example", Weight: 0.1, People: []string{"P-00", "P-01"}, First: at, Last: at},
	}
	return &link.Graph{People: 20, Clusters: []link.Cluster{c}}
}

func TestLinksPage(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Links(&b, linked(), LinksOptions{Lang: "es", Made: "2026-05-01T12:00:00.000000Z", NoConsent: 2}); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "</style>") // which all pages share
	golden(t, "links.html", body)
	for _, bad := range []string{"<script", "\u202e", "http://", "https://"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	var again bytes.Buffer
	if err := Links(&again, linked(), LinksOptions{Lang: "es", Made: "2026-05-01T12:00:00.000000Z", NoConsent: 2}); err != nil || again.String() != b.String() {
		t.Error("made twice, the page differs", err)
	}
}

// TestLinksPictureIsWhole reads each picture as XML, and looks for lines that
// lead nowhere.
func TestLinksPictureIsWhole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Links(&b, linked(), LinksOptions{Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, part := range strings.SplitAfter(b.String(), "</svg>") {
		i := strings.Index(part, "<svg")
		if i < 0 {
			continue
		}
		n++
		dec := xml.NewDecoder(strings.NewReader(part[i:]))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(part[i:], "<circle"); got != maxPictured {
			t.Errorf("%d people in the picture", got)
		}
		if got := strings.Count(part[i:], "<line"); got != 6 { // P-15 is not in the picture
			t.Errorf("%d lines in the picture", got)
		}
	}
	if n != 2 {
		t.Errorf("%d pictures", n)
	}
}

func TestNoLinks(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Links(&b, &link.Graph{}, LinksOptions{Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Nothing ties these people together.") {
		t.Error(b.String())
	}
}
