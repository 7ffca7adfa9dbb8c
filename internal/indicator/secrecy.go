package indicator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// Secrecy names the values that only private indicators list: it is another
// when some came or went, or when one was published. It is "" where there are
// none, and of no matcher.
func (m *Matcher) Secrecy() string {
	if m == nil {
		return ""
	}
	m.secrecyOnce.Do(func() { m.secrecy = m.hashSecrets() })
	return m.secrecy
}

func (m *Matcher) hashSecrets() string {
	var secret []string
	var hits []Hit
	for i := range m.index.entries {
		e := &m.index.entries[i]
		if e.ind == nil || e.cut > 0 || !e.ind.Private() {
			continue
		}
		hits = m.Match("", []artifact.Observable{{Type: e.ind.Type(), Value: e.ind.Value()}}, hits[:0])
		if !slices.ContainsFunc(hits, func(h Hit) bool { return !h.Indicator.Private() }) {
			secret = append(secret, fmt.Sprintf("%s %q", e.ind.Type(), e.ind.key))
		}
	}
	if len(secret) == 0 {
		return ""
	}
	slices.Sort(secret)
	h := sha256.New()
	for _, line := range slices.Compact(secret) {
		_, _ = io.WriteString(h, line+"\n") // a hash takes all
	}
	return hex.EncodeToString(h.Sum(nil))
}
