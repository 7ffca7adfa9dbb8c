package ios

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
)

func TestAppendSummary(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		parts []string
		want  string
	}{
		{"plain", []string{"a", " b"}, "a b"},
		{"flattened", []string{"  a\n\t b", "\u2028", "c \x00"}, "a b c"},
		{"empty", nil, ""},
		{"exact", []string{strings.Repeat("ñ", summaryRunes)}, strings.Repeat("ñ", summaryRunes)},
		{"cut", []string{strings.Repeat("ñ", summaryRunes), "x"}, strings.Repeat("ñ", summaryRunes-1) + "…"},
		{"cut_at_blank", []string{strings.Repeat("a", summaryRunes-1), " b"}, strings.Repeat("a", summaryRunes-1) + "…"},
		{"invalid", []string{"a\xffb"}, "a\ufffdb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := string(appendSummary([]byte("x:"), c.parts...))
			if got != "x:"+c.want || utf8.RuneCountInString(got)-2 > summaryRunes {
				t.Errorf("got %q, want %q", got, "x:"+c.want)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		kind  artifact.ObservableType
		value string
	}{
		{"+525555550101", artifact.Phone, "+525555550101"},
		{"tel:(919) 888-7386", artifact.Phone, "(919) 888-7386"},
		{"P:+525555550101", artifact.Phone, "+525555550101"},
		{"E:owner@example.com", artifact.Email, "owner@example.com"},
		{"mailto:a@example.org", artifact.Email, "a@example.org"},
		{"26262", artifact.Phone, "26262"},
		{"BANCO", "", ""},
		{"42", "", ""},
		{"@", "", ""},
		{"a@", "", ""},
		{"", "", ""},
		{"1-800-MY-APPLE", "", ""},
		{"+52+55", "", ""},
	} {
		if kind, value := address(c.in); kind != c.kind || value != c.value {
			t.Errorf("address(%q) = %s %q", c.in, kind, value)
		}
	}
}

func TestDevicePath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"~/Library/SMS/a":                "/private/var/mobile/Library/SMS/a",
		"/var/mobile/Library/SMS/a":      "/private/var/mobile/Library/SMS/a",
		"/var/tmp/x-1":                   "/private/var/tmp/x-1",
		"/tmp/x":                         "/private/var/tmp/x",
		"file:///var/mobile/a":           "/private/var/mobile/a",
		"/private/var/mobile/a":          "/private/var/mobile/a",
		"Media/120363@g.us/a/report.pdf": "Media/120363@g.us/a/report.pdf",
		"":                               "",
	} {
		if got := devicePath(in); got != want {
			t.Errorf("devicePath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	var p pairs
	for _, e := range []pair{{5, 1}, {2, 2}, {5, 3}, {-1, 4}, {9, 5}, {5, 6}} {
		p.add(e.from, e.to)
	}
	p.sort()
	// In rising order as a scan asks, then back, then what is not there.
	for _, c := range []struct {
		id   int64
		want []pair
	}{
		{-1, []pair{{-1, 4}}},
		{2, []pair{{2, 2}}},
		{5, []pair{{5, 1}, {5, 3}, {5, 6}}},
		{5, []pair{{5, 1}, {5, 3}, {5, 6}}},
		{9, []pair{{9, 5}}},
		{2, []pair{{2, 2}}},
		{3, nil},
		{10, nil},
		{-2, nil},
	} {
		if got := p.find(c.id); !cmp.Equal(append([]pair(nil), got...), c.want, cmp.AllowUnexported(pair{})) {
			t.Errorf("find(%d) = %v, want %v", c.id, got, c.want)
		}
	}
}

func TestSideKeepsValues(t *testing.T) {
	t.Parallel()
	values := []artifact.Value{
		artifact.IntValue(-3), artifact.FloatValue(1.5), artifact.TextValue("ñ"), artifact.BytesValue([]byte{0, 1}), {},
	}
	var s side
	s.add(7, values...)
	s.add(3, artifact.TextValue(""), artifact.Value{}, artifact.Value{}, artifact.Value{}, artifact.IntValue(1))
	s.sort()
	got := make([]artifact.Value, len(values))
	if !s.first(7, got) || !cmp.Equal(got, values, cmp.AllowUnexported(artifact.Value{})) {
		t.Errorf("got %v, want %v", got, values)
	}
	if s.first(8, got) || got[0].Kind() != artifact.Null {
		t.Error("a row that is not there has values")
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	d := newDirectory()
	d.pair("100000000000001@lid", "5215555550101")
	d.pairChat("100000000000002@lid", "5215555550102@s.whatsapp.net")
	d.call("5215555550101@s.whatsapp.net", "Ana")
	for id, want := range map[string]string{
		"100000000000001@lid":             "+5215555550101",
		"100000000000001:3@lid":           "+5215555550101",
		"100000000000002@lid":             "+5215555550102",
		"5215555550103:12@s.whatsapp.net": "+5215555550103",
		"+5215555550104":                  "+5215555550104",
		"120363012345678901@g.us":         "",
		"status@broadcast":                "",
		"0@s.whatsapp.net":                "",
		"100000000000009@lid":             "",
		"5215555550104":                   "",
		"":                                "",
	} {
		if got := d.phone(id); got != want {
			t.Errorf("phone(%q) = %q, want %q", id, got, want)
		}
	}
	if d.name("100000000000001@lid") != "Ana" || d.name("+5215555550101") != "Ana" || d.name("5215555550101@g.us") != "" {
		t.Error("names are not found by every form of an identity")
	}
}
