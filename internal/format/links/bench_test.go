package links

import (
	"math/rand/v2"
	"strings"
	"testing"

	"mvdan.cc/xurls/v2"
)

// messages returns n bytes of messages, one in ten of which holds a link.
func messages(n int) string {
	w := writer{rand.New(rand.NewPCG(3, 4))}
	words := strings.Fields("Hola cómo estás, mañana llego a las 10:30. ¿Nos vemos en la oficina? Sí, claro. Te mando el informe; " +
		"dile a Ana que no se preocupe (ya hablé con ella)... Gracias! The meeting is at noon.")
	var b strings.Builder
	for b.Len() < n {
		for range 5 + w.r.IntN(20) {
			b.WriteString(pick(w, words...))
			b.WriteByte(' ')
		}
		if w.r.IntN(10) == 0 {
			b.WriteString(w.link())
		}
		b.WriteByte('\n')
	}
	return b.String()[:n]
}

// BenchmarkScan measures text as a whole and message by message.
func BenchmarkScan(b *testing.B) {
	text := strings.ToValidUTF8(messages(1<<20), "")
	lines := strings.Split(text, "\n")
	b.Run("whole", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var dst []Link
		for b.Loop() {
			dst = Scan(text, dst[:0])
		}
		b.ReportMetric(float64(len(dst)), "links")
	})
	b.Run("messages", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var dst []Link
		for b.Loop() {
			for _, l := range lines {
				dst = Scan(l, dst[:0])
			}
		}
	})
	b.Run("no_links", func(b *testing.B) {
		text := strings.NewReplacer("://", " ", ".", ". ").Replace(text)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var dst []Link
		for b.Loop() {
			dst = Scan(text, dst[:0])
		}
	})
}

// BenchmarkXurls is the same for the known library, on less text.
func BenchmarkXurls(b *testing.B) {
	text := strings.ToValidUTF8(messages(64<<10), "")
	strict, relaxed := xurls.Strict(), xurls.Relaxed()
	b.Run("strict", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			strict.FindAllStringIndex(text, -1)
		}
	})
	b.Run("relaxed", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			relaxed.FindAllStringIndex(text, -1)
		}
	})
}
