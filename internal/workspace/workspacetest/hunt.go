package workspacetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/workspace"
)

func set(t *testing.T, domains ...string) *indicator.Set {
	t.Helper()
	s, err := indicator.Load(strings.NewReader(bundleOf(domains)), "x.stix2")
	ok(t, err)
	return s
}

// bundleOf is a STIX bundle of domains.
func bundleOf(domains []string) string {
	var b strings.Builder
	b.WriteString(`{"type":"bundle","id":"bundle--1","objects":[`)
	for i, d := range domains {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"indicator","id":"indicator--00000000-0000-4000-8000-%012d","pattern_type":"stix","pattern":"[domain-name:value = '%s']",
			"valid_from":"2020-01-01T00:00:00Z","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00Z"}`, i, d)
	}
	b.WriteString("]}")
	return b.String()
}

func testHunt(t *testing.T, f *Fixture) {
	ctx := t.Context()
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Seen = []workspace.Sighting{
		{Type: artifact.URL, Value: "https://cdn.evil.example/x\x00", Artifact: "ios.sms", First: at, Last: at},
		{Type: artifact.Domain, Value: "notevil.example", Artifact: "ios.sms"},
		{Type: artifact.Domain, Value: "evil.example.org", Artifact: "ios.sms"},
	}
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 0)
	s := set(t, "evil.example", "other.example")
	h, err := f.Hunt(ctx, []*indicator.Set{s})
	ok(t, err)
	if len(h.Findings) != 1 || h.Findings[0].Run != run.ID || h.Indicators != 2 || h.Runs != 1 {
		t.Fatalf("%+v", h)
	}
	h, err = f.Hunt(ctx, []*indicator.Set{s})
	ok(t, err)
	if len(h.Findings) != 0 || h.Indicators != 0 {
		t.Errorf("hunted twice: %+v", h)
	}
	l, err := f.Findings(ctx, workspace.FindingFilter{Source: workspace.ByHunt}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 || l.Items[0].Found == "" {
		t.Errorf("%+v", l.Items)
	}
	_, err = f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	for _, table := range []string{"observed", "observed_marks", "hunted", "finding"} {
		var n int
		ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows of %s are left of what was erased", n, table)
		}
	}
	h, err = f.Hunt(ctx, []*indicator.Set{set(t, "example.org")})
	ok(t, err)
	if h.Runs != 0 || len(h.Findings) != 0 {
		t.Errorf("erased evidence was hunted in: %+v", h)
	}
	f.Verify()
}
