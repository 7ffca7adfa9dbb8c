package casework

import (
	"context"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Links compares the people of the member's cases who consented to it. What
// only private indicators of m list is withheld; m may be nil.
func Links(ctx context.Context, w *workspace.Workspace, caseID string, m *indicator.Matcher) (*workspace.Linked, error) {
	l, err := w.Links(ctx, caseID)
	if err != nil {
		return nil, err
	}
	l.Withhold(func(k link.Kind, value string) bool { return secretValue(m, k, value) }, finding.Withheld)
	return l, nil
}

var linkTypes = map[link.Kind]artifact.ObservableType{
	link.Lure: artifact.Domain, link.Host: artifact.Domain, link.IP: artifact.IP, link.Email: artifact.Email, link.Phone: artifact.Phone,
	link.Process: artifact.Process, link.FileHash: artifact.FileHash, link.CertHash: artifact.CertHash, link.ProfileID: artifact.ProfileID,
}

// secretValue reports whether only private indicators list a value: what a
// graph must not name.
func secretValue(m *indicator.Matcher, k link.Kind, value string) bool {
	t, ok := linkTypes[k]
	if !ok || m == nil {
		return false
	}
	private := false
	for _, h := range m.Match("", []artifact.Observable{{Type: t, Value: value}}, nil) {
		if !h.Indicator.Private() {
			return false
		}
		private = true
	}
	return private
}
