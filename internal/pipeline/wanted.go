package pipeline

import (
	"path"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// sidecars are what SQLite keeps beside a database.
var sidecars = []string{"-wal", "-journal"}

// wanted finds the patterns that may fit a path by its last component, for
// evidence lists up to millions of files and parsers want a few.
type wanted struct {
	byBase      map[string][]want
	byExtension map[string][]want // patterns that end in one, after a wildcard
	other       []want            // patterns whose last component ends in a wildcard
	// named has files known by their last component alone: it is evidence of
	// single files, which say nothing of their folders on the phone.
	named bool
	// skims are the parsers that only look for names, by number.
	skims      map[int]bool
	companions []string // their patterns
}

type want struct {
	pattern string
	base    string // its last component
	parser  int    // -1: a companion
	common  bool   // too common a name to tell a single file by

	// What every path that fits has: asking for it is a fraction of a match.
	start   string // of the path
	head    string // of its last component
	literal string // anywhere
	size    int    // of its last component, in bytes; -1: it differs
}

// may reports whether a path can fit at all.
func (n *want) may(name, base string) bool {
	return (n.size < 0 || n.size == len(base)) && strings.HasPrefix(base, n.head) && strings.HasPrefix(name, n.start) && strings.Contains(name, n.literal)
}

// learn takes the pattern apart for may.
func (n *want) learn() {
	cut := func(s string) string {
		if i := strings.IndexAny(s, wildcards); i >= 0 {
			return s[:i]
		}
		return s
	}
	n.base = path.Base(n.pattern)
	n.head, n.start = cut(n.base), cut(n.pattern)
	for part := range strings.FieldsFuncSeq(strings.TrimPrefix(n.pattern, "**"), func(r rune) bool { return strings.ContainsRune(wildcards+"]", r) }) {
		// After "**" a path may begin without a slash.
		if part = strings.Trim(part, "/"); len(part) > len(n.literal) {
			n.literal = part
		}
	}
	if strings.ContainsAny(n.pattern, `[\`) {
		n.literal = "" // a class of characters is not taken apart
	}
	n.size = sizeOf(n.base)
}

// sizeOf returns how many bytes a component that fits has, -1 where that is
// not the same for all: the name of a UUID has 32.
func sizeOf(base string) int {
	size := 0
	for i := 0; i < len(base); i++ {
		switch base[i] {
		case '*', '?', '\\':
			return -1
		case '[':
			end := strings.IndexByte(base[i:], ']')
			if end < 0 || strings.IndexFunc(base[i:i+end], func(r rune) bool { return r > 0x7e || r == '^' }) >= 0 {
				return -1
			}
			i += end
		}
		size++
	}
	return size
}

func newWanted(parsers []artifact.Parser) *wanted { return newWantedOf("", parsers) }

// newWantedOf leaves out the parsers of other platforms.
func newWantedOf(platform string, parsers []artifact.Parser) *wanted {
	w := &wanted{byBase: map[string][]want{}, byExtension: map[string][]want{}, skims: map[int]bool{}}
	for i, p := range parsers {
		info := p.Info()
		if !isOf(platform, &info) {
			continue
		}
		w.skims[i] = info.Skims
		w.companions = append(w.companions, info.Companions...)
		for _, pattern := range info.Files {
			w.add(want{pattern: pattern, parser: i})
		}
		for _, pattern := range info.Companions {
			w.add(want{pattern: pattern, parser: -1})
		}
	}
	return w
}

// wildcards are the characters that path.Match gives a meaning.
const wildcards = `*?[\`

func (w *wanted) add(n want) {
	n.learn()
	n.common = isCommon(n.base)
	last := strings.LastIndexAny(n.base, wildcards+"]")
	if last < 0 {
		w.byBase[n.base] = append(w.byBase[n.base], n)
		return
	}
	if ext := path.Ext(n.base[last+1:]); ext != "" {
		w.byExtension[ext] = append(w.byExtension[ext], n)
		return
	}
	w.other = append(w.other, n)
}

// isCommon reports whether files of that name lie everywhere: a property list
// called Info, any database, any log.
func isCommon(base string) bool {
	switch base {
	case "Info.plist", "Manifest.db", "Cache.db", artifact.ListingPath:
		return true
	}
	literal := 0
	for part := range strings.FieldsFuncSeq(base, func(r rune) bool { return strings.ContainsRune(wildcards+"]", r) }) {
		literal = max(literal, len(part))
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".gif", ".psd", ".pdf", ".pkpass", ".webp", ".watchface", ".dng", ".tif", ".tiff", ".db", ".log", ".txt", ".plist", ".sqlite", ".json", ".ndjson", ".gz":
		return strings.HasPrefix(base, "*") && literal <= len(path.Ext(base))
	}
	return literal < 4
}

// match appends to dst the parsers whose patterns fit the path, and reports
// whether the path is wanted at all: a companion or a sidecar has no parser.
func (w *wanted) match(name string, dst []int) (parsers []int, ok bool) {
	base := name[strings.LastIndexByte(name, '/')+1:]
	dst, ok = w.among(w.byBase[base], name, base, dst, ok)
	if dot := strings.LastIndexByte(base, '.'); dot >= 0 {
		dst, ok = w.among(w.byExtension[base[dot:]], name, base, dst, ok)
	}
	dst, ok = w.among(w.other, name, base, dst, ok)
	for _, suffix := range sidecars {
		if db, is := strings.CutSuffix(name, suffix); is && !ok {
			_, ok = w.match(db, nil)
		}
	}
	return dst, ok
}

// matchSection is match for a section of a report. Also where files are known
// by their names alone, the report tells where in it the section stands.
func (w *wanted) matchSection(name string, dst []int) (parsers []int, ok bool) {
	placed := *w
	placed.named = false
	return placed.match(name, dst)
}

// reads reports whether somebody reads the file that match found these parsers
// for, and does not only look for names in it.
func (w *wanted) reads(name string, parsers []int) bool {
	for _, p := range parsers {
		if !w.skims[p] {
			return true
		}
	}
	return artifact.MatchAny(w.companions, name)
}

// among is match for a few of the patterns.
func (w *wanted) among(list []want, name, base string, dst []int, ok bool) ([]int, bool) {
	for i := range list {
		n := &list[i]
		if w.named {
			if fits, err := path.Match(n.base, base); n.common || !fits || err != nil {
				continue
			}
		} else if !n.may(name, base) || !artifact.Match(n.pattern, name) {
			continue
		}
		ok = true
		if n.parser >= 0 && !slices.Contains(dst, n.parser) {
			dst = append(dst, n.parser)
		}
	}
	return dst, ok
}

// byName reports whether files of a kind of evidence are known by their names.
func byName(kind string) bool { return kind == "loose" || kind == "ios-crash-logs" }

// Wanted returns a function that says of a path on the phone whether one of
// the parsers reads it.
func Wanted(parsers []artifact.Parser) func(path string) bool {
	w := newWanted(parsers)
	return func(name string) bool {
		_, ok := w.match(name, nil)
		return ok
	}
}

// Named returns a function that says of the name of a single file whether one
// of the parsers knows it.
func Named(parsers []artifact.Parser) func(name string) bool {
	w := newWanted(parsers)
	w.named = true
	return func(name string) bool {
		parsers, ok := w.match(name, nil)
		return ok && len(parsers) > 0
	}
}
