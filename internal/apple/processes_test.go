package apple

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestProcessList(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*;(1[0-9])?( [12][0-9])*$`)
	lines := dataLines(processesCSV)
	if len(lines) < 1000 || !slices.IsSorted(names(lines)) || len(slices.Compact(names(lines))) != len(lines) {
		t.Errorf("%d lines; sorted: %v", len(lines), slices.IsSorted(names(lines)))
	}
	for _, line := range lines {
		if !form.MatchString(line) {
			t.Error(line)
		}
	}
}

func names(lines []string) []string {
	var list []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ";")
		list = append(list, name)
	}
	return list
}

func TestShipsWith(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"locationd", "SpringBoard", "com.apple.bird", "networkservicepr", "com.apple.DictionaryServiceHelp", "parsec-fbf",
	} {
		if !ShipsWith(name) {
			t.Errorf("%s is of iOS", name)
		}
	}
	for _, name := range []string{"", "roleaboutd", "roleaccountd", "bh", "Signal", "locationdd", "networkservice", "com.apple."} {
		if ShipsWith(name) {
			t.Errorf("%s is not of iOS", name)
		}
	}
}

func TestMimics(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"locatoind":                       "locationd", // swapped
		"locationdd":                      "locationd", // one more
		"locatiod":                        "locationd", // one less
		"xocationd":                       "locationd", // another, at the start
		"locationx":                       "locationd", // at the end
		"LocationD":                       "locationd",
		"1ocat1ond":                       "locationd", // two ones for l and i
		"lосаtiоnd":                       "locationd", // Cyrillic
		"SpringB0ard":                     "SpringBoard",
		"locationd":                       "",
		"locatonid":                       "", // moved by two
		"loctaoind":                       "", // swapped twice
		"appleh15camerad":                 "", // another model
		"lsdd":                            "", // too short
		"wcdd":                            "",
		"roleaboutd":                      "",
		"com.apple.tccd":                  "",
		"com.apple.Health":                "",
		"Signal":                          "",
		"":                                "",
		"networkservicepr":                "",
		"locationd\x00\xff":               "",
		strings.Repeat("locationd", 1000): "",
	} {
		if of, ok := Mimics(name); of != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", name, of, ok)
		}
	}
}

// TestMimicsAll holds the index to a look at all names.
func TestMimicsAll(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	all := names(dataLines(processesCSV))
	for range 500 {
		name := mutate(r, all[r.IntN(len(all))])
		want := len(name) >= minMimic && !ShipsWith(name) && slices.ContainsFunc(all, func(of string) bool {
			return len(of) >= minMimic && !onlyDigits(name, of) && (slowEdit(name, of) || lookAlike(name) == lookAlike(of))
		})
		if of, ok := Mimics(name); ok != want {
			t.Errorf("%q: %q, %v; want %v", name, of, ok, want)
		}
	}
}

// mutate changes up to two places of a name.
func mutate(r *rand.Rand, name string) string {
	b := []byte(name)
	for range 1 + r.IntN(2) {
		i, c := r.IntN(len(b)), byte('a'+r.IntN(26))
		switch r.IntN(4) {
		case 0:
			b = slices.Insert(b, i, c)
		case 1:
			b = slices.Delete(b, i, min(i+1, len(b)-1))
		case 2:
			b[i] = c
		default:
			j := max(0, i-1)
			b[i], b[j] = b[j], b[i]
		}
	}
	return string(b)
}

// slowEdit tries every edit of b.
func slowEdit(a, b string) bool {
	if a == b || len(a)-len(b) > 1 || len(b)-len(a) > 1 {
		return false
	}
	for i := range b {
		if b[:i]+b[i+1:] == a {
			return true
		}
		if len(a) == len(b) && (b[:i]+a[i:i+1]+b[i+1:] == a || i > 0 && b[:i-1]+b[i:i+1]+b[i-1:i]+b[i+1:] == a) {
			return true
		}
	}
	for i := range a {
		if a[:i]+a[i+1:] == b {
			return true
		}
	}
	return false
}

// TestPublishedNames tells how much of what was published the list finds: it
// is one of several ways, and must not raise anything on programs of iOS.
func TestPublishedNames(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(shared, "indicators", "amnesty", "2021-07-18_nso", "processes.txt"))
	if err != nil {
		t.Skipf("no published indicators here (set AMPARO_SHARED): %v", err)
	}
	found := 0
	for _, name := range strings.Fields(string(data)) {
		if ShipsWith(name) {
			t.Errorf("%s: of iOS and of Pegasus", name)
		}
		if _, ok := Mimics(name); ok {
			found++
		}
	}
	if found < 12 {
		t.Errorf("%d names found", found)
	}
}

func BenchmarkMimics(b *testing.B) {
	Mimics("warm")
	b.Run("of iOS", func(b *testing.B) {
		for b.Loop() {
			Mimics("locationd")
		}
	})
	b.Run("other", func(b *testing.B) {
		for b.Loop() {
			Mimics("NotificationServiceExtension")
		}
	})
}
