package lure

import (
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"
)

// TestHosts has each trick, and what must not be taken for one.
func TestHosts(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, tt := range []struct{ url, kind, trick, of string }{
		{"https://www.telcel.com/pago", Official, "", "telcel"},
		{"https://x.y.telcel.com", Official, "", "telcel"},
		{"https://www.juzgado7.gob.mx", Official, "", "mx_government"},
		{"https://mx.usembassy.gov/visas", Official, "", "us_embassy"},
		{"https://anything.navy.mil", Official, "", ""},
		{"http://telce1.com", Lookalike, byDigits, "telcel"},
		{"http://faceb00k.com", Lookalike, byDigits, "facebook"},
		{"http://facebok.com", Lookalike, byTypo, "facebook"},
		{"http://faecbook.com.mx", Lookalike, byTypo, "facebook"},
		{"http://whatsaapp.info", Lookalike, byTypo, "whatsapp"},
		{"http://xn--telegrm-qbd.com", Lookalike, byHomoglyph, "telegram"},
		{"http://tеlcеl.com", Lookalike, byHomoglyph, "telcel"},
		{"http://banarnex.com", Lookalike, byHomoglyph, "banamex"},
		{"http://face-book.com", Lookalike, byHyphen, "facebook"},
		{"http://telcel-pagos.mx", Lookalike, byAddedWord, "telcel"},
		{"http://mitelcelpagos.com", Lookalike, byAddedWord, "telcel"},
		{"http://fb-login.net", Lookalike, byAddedWord, "facebook"},
		{"http://sat-verifica.com", Lookalike, byAddedWord, "mx_sat"},
		{"http://univision.click", Lookalike, bySuffix, "univision"},
		{"http://telcel.com.gt", Lookalike, bySuffix, "telcel"},
		{"http://telcel.com.pagos.info", Lookalike, bySubdomain, "telcel"},
		{"http://sat.gob.mx.tramites.info", Lookalike, bySubdomain, "mx_sat"},
		{"http://citas.gob.mx.tramites.info", Lookalike, byGovernment, ""},
		{"http://tramites-gob-mx.com", Lookalike, byGovernment, ""},
		{"https://telcel.com@evil.example.net/x", Hidden, "", ""},
		{"https://evil.example.net/\u202emoc.leclet", Hidden, "", ""},
		{"http://example.net/1234567s/", ExploitPath, "", ""},
		{"http://example.net/1234567sx", "", "", ""},
		{"http://sms-mensaje.example", ServiceName, "", ""},
		{"http://10.1.2.3/a", Address, "", ""},
		{"http://[2001:db8::1]/a", Address, "", ""},
		{"http://911hig11carcay9594.com", OddName, "", ""},
		{"https://bit.ly/2abc", ShortLink, "", ""},
		{"https://tinyurl.com/2abc", ShortLink, "", ""},
		// What must be left alone.
		{"https://telegraph.co.uk", "", "", ""},
		{"https://letelegramme.fr", "", "", ""},
		{"https://www.satelital.mx", "", "", ""},
		{"https://saturno.com", "", "", ""},
		{"https://metadata.org", "", "", ""},
		{"https://applebees.com", "", "", ""},
		{"https://orangejuice.com", "", "", ""},
		{"https://signalhill.ca.us", "", "", ""},
		{"https://processo.com.br", "", "", ""},
		{"https://eltiempo.es", "", "", ""},
		{"https://lacoste.com", Lookalike, byTypo, "la_poste"}, // known and wrong: one letter from "laposte"
		{"https://gobierno-abierto.org", "", "", ""},
		{"https://facebook.github.io", "", "", ""},
		{"https://clinica-amparo.mx", "", "", ""},
	} {
		l, ok := r.link(tt.url)
		if !ok {
			t.Errorf("%s: no link", tt.url)
			continue
		}
		if got := [3]string{l.Kind, l.Trick, l.Of}; got != [3]string{tt.kind, tt.trick, tt.of} {
			t.Errorf("%s: got %q, want %q", tt.url, got, [3]string{tt.kind, tt.trick, tt.of})
		}
	}
}

// TestOfficialDomainsAreNoLookalikes holds every institution against all others.
func TestOfficialDomainsAreNoLookalikes(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, in := range r.k.Institutions() {
		for _, d := range in.Domains {
			for _, url := range []string{"https://" + d, "http://www.pagos." + d + "/verify", strings.ToUpper(d)} {
				if l, ok := r.link(url); !ok || l.Kind != Official {
					t.Errorf("%s of %s: %+v", url, in.ID, l)
				}
			}
		}
	}
}

func TestSlip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"abcd", "abcd", false}, {"abcd", "abxd", true}, {"abcd", "abdc", true}, {"abcd", "xbcy", false}, {"abc", "abcd", false}, {"abcd", "bacd", true}} {
		if got := slip(tt.a, tt.b); got != tt.want {
			t.Errorf("%s, %s: %v", tt.a, tt.b, got)
		}
	}
}

// TestFoldingTwiceIsOnce is a law: folded text stays as it is.
func TestFoldingTwiceIsOnce(t *testing.T) {
	t.Parallel()
	law := func(s string) bool { once := fold(s, true); return fold(once, true) == fold(fold(once, true), true) }
	if err := quick.Check(law, nil); err != nil {
		t.Error(err)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	var got []string
	for _, w := range appendWords(nil, "¡Falleció MI papá! ver http://x.example/a?b=c www.y.example p\u200baquete раypal") {
		got = append(got, w.text)
	}
	if diff := cmp.Diff([]string{"fallecio", "mi", "papa", "ver", "paquete", "paypal"}, got); diff != "" {
		t.Error(diff)
	}
}
