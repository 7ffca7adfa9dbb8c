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
	return w.KeepLinks(ctx, caseID, m.Secrecy(), func(k link.Kind, value string) bool { return secretValue(m, k, value) })
}

// KeptLinks is the graph that was made last, by whom- and wherever, of the same
// consents, checks and findings, and of the same values that must not be named. The error wraps workspace.ErrNotFound.
func KeptLinks(ctx context.Context, w *workspace.Workspace, caseID string, m *indicator.Matcher) (*workspace.Linked, error) {
	l, err := w.KeptLinks(ctx, caseID, m.Secrecy())
	if err != nil {
		return nil, err
	}
	l.Withhold(func(k link.Kind, value string) bool { return secretValue(m, k, value) }, finding.Withheld) // sets may have become private
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
