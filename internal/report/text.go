package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

// visible makes text from evidence safe to show: control characters, escape
// sequences, and marks that hide text or turn its direction are named.
func visible(s string) string {
	if strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case hidden(r):
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Hides reports whether a text has characters that WriteVisible names in its
// place: what a page shows of it is not what it is then.
func Hides(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return hidden(r) && r != '\n' && r != '\t' })
}

func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// short is visible, cut to n characters.
func short(s string, n int) string {
	s = visible(s[:min(len(s), 8*n)])
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}

// artifactTitle is what people call an artifact, its name where the catalogue
// has none.
func artifactTitle(p *message.Printer, name string) string {
	if id := "artifact." + name + ".title"; p.Has(id) {
		return p.Text(id)
	}
	return name
}

// DeviceLine is the phone in one line.
func DeviceLine(d *finding.Device) string {
	model := d.ModelName
	if model == "" {
		model = d.Model
	}
	var parts []string
	for _, s := range []string{short(d.Name, 60), short(model, 60)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	system := strings.TrimSpace(d.OS + " " + short(d.Version, 20))
	if d.Build != "" {
		system += " (" + short(d.Build, 20) + ")"
	}
	return strings.Join(append(parts, system), ", ")
}

// patchText says how the security patch of an Android phone stood on the day
// of the evidence, "" where that is not known.
func patchText(p *message.Printer, d *finding.Device) string {
	if d.SecurityPatch == "" || d.Patch == nil {
		return d.SecurityPatch
	}
	text := p.Text("patch.age", "Level", d.SecurityPatch, "Days", p.Number(int64(d.Patch.AgeDays)))
	if d.Patch.MissedBulletins > 0 {
		text += "; " + p.Text("patch.missed", "Count", p.Number(int64(d.Patch.MissedBulletins)), "Newest", d.Patch.Newest)
	}
	if d.Patch.Ended {
		text += "; " + p.Text("patch.ended")
	}
	return text
}
