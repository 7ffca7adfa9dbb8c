package iosbackup

import (
	"crypto/sha1"
	"encoding/hex"
	"hash/maphash"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// names chooses names that every system takes, the same on all of them: for a
// name with characters that Windows refuses, for one that is too long, and for
// one that differs from an earlier one only in case or in how accents are
// written. Such a name is changed and ends in "~" and 8 digits of its hash.
type names struct {
	seed maphash.Seed
	// taken maps the hash of a folded path to that of the path which has it.
	taken map[uint64]uint64
}

func newNames() *names {
	return &names{seed: maphash.MakeSeed(), taken: map[uint64]uint64{}}
}

// pick returns the name for a logical path of a file, and whether it differs.
func (n *names) pick(path string) (name string, changed bool) {
	name = portable(path)
	folded := maphash.String(n.seed, fold(name))
	exact := maphash.String(n.seed, path)
	if first, ok := n.taken[folded]; ok && first != exact {
		dir, base := cutBase(name)
		return dir + marked(base, path), true
	}
	n.taken[folded] = exact
	return name, name != path
}

// folder returns the name for a logical path of a folder. Folders that differ
// only in case become one where the system takes them for one.
func (n *names) folder(path string) string { return portable(path) }

// fold makes equal what some file system takes for equal.
func fold(s string) string { return strings.ToLower(norm.NFC.String(s)) }

// portable makes each part of a path one that every system takes.
func portable(path string) string {
	if plain(path) {
		return path
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = portablePart(p)
	}
	return strings.Join(parts, "/")
}

// plain reports whether nothing can be wrong with a path: the quick answer for
// nearly all of them.
func plain(path string) bool {
	part := 0
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c == '/':
			if part < 5 && i > 0 { // the reserved names have 3 or 4 letters
				return false
			}
			part = 0
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
		part++
	}
	return part >= 5 && len(path) <= maxPartBytes
}

// maxPartBytes is how long one name may be on common file systems.
const maxPartBytes = 255

func portablePart(p string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"\|?*`, r) {
			return '_'
		}
		return r
	}, p)
	if strings.HasSuffix(clean, ".") || strings.HasSuffix(clean, " ") {
		clean = clean[:len(clean)-1] + "_"
	}
	if reserved(clean) {
		clean = "_" + clean
	}
	if clean == p && len(p) <= maxPartBytes && !strings.HasPrefix(p, ".amparo-") {
		return p
	}
	return marked(clean, p)
}

// reserved reports whether Windows takes a name for a device, whatever follows
// its first dot.
func reserved(p string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(p), ".")
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "COM" || stem[:3] == "LPT") && stem[3] >= '1' && stem[3] <= '9'
}

// marked makes a name unlike all others: what fits of it, and the hash of what
// it stands for.
func marked(name, of string) string {
	const room = maxPartBytes - 9
	if len(name) > room {
		name = name[:room]
		for !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
	}
	sum := sha1.Sum([]byte(of))
	return name + "~" + hex.EncodeToString(sum[:4])
}

// cutBase splits a path before its last part.
func cutBase(path string) (dir, base string) {
	i := strings.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}
