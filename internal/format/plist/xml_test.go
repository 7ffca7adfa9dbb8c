package plist

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

const header = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`

func TestXMLScalars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, xml string
		want      any // an error for one that is Invalid
	}{
		{"text", "<string>a b</string>", "a b"},
		{"empty_text", "<string/>", ""},
		{"references", "<string>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;</string>", `<>&"'A😀`},
		{"cdata", "<string>a<![CDATA[<&amp;>]]>&lt;</string>", "a<&amp;><"},
		{"comment_in_text", "<string>a<!-- <b> -->c</string>", "ac"},
		{"control_character", "<string>a\x01b</string>", "a\x01b"},
		{"not_utf8", "<string>a\xffb</string>", "a\ufffdb"},
		{"unknown_reference", "<string>&nbsp;</string>", limit.ErrCorrupt},
		{"open_reference", "<string>a&b</string>", limit.ErrCorrupt},
		{"reference_to_half_a_character", "<string>&#xD800;</string>", limit.ErrCorrupt},
		{"integer", "<integer> 42 </integer>", int64(42)},
		{"negative", "<integer>-9223372036854775808</integer>", int64(math.MinInt64)},
		{"plus", "<integer>+1</integer>", int64(1)},
		{"unsigned", "<integer>18446744073709551615</integer>", uint64(math.MaxUint64)},
		{"hexadecimal", "<integer>-0xFf</integer>", int64(-255)},
		{"leading_zero_is_decimal", "<integer>010</integer>", int64(10)},
		{"integer_too_large", "<integer>18446744073709551616</integer>", limit.ErrCorrupt},
		{"integer_of_words", "<integer>many</integer>", limit.ErrCorrupt},
		{"integer_with_two_signs", "<integer>-+1</integer>", limit.ErrCorrupt},
		{"no_integer", "<integer/>", limit.ErrCorrupt},
		{"real", "<real>-1.5e3</real>", -1500.0},
		{"infinity", "<real>+infinity</real>", "+Inf"},
		{"no_real", "<real></real>", limit.ErrCorrupt},
		{"date", "<date>2021-02-03T04:05:06Z</date>", time.Date(2021, 2, 3, 4, 5, 6, 0, time.UTC)},
		{"no_date", "<date>yesterday</date>", limit.ErrCorrupt},
		{"data", "<data>\n\tAQ ID\n\tBA==\n</data>", []byte{1, 2, 3, 4}},
		{"data_without_padding", "<data>AQIDBA</data>", []byte{1, 2, 3, 4}},
		{"no_base64", "<data>*</data>", limit.ErrCorrupt},
		{"true", "<true/>", true},
		{"false", "<false></false>", false},
		{"attributes", `<string a=">" b="c">x</string >`, "x"},
		{"uid", "<dict><key>CF$UID</key><integer>7</integer></dict>", uint64(7)},
		{"no_uid", "<dict><key>CF$UID</key><integer>-7</integer></dict>", map[string]any{"CF$UID": int64(-7)}},
		{"first_of_two_keys", "<dict><key>a</key><true/><key>a</key><false/></dict>", map[string]any{"a": true}},
		{"empty_key", "<dict><key/><dict/></dict>", map[string]any{"": map[string]any{}}},
		{"empty_array", "<array></array>", []any{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, doc := range []string{tt.xml, header + "<plist version=\"1.0\">\n" + tt.xml + "\n<!-- -->\n</plist>\n"} {
				v, err := Parse([]byte(doc))
				if err != nil {
					t.Fatal(err)
				}
				got, err := Any(v, DefaultLimits)
				if want, ok := tt.want.(error); ok {
					if !errors.Is(err, want) || v.Kind() != Invalid || !errors.Is(v.Err(), want) {
						t.Errorf("got %v, a %v with %v", err, v.Kind(), v.Err())
					}
					noValue(t, v)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestXMLTree(t *testing.T) {
	t.Parallel()
	doc := "\xef\xbb\xbf" + header + "<plist><dict><key>a&amp;</key><array><integer>1</integer><array/><integer>x</integer></array><key>b</key><string>é</string></dict></plist>"
	v := must(Parse([]byte(doc)))
	var keys []string
	for k, e := range v.All() {
		keys = append(keys, k)
		if e.Offset() != -1 {
			t.Errorf("%s lies at %d", k, e.Offset())
		}
	}
	if diff := cmp.Diff([]string{"a&", "b"}, keys); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a := v.Get("a&")
	if n, ok := a.At(0).Int(); !ok || n != 1 || a.Len() != 3 || a.At(1).Kind() != Array || a.At(3).Kind() != Invalid {
		t.Errorf("array of %d, first %d", a.Len(), n)
	}
	if err := a.At(2).Err(); !strings.Contains(fmt.Sprint(err), fmt.Sprintf("at byte %d: ", strings.Index(doc, "<integer>x"))) {
		t.Errorf("got %v", err)
	}
	if !v.Key(1).Is("b") || v.Key(2).Kind() != Invalid || !v.At(1).Is("é") || string(v.At(1).ASCII()) != "é" {
		t.Error("keys or values by number")
	}
	count := 0
	for range a.Items() {
		count++
	}
	if count != 3 {
		t.Errorf("%d items", count)
	}
}

// TestXMLThatIsCutGivesWhatItHas cuts a list at each byte.
func TestXMLThatIsCutGivesWhatItHas(t *testing.T) {
	t.Parallel()
	doc := header + "<plist><dict><key>a</key><array><integer>1</integer><integer>2</integer></array><key>b</key><true/></dict></plist>"
	most := 0
	for n := range len(doc) - 1 {
		v, err := Parse([]byte(doc[:n]))
		if !errors.Is(err, limit.ErrCorrupt) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if _, err := Any(v, DefaultLimits); v.Kind() != Invalid && err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if have := v.Len() + v.Get("a").Len(); have < most {
			t.Errorf("%d bytes have %d elements, fewer bytes %d", n, have, most)
		} else {
			most = have
		}
	}
	if most != 4 {
		t.Errorf("%d elements in the end", most)
	}
}

func TestUTF16XML(t *testing.T) {
	t.Parallel()
	text := `<?xml version="1.0" encoding="UTF-16"?><plist version="1.0"><dict><key>ñ</key><integer>-3</integer><key>s</key><string>😀</string></dict></plist>`
	var big []byte
	for _, r := range strings.ReplaceAll(text, "😀", "\ufffe\uffff") {
		switch r {
		case 0xfffe:
			r = 0xd83d
		case 0xffff:
			r = 0xde00
		}
		big = append(big, byte(r>>8), byte(r))
	}
	little := make([]byte, len(big))
	for i := 0; i < len(big); i += 2 {
		little[i], little[i+1] = big[i+1], big[i]
	}
	for _, data := range [][]byte{big, little, append([]byte{0xfe, 0xff}, big...), append([]byte{0xff, 0xfe}, little...)} {
		v := must(Parse(data))
		if i, ok := v.Get("ñ").Int(); !ok || i != -3 || v.Get("ñ").Offset() != -1 {
			t.Errorf("got %d, %v at %d", i, ok, v.Get("ñ").Offset())
		}
		if s, ok := v.Get("s").Str(); !ok || s != "😀" {
			t.Errorf("got %q, %v", s, ok)
		}
	}
}
