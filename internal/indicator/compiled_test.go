package indicator

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

func compileAll(t testing.TB, sets []*Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Compile(&b, KeyOf(nil), sets, NewMatcher(sets)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCompiledSaysTheSame compiles all published sets: what is read back
// describes and matches itself in the same way.
func TestCompiledSaysTheSame(t *testing.T) {
	t.Parallel()
	sets, err := LoadPath(shared(t))
	if err != nil {
		t.Fatal(err)
	}
	data := compileAll(t, sets)
	again, m, err := LoadCompiled(bytes.NewReader(data), int64(len(data)), KeyOf(nil))
	if err != nil {
		t.Fatal(err)
	}
	first := NewMatcher(sets)
	for i, s := range sets {
		if diff := cmp.Diff(s.Describe(), again[i].Describe()); diff != "" {
			t.Fatalf("(-read +compiled):\n%s", diff)
		}
		for d := range s.All() {
			o := []artifact.Observable{{Type: d.Type(), Value: d.Value()}}
			if want, got := told(first.Match("ios.datausage", o, nil)), told(m.Match("ios.datausage", o, nil)); want != got {
				t.Fatalf("%s: compiled %s, read %s", d.Value(), got, want)
			}
		}
	}
	var b bytes.Buffer
	if err := Compile(&b, KeyOf(nil), again, m); err != nil || !bytes.Equal(b.Bytes(), data) {
		t.Errorf("compiled twice gives other bytes: %v", err)
	}
}

func told(hits []Hit) string {
	var all []string
	for _, h := range hits {
		d := h.Indicator
		text := fmt.Sprint(d.ID(), d.Value(), d.Pattern(), d.Threats(), d.References(), d.TLP(), d.ValidFrom(), d.ValidUntil(), h.How, d.Set().Name)
		for _, o := range h.Also {
			text += o.Set().Name + o.ID()
		}
		all = append(all, text)
	}
	return fmt.Sprint(all)
}

// small is a compiled file that has a bit of everything.
func small(t testing.TB) []byte {
	t.Helper()
	return compileAll(t, []*Set{
		mustLoad(bundleOf(expression("domain-name:value", "evil.com"), expression("url:value", "http://A.mx/x"), expression("file:path", "Library/x"),
			expression("process:name", "com.apple.rapports.events"), "[file:name='x' AND file:hashes.MD5='d41d8cd98f00b204e9800998ecf8427e']",
			expression("domain-name:value", "bit.ly"), expression("domain-name:value", "com.mx"), "[nonsense")),
		mustLoad(bundle(object1("indicator--odd", "evil.com"))),
	})
}

// TestCompiledRefuses changes and cuts off bytes: the hash tells.
func TestCompiledRefuses(t *testing.T) {
	t.Parallel()
	data := small(t)
	for i := 0; i < len(data); i += 13 {
		bad := bytes.Clone(data)
		bad[i] ^= 0x41
		if _, _, err := LoadCompiled(bytes.NewReader(bad), int64(len(bad)), KeyOf(nil)); err == nil {
			t.Fatalf("byte %d changed, and nothing says so", i)
		}
		if _, _, err := LoadCompiled(bytes.NewReader(data[:i]), int64(i), KeyOf(nil)); err == nil {
			t.Fatalf("%d bytes are enough", i)
		}
	}
	if _, _, err := LoadCompiled(bytes.NewReader(data), int64(len(data)), KeyOf([]string{"other"})); !errors.Is(err, limit.ErrCorrupt) {
		t.Error("the key of other sources is taken:", err)
	}
}

// FuzzCompiled gives files whose hash is right and whose content is not: they
// may be wrong, but never make a matcher hang or crash.
func FuzzCompiled(f *testing.F) {
	data := small(f)
	body := data[:len(data)-sha256.Size]
	f.Add(body)
	for i := 50; i < len(body); i += 97 {
		bad := bytes.Clone(body)
		bad[i] ^= 0xFF
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		whole := append(bytes.Clone(body), sum[:]...)
		sets, m, err := LoadCompiled(bytes.NewReader(whole), int64(len(whole)), KeyOf(nil))
		if err != nil {
			return
		}
		for _, o := range []artifact.Observable{
			{Type: artifact.URL, Value: "http://a.evil.com/x?y"},
			{Type: artifact.Process, Value: "com.apple.rappor"},
			{Type: artifact.FilePath, Value: "/a/Library/x/y"},
		} {
			m.Match("ios.sms", []artifact.Observable{o, {Type: artifact.FileName, Value: "x"}}, nil)
		}
		for _, s := range sets {
			s.Describe()
			for d := range s.All() {
				_ = d.ID() + d.Pattern()
			}
		}
	})
}

// BenchmarkCompiled is the time to load a million compiled indicators, and the
// memory that they keep.
func BenchmarkCompiled(b *testing.B) {
	data := compiledFeed(b)
	for b.Loop() {
		before := heap()
		began := time.Now()
		sets, m, err := LoadCompiled(bytes.NewReader(data), int64(len(data)), KeyOf(nil))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/load")
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		b.ReportMetric(float64(len(data))/1e6, "MB-file")
		runtime.KeepAlive(sets)
		runtime.KeepAlive(m)
	}
}

func compiledFeed(b *testing.B) []byte {
	b.Helper()
	set, err := Load(bigBundle(1_000_000), "big.stix2")
	if err != nil {
		b.Fatal(err)
	}
	return compileAll(b, []*Set{set})
}
