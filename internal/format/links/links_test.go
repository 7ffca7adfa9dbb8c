package links

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func full(text string) Link          { return Link{Text: text, URL: text, Kind: Full} }
func bare(text string) Link          { return Link{Text: text, URL: "http://" + text, Kind: NoScheme} }
func defanged(text, url string) Link { return Link{Text: text, URL: url, Kind: Defanged} }

func TestScan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []Link
	}{
		{"empty", "", nil},
		{"prose", "Hola, ¿cómo estás? Llego a las 10:30. Nos vemos... [ok] (sí)", nil},
		{"sentence", "mira https://Evil.com/x?a=1. Adiós", []Link{full("https://Evil.com/x?a=1")}},
		{"upper_case", "HTTP://EVIL.COM/A", []Link{full("HTTP://EVIL.COM/A")}},
		{"question", "¿viste http://a.com/b?", []Link{full("http://a.com/b")}},
		{"in_brackets", "(ver http://a.com/b)c", []Link{full("http://a.com/b")}},
		{"markdown", "[x](http://a.com/x_(y))", []Link{full("http://a.com/x_(y)")}},
		{"bold", "*http://a.com/x* _http://a.com/y_ http://a.com/z_", []Link{full("http://a.com/x"), full("http://a.com/y"), full("http://a.com/z_")}},
		{"apostrophes", "'http://a/x','http://b/y'", []Link{full("http://a/x"), full("http://b/y")}},
		{"guillemets", "«http://a.com/x» “http://b.com/y”", []Link{full("http://a.com/x"), full("http://b.com/y")}},
		{"angles", `<http://a.com/x> <a href="http://b.com/y">`, []Link{full("http://a.com/x"), full("http://b.com/y")}},
		{"ellipsis", "http://a.com/x… http://b.com/y...", []Link{full("http://a.com/x"), full("http://b.com/y")}},
		{"commas", "http://a.com,http://b.com;http://c.com", []Link{full("http://a.com"), full("http://b.com"), full("http://c.com")}},
		{"glued_word", "aquíhttp://x.com", []Link{full("http://x.com")}},
		{"other_scheme", "itms-services://?action=x&url=https://e.com/m.plist", []Link{full("itms-services://?action=x&url=https://e.com/m.plist")}},
		{"no_host", "http:// http://. http:/// https://?x", nil},
		{"user_and_port", "http://user:p@ss@evil.com:8080/", []Link{full("http://user:p@ss@evil.com:8080/")}},
		{"addresses", "http://1.2.3.4:8080/x http://[2001:db8::1]:80/x", []Link{full("http://1.2.3.4:8080/x"), full("http://[2001:db8::1]:80/x")}},
		{"single_label", "http://localhost/", []Link{full("http://localhost/")}},
		{"international", "http://ñandú.mx/ó", []Link{full("http://ñandú.mx/ó")}},
		{"picture_behind", "http://a.com/x👉 http://b.com👍", []Link{full("http://a.com/x"), full("http://b.com")}},
		{"chinese_around", "请点击bit.ly/abc 或http://a.com查看。", []Link{bare("bit.ly/abc"), full("http://a.com")}},
		{"marks_around", "\u2068https://evil.com/a\u2069", []Link{full("https://evil.com/a")}},
		{"marks_inside", "https://ev\u200bil.com/", []Link{{Text: "https://ev\u200bil.com/", URL: "https://evil.com/", Kind: Full}}},
		{"marks_inside_bare", "ev\u200bil.com/a", []Link{{Text: "ev\u200bil.com/a", URL: "http://evil.com/a", Kind: NoScheme}}},
		{"invalid_utf8", "http://a.com/\xff http://b\xff.com/x", []Link{full("http://a.com/"), full("http://b")}},

		{"bare_path", "bit.ly/abc!", []Link{bare("bit.ly/abc")}},
		{"bare_www", "www.x.mx, hola", []Link{bare("www.x.mx")}},
		{"bare_domain", "entra a example.com y unonoticias.net.", []Link{bare("example.com"), bare("unonoticias.net")}},
		{"bare_port", "example.com:8080/x", []Link{bare("example.com:8080/x")}},
		{"bare_time", "example.com: 10", []Link{bare("example.com")}},
		{"bare_behind_dots", "mira...bit.ly/x", []Link{bare("bit.ly/x")}},
		{"bare_punycode", "xn--nand-6pa.mx/x", []Link{bare("xn--nand-6pa.mx/x")}},
		{"bare_international", "ñandú.mx/x", []Link{bare("ñandú.mx/x")}},
		{"bare_relative", "//x.org/a", []Link{bare("x.org/a")}},
		{"bare_address", "1.2.3.4:80/a 1.2.3.4/b 10.0.0.0/8 1.2.3.4", []Link{bare("1.2.3.4:80/a"), bare("1.2.3.4/b")}},
		{"bare_alone_in_line", "mira\n amazon.es \nya", []Link{bare("amazon.es")}},
		{"bare_word_with_hyphen", "ver sitio-malo.me ok", []Link{bare("sitio-malo.me")}},
		{"low_line_and_hyphen", "http://evil.com_ evil.com- _evil.com_", []Link{full("http://evil.com"), bare("evil.com"), bare("evil.com")}},
		{"missing_space", "fin.De hola.me dijo ok.no es.la", nil},
		{"abbreviations", "e.g. p.ej. S.A. EE.UU. a.m. i.e. Ph.D", nil},
		{"versions", "iOS 17.4.1 y 10.15", nil},
		{"files", "report.pdf main.go clip.mov x.zip README.md", nil},
		{"file_alone", "clip.mov", nil},
		{"program", "com.apple.news org.telegram.messenger", nil},
		{"code", "os.name() spring.datasource.name=x", nil},
		{"paths", "docs/evil.com C:\\evil.com ./evil.com", nil},
		{"mail", "juan.perez@gmail.com, a+b.mx@evil.com/x juan.mx+2@x.org", nil},
		{"suffixes", "com.mx co.uk", nil},

		{"hxxp", "hxxps://evil[.]com/a[.]php hXXp://b.com", []Link{
			defanged("hxxps://evil[.]com/a[.]php", "https://evil.com/a.php"), defanged("hXXp://b.com", "http://b.com"),
		}},
		{"dots", "evil[.]com evil(dot)com evil{.}com a[dot]evil[DOT]com/x", []Link{
			defanged("evil[.]com", "http://evil.com"), defanged("evil(dot)com", "http://evil.com"),
			defanged("evil{.}com", "http://evil.com"), defanged("a[dot]evil[DOT]com/x", "http://a.evil.com/x"),
		}},
		{"separators", "hxxp[:]//a.com/x http[://]a.com h**p://a.com", []Link{
			defanged("hxxp[:]//a.com/x", "http://a.com/x"), defanged("http[://]a.com", "http://a.com"), defanged("h**p://a.com", "http://a.com"),
		}},
		{"defanged_address", "1.2.3[.]4 hxxp://1.2.3[.]4/x", []Link{
			defanged("1.2.3[.]4", "http://1.2.3.4"), defanged("hxxp://1.2.3[.]4/x", "http://1.2.3.4/x"),
		}},
		{"defanged_mail", "user[@]evil[.]com user@evil[.]com", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Scan(tt.text, nil)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Link{}, "Start", "End")); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tt.text, diff)
			}
			check(t, tt.text, got)
			if diff := cmp.Diff(got, ScanBytes([]byte(tt.text), nil)); diff != "" {
				t.Errorf("bytes (-text +bytes):\n%s", diff)
			}
		})
	}
}

// check holds the links of text to what is always so.
func check(t *testing.T, text string, links []Link) {
	t.Helper()
	end := 0
	for _, l := range links {
		if l.Start < end || l.End <= l.Start || l.End > len(text) || text[l.Start:l.End] != l.Text {
			t.Fatalf("%q: link %+v is not in the text behind %d", text, l, end)
		}
		end = l.End
		if len(l.Text) > MaxLen {
			t.Errorf("a link of %d bytes", len(l.Text))
		}
		if !strings.Contains(l.URL, "://") {
			t.Errorf("%q: URL %q has no scheme", l.Text, l.URL)
		}
		again := Scan(l.Text, nil)
		if len(again) != 1 || again[0].Text != l.Text || again[0].URL != l.URL {
			t.Errorf("%q in %q: alone it gives %+v", l.Text, text, again)
		}
		if whole := Scan(l.URL, nil); l.Kind != Full && strings.HasPrefix(l.URL, "http") && len(l.URL) < MaxLen && (len(whole) == 0 || !strings.HasPrefix(l.URL, whole[0].URL)) {
			t.Errorf("%q: its URL %q gives %+v", l.Text, l.URL, whole)
		}
	}
}

func TestLongLinks(t *testing.T) {
	t.Parallel()
	text := "http://a.com/" + strings.Repeat("x", 1<<20) + " http://b.com/"
	got := Scan(text, nil)
	if len(got) != 2 || len(got[0].Text) != MaxLen || got[1].Text != "http://b.com/" {
		t.Fatalf("%d links, the first of %d bytes", len(got), len(got[0].Text))
	}
	check(t, text, got)
}

// TestTimeIsLinear scans long texts that make a naive scanner go back
// and forth. Quadratic work would take minutes.
func TestTimeIsLinear(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{
		"a.", ".", "a.com/", "a.zz/", "http://", "://", "a:", "[.]", "a[.]", "(dot)", "a@", "a.b@", "http://a@", "http://a:", "[", "(",
		"a.me ", "a.me\u200b", "\u200b", "a\u200b.", "http://a.com(", "a.com(((", "h[:]//", "查a.com", "查.", "a%", "http://a%2e", "-.-", "'http://a", "a.me   ", "1.1.1.1",
	} {
		Scan(strings.Repeat(unit, (256<<10)/len(unit)), nil)
		Scan("x "+strings.Repeat(unit, 1<<14), nil)
	}
}

func TestNothingFoundCostsNoMemory(t *testing.T) {
	text := strings.Repeat("Llego a las 10:30. Nos vemos (creo). Dijo: ok... mañana [sí] {a}, http: nada\n", 10)
	bytes := []byte(text)
	if n := testing.AllocsPerRun(100, func() { Scan(text, nil) }); n != 0 {
		t.Errorf("Scan: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { ScanBytes(bytes, nil) }); n != 0 {
		t.Errorf("ScanBytes: %v allocations", n)
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{
		"mira https://Evil.com/x?a=1. (http://a.com/b)c", "hxxp[:]//1.2.3[.]4/x evil(dot)com", "bit.ly/abc查看 http://ñandú.mx/",
		"\u2068https://ev\u200bil.com/\u2069", "a.b@c.com/x http://u:p@h:1/..", "'http://a/x','b.com/y'", "http://[::1]:80/%2e", "www.a\xff.com",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text, Scan(text, nil)) })
}
