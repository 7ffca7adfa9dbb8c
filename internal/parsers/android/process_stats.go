package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// processStats reads which processes took memory over the last hours and days.
type processStats struct{}

// Info implements artifact.Parser.
func (processStats) Info() artifact.Info {
	return artifact.Info{
		Name: "android.process_stats", Version: 1, Summary: "Processes that ran within the last hours, also of apps that were removed since.",
		Files: []string{"**/dumpsys/procstats", "**/dumpstate/CHECKIN PROCSTATS"}, Companions: clockCompanions,
		Kinds: []artifact.KindInfo{{Kind: "process", Doc: "A process of an app in a span, once for each span and user id.", Times: []string{"span_start"}, Fields: []artifact.FieldInfo{
			textField("process", "the process"), textField("package_name", "the app"), textField("uid", "user id, as it stands there"),
			intField("version_code", "version of the app"), textField("part", "how much of the span it ran, with its memory"),
			textField("span", "the list: committed, current, the last 3 hours"),
		}}},
		Refs: []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/com/android/internal/app/procstats/ProcessStats.java"},
	}
}

// Parse implements artifact.Parser.
func (processStats) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	p := processReadingStats{seen: map[string]bool{}}
	return readSection(ctx, in, p.line, p.last)
}

// maxProcessStats bounds how many processes of one span are told apart.
const maxProcessStats = 50_000

type processReadingStats struct {
	span, from         string
	seen               map[string]bool // in the span
	open               bool
	name, uid, version string
	pkg, part          string
	offset, ends       int64
}

func (p *processReadingStats) line(s *section) error {
	text := strings.TrimSpace(string(s.Line))
	if span, from, ok := spanHeading(text); ok {
		err := p.last(s)
		p.span, p.from = span, from
		clear(p.seen)
		return err
	}
	switch {
	case strings.HasPrefix(text, "* ") && strings.Count(text, " / ") == 2:
		err := p.last(s)
		name, rest, _ := strings.Cut(strings.TrimSuffix(text[2:], ":"), " / ")
		uid, version, _ := strings.Cut(rest, " / ")
		p.begin(s, name, uid, strings.TrimPrefix(version, "v"))
		return err
	case p.open && strings.HasPrefix(text, "TOTAL: "):
		p.part = strings.TrimPrefix(text, "TOTAL: ")
		p.ends = s.Offset + s.Length
	case strings.HasPrefix(text, "pkgproc,"):
		err := p.last(s)
		if f := strings.Split(text, ","); len(f) > 4 {
			name := f[4]
			if name == "" {
				name = f[1]
			}
			p.begin(s, name, f[2], f[3])
			p.pkg = f[1]
		}
		return err
	}
	return nil
}

// spanHeading takes the span and its beginning from the line above a list.
func spanHeading(text string) (span, from string, ok bool) {
	if span, from, ok := strings.Cut(text, " STATS FROM "); ok && strings.ToUpper(span) == span {
		return strings.ToLower(span), strings.TrimSuffix(from, ":"), true
	}
	if strings.HasPrefix(text, "AGGREGATED OVER ") || text == "CURRENT STATS:" {
		return strings.ToLower(strings.TrimSuffix(text, ":")), "", true
	}
	if rest, ok := strings.CutPrefix(text, "period,"); ok {
		from, _, _ := strings.Cut(rest, ",")
		return "check-in", from, true
	}
	return "", "", false
}

func (p *processReadingStats) begin(s *section, name, uid, version string) {
	id := name + "/" + uid
	if p.seen[id] || len(p.seen) >= maxProcessStats {
		return
	}
	p.seen[id] = true
	p.open, p.name, p.uid, p.version, p.pkg, p.part = true, name, uid, version, "", ""
	p.offset, p.ends = s.Offset, s.Offset+s.Length
}

func (p *processReadingStats) last(s *section) error {
	if !p.open {
		return nil
	}
	p.open = false
	rec := s.Start("process")
	rec.Loc.Offset, rec.Loc.Length = p.offset, p.ends-p.offset
	rec.Set("process", artifact.TextOrNull(p.name))
	rec.Observe(artifact.Process, p.name, "process")
	pkg := p.pkg
	if pkg == "" {
		pkg, _, _ = strings.Cut(p.name, ":")
	}
	if isPackage(pkg) {
		setApp(rec, pkg)
	}
	rec.Set("uid", artifact.TextOrNull(p.uid))
	setNumber(rec, "version_code", p.version)
	rec.Set("part", artifact.TextOrNull(p.part))
	rec.Set("span", artifact.TextOrNull(p.span))
	if p.from != "" {
		if err := s.wall(rec, "span_start", p.from); err != nil {
			return err
		}
	}
	return s.Give()
}
