package indicator

import (
	"cmp"
	"slices"
	"sync"

	"github.com/amparo-project/amparo/internal/artifact"
)

// How says in which way an observable fits an indicator.
type How string

// The ways of matching.
const (
	Host             How = "host"              // the host is the listed domain
	ParentDomain     How = "parent_domain"     // the host lies below the listed domain
	URL              How = "url"               // the URL is the listed one
	URLPrefix        How = "url_prefix"        // the URL lies below the listed host and path
	IP               How = "ip"                // the address, or that of a URL's host
	Process          How = "process"           // the name of the process
	ProcessTruncated How = "process_truncated" // the name, as far as the system kept it
	FileName         How = "file_name"         // the last part of the path
	FilePath         How = "file_path"         // the whole path
	PathBelow        How = "path_below"        // the file lies below the listed folder
	FileHash         How = "file_hash"
	Email            How = "email"
	AppID            How = "app_id"
	CertHash         How = "cert_hash"
	ProfileID        How = "profile_id"
	AndroidProperty  How = "android_property"
	Phone            How = "phone"
	All              How = "all_of" // each term of the pattern, in one record
)

// A Hit says that a record fits an indicator.
type Hit struct {
	Indicator *Indicator
	Observed  int // index of the observable; of All, that of its first term
	How       How
	// Also are the indicators of other sets that list the same value. Indicators
	// that are private are never among them: each has a hit of its own.
	Also []*Indicator
}

// A Matcher looks observables up among the indicators of some sets. It is
// read-only and may be used by any number of goroutines. What a look-up costs
// does not depend on the number of indicators.
type Matcher struct {
	index    *index
	relative map[string]bool // first parts of relative paths

	secrecyOnce sync.Once
	secrecy     string
}

// NewMatcher returns a matcher of all indicators of sets that are not revoked.
// Sets of the same bytes count once; the order of sets changes nothing.
func NewMatcher(sets []*Set) *Matcher {
	seen := map[string]bool{}
	var use []*Set
	var n [spaces]int
	for _, s := range sets {
		if seen[s.SHA256] {
			continue
		}
		seen[s.SHA256] = true
		use = append(use, s)
		for d := range s.All() {
			entriesOf(d, func(e entry) { n[e.space]++ })
		}
	}
	m := &Matcher{index: newIndex(n), relative: map[string]bool{}}
	for _, s := range use {
		for d := range s.All() {
			entriesOf(d, m.add)
		}
	}
	return m
}

func (m *Matcher) add(e entry) {
	m.index.add(e)
	if e.space == spaceRelativePath {
		m.relative[firstPart(e.key())] = true
	}
}

// Lengths at which kernels cut the name of a process: 16 bytes on iOS
// (MAXCOMLEN), 15 on Android (TASK_COMM_LEN less the byte that ends it).
const (
	cutIOS     = 16
	cutAndroid = 15
)

// entriesOf calls add for each entry by which d is found.
func entriesOf(d *Indicator, add func(entry)) {
	k, key, n := d.kind, d.key, -1
	if d.kind == kindAllOf {
		n = rarest(d.form.terms)
		k, key = d.form.terms[n].kind, d.form.terms[n].key
	}
	add(entry{ind: d, term: int16(n), space: spaceFor(k, key)})
	if k != kindProcess {
		return
	}
	for _, cut := range [...]int{cutIOS, cutAndroid} {
		if len(key) > cut {
			add(entry{ind: d, term: int16(n), space: spaceTruncated, cut: uint8(cut)})
		}
	}
}

// spaceFor returns where a key is filed.
func spaceFor(k kind, key string) space {
	if k == kindFilePath && key[0] != '/' {
		return spaceRelativePath
	}
	return spaceOf[k]
}

// rarest returns the number of the term that fewest records have: a hash
// before a name.
func rarest(terms []term) int {
	best := 0
	for i, t := range terms {
		if rarity[t.kind] > rarity[terms[best].kind] {
			best = i
		}
	}
	return best
}

var rarity = [...]uint8{
	kindFileHash: 9, kindCertHash: 9, kindURL: 8, kindURLPrefix: 7, kindProfileID: 7, kindDomain: 6, kindIP: 6, kindEmail: 6,
	kindPhone: 6, kindFilePath: 5, kindAppID: 4, kindProperty: 3, kindFileName: 2, kindProcess: 1, kindAllOf: 0,
}

// firstPart returns what comes before the first slash.
func firstPart(path string) string {
	for i := range len(path) {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return path
}

// Match appends a hit for each indicator that the observables of one record
// of the artifact fit; an indicator that several observables fit is told once,
// of the first. It allocates nothing where nothing fits, but for hosts that
// are not plain ASCII and for very long values.
func (m *Matcher) Match(artifactName string, observed []artifact.Observable, dst []Hit) []Hit {
	return m.MatchNext(nil, artifactName, observed, dst)
}

// MatchNext is Match for one record of many of the same artifact: what known
// has of the record before is not looked up again. A nil known is none.
func (m *Matcher) MatchNext(known *Memory, artifactName string, observed []artifact.Observable, dst []Hit) []Hit {
	l := lookup{Matcher: m, artifact: artifactName, observed: observed, hits: dst, base: len(dst)}
	for i := range observed {
		if known.vain(i, &observed[i]) {
			continue
		}
		l.found = false
		l.observable(i)
		known.keep(i, &observed[i], !l.found)
	}
	if len(l.hits) > l.base+1 {
		l.hits = append(l.hits[:l.base], tidy(l.hits[l.base:])...)
	}
	return l.hits
}

// A Memory holds the observables of the last record that were looked up in
// vain: one record after the other names the owner's own account, the same
// app, the same person. It serves one goroutine, one matcher and one artifact.
type Memory struct{ last [8]artifact.Observable }

// vain reports whether the i-th observable is known to have no candidate.
func (m *Memory) vain(i int, o *artifact.Observable) bool {
	return m != nil && i < len(m.last) && o.Value != "" && m.last[i].Value == o.Value && m.last[i].Type == o.Type
}

func (m *Memory) keep(i int, o *artifact.Observable, vain bool) {
	if m == nil || i >= len(m.last) {
		return
	}
	m.last[i] = artifact.Observable{}
	if vain {
		m.last[i] = *o
	}
}

// tidy puts the hits of one record in an order that does not depend on that
// of the sets, leaves one of those that tell a reader the same, and credits
// all sets that list one value in one hit.
func tidy(hits []Hit) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Observed, b.Observed), compareIndicators(a.Indicator, b.Indicator))
	})
	kept := hits[:0]
	for _, h := range hits {
		if slices.ContainsFunc(kept, h.says) {
			continue
		}
		if i := slices.IndexFunc(kept, h.lists); i >= 0 {
			kept[i].credit(h.Indicator)
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// lists reports whether o rests on the same value, listed by others.
func (h Hit) lists(o Hit) bool {
	a, b := h.Indicator, o.Indicator
	return a.kind == b.kind && a.key == b.key && a.kind != kindAllOf && h.How == o.How && h.Observed == o.Observed &&
		!a.Private() && !b.Private()
}

// credit adds an indicator of the same value. The one that says most of itself
// is told first.
func (h *Hit) credit(d *Indicator) {
	if d.words() > h.Indicator.words() {
		d, h.Indicator = h.Indicator, d
	}
	if d.about.set != h.Indicator.about.set && !slices.ContainsFunc(h.Also, func(o *Indicator) bool { return o.about.set == d.about.set }) {
		h.Also = append(h.Also, d)
	}
}

// words weighs what an indicator says of itself: that it is still valid, the
// threat, the publication.
func (d *Indicator) words() int {
	n := 0
	if d.until == 0 {
		n += 8
	}
	if len(d.about.threats) > 0 {
		n += 4
	}
	if len(d.about.references)+len(d.about.set.References) > 0 {
		n += 2
	}
	if d.flags&lineID == 0 {
		n++
	}
	return n
}

// says reports whether o tells a reader nothing that h does not.
func (h Hit) says(o Hit) bool {
	a, b := h.Indicator, o.Indicator
	return a.about == b.about && a.kind == b.kind && a.key == b.key && a.kind != kindAllOf &&
		a.until == b.until && h.How == o.How && h.Observed == o.Observed
}

func compareIndicators(a, b *Indicator) int {
	return cmp.Or(
		cmp.Compare(a.Set().SHA256, b.Set().SHA256),
		cmp.Compare(a.ID(), b.ID()),
		cmp.Compare(a.kind, b.kind),
		cmp.Compare(a.Value(), b.Value()),
		cmp.Compare(a.Pattern(), b.Pattern()),
	)
}
