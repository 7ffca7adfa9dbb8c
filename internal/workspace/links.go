package workspace

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/link"
)

// Linked is what ties people of the workspace together.
type Linked struct {
	*link.Graph
	NoConsent int    `json:"no_consent"` // runs that were left out
	Made      string `json:"made"`       // when
}

// Links compares the people of the member's cases by what the last check of
// their evidence saw, without opening evidence. Only people who consented to
// linking are compared. Where caseID is given, only clusters with somebody of
// that case are kept; others in them may be of other cases of the member.
func (w *Workspace) Links(ctx context.Context, caseID string) (*Linked, error) {
	if caseID != "" {
		if _, err := w.may(ctx, w.db.Pool, caseID, ActLinks); err != nil {
			return nil, err
		}
	}
	l, people, err := w.findLinks(ctx)
	if err != nil {
		return nil, err
	}
	if caseID != "" {
		l.Touching(caseID)
	}
	return l, w.act(ctx, func(t *tx) error {
		l.Made = t.now
		t.record("links.made", caseID, caseID, map[string]any{"case": caseID, "people": people, "clusters": len(l.Clusters)})
		return nil
	})
}

// findLinks compares the people of all cases, and counts them.
func (w *Workspace) findLinks(ctx context.Context) (*Linked, int, error) {
	runs, without, err := w.consentedRuns(ctx, ActLinks, Linking, "", nil)
	if err != nil {
		return nil, 0, err
	}
	people, err := w.linkPeople(ctx, runs)
	if err != nil {
		return nil, 0, err
	}
	l := &Linked{NoConsent: without}
	if l.Graph, err = link.Find(ctx, people, link.Options{Clean: ordinary}); err != nil {
		return nil, 0, err
	}
	return l, len(people), w.nameLinked(ctx, l.Graph)
}

// LinkBasis names what Links would compare now: it is another when a consent
// was given, withdrawn or has ended, evidence was checked again, a hunt found
// something, a finding was dismissed, a case was shared, or other values must not
// be named: secrets is indicator.Matcher.Secrecy. A graph that was made on another
// basis is not to be shown any more. phones is on how many checks it rests.
func (w *Workspace) LinkBasis(ctx context.Context, secrets string) (basis string, phones int, err error) {
	runs, _, err := w.consentedRuns(ctx, ActLinks, Linking, "", nil)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	for i := range runs {
		fmt.Fprintln(h, runs[i].person, runs[i].id)
	}
	var count, sum int64
	err = w.db.Pool.QueryRowContext(ctx, w.inCases(ActLinks, "$2", "SELECT COUNT(*), COALESCE(SUM(n), 0) FROM finding WHERE state <> $1 AND case_id IN (@cases)"),
		Dismissed, w.member.ID).Scan(&count, &sum)
	if err != nil {
		return "", 0, w.fail("findings", err)
	}
	fmt.Fprintln(h, count, sum)
	return hex.EncodeToString(h.Sum(nil)) + "." + secrets, len(runs), nil
}

// ordinary counts as held by everyone the hosts that many people use for
// ordinary things. What clean phones hold otherwise nobody counted.
func ordinary(k link.Kind, value string) (held, of int) {
	if k == link.Host && indicator.PopularHost(value) {
		return 1_000_000, 1_000_000
	}
	return 0, 0
}

// linkPeople gathers the runs of each person.
func (w *Workspace) linkPeople(ctx context.Context, runs []consentedRun) ([]link.Person, error) {
	of := map[string][]consentedRun{}
	var order []string
	for _, r := range runs {
		if of[r.person] == nil {
			order = append(order, r.person)
		}
		of[r.person] = append(of[r.person], r)
	}
	found, err := w.matched(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(order)
	people := make([]link.Person, len(order))
	for i, id := range order {
		people[i] = link.Person{ID: id, Case: of[id][0].caseID, Seen: func(ctx context.Context, fn func(*link.Seen)) error {
			for _, r := range of[id] {
				for j := range found[r.id] {
					fn(&found[r.id][j])
				}
				if err := w.linkRun(ctx, r.n, fn); err != nil {
					return err
				}
			}
			return nil
		}}
	}
	return people, nil
}

// matched returns the indicators that findings rest on, by run. What a person
// dismissed ties nobody, nor does what must not be named.
func (w *Workspace) matched(ctx context.Context) (map[string][]link.Seen, error) {
	rows, err := w.db.Pool.QueryContext(ctx, w.inCases(ActLinks, "$4", `SELECT run_id, type, value, MIN(CASE WHEN at = '' THEN NULL ELSE at END), MAX(at) FROM finding
		WHERE kind = $1 AND state <> $2 AND value <> '' AND value <> $3 AND case_id IN (@cases)
		GROUP BY run_id, type, value ORDER BY run_id, type, value`), string(finding.Indicator), Dismissed, finding.Withheld, w.member.ID)
	if err != nil {
		return nil, w.fail("findings", err)
	}
	defer rows.Close()
	found := map[string][]link.Seen{}
	for rows.Next() {
		var (
			run, kind, value, last string
			first                  *string
		)
		if err := rows.Scan(&run, &kind, &value, &first, &last); err != nil {
			return nil, w.fail("findings", err)
		}
		if kind == string(artifact.Domain) {
			value = indicator.HostOf(value)
		}
		s := link.Seen{Kind: link.Indicator, Value: []byte(kind + " " + value)}
		if first != nil {
			if s.First, err = time.Parse(ledger.TimeLayout, *first); err == nil {
				s.Last, err = time.Parse(ledger.TimeLayout, last)
			}
			if err != nil {
				return nil, fmt.Errorf("%w: time of a finding: %w", ErrDamaged, err)
			}
		}
		found[run] = append(found[run], s)
	}
	return found, w.fail("links", rows.Err())
}

// linkRun tells of the values of a run that can tie people.
func (w *Workspace) linkRun(ctx context.Context, run int64, fn func(*link.Seen)) error {
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT packed FROM observed WHERE run_n = $1 ORDER BY part", run)
	if err != nil {
		return w.fail("observed values", err)
	}
	defer rows.Close()
	var x linkReader
	for rows.Next() {
		var packed []byte
		if err := rows.Scan(&packed); err != nil {
			return w.fail("observed values", err)
		}
		if err := eachSeen(packed, func(r *seenRow) error { x.row(r, fn); return nil }); err != nil {
			return fmt.Errorf("run %d: %w", run, err)
		}
	}
	return w.fail("observed values", rows.Err())
}

// linkReader turns what was observed into values that tie, in memory that it
// uses again: a thousand phones have twenty million values.
type linkReader struct {
	seen link.Seen
	buf  []byte
}

func (x *linkReader) row(r *seenRow, fn func(*link.Seen)) {
	kind := x.tie(artifact.ObservableType(r.kind), r.value)
	if kind == "" || len(x.buf) == 0 {
		return
	}
	x.seen = link.Seen{Kind: kind, Value: x.buf}
	if r.dated {
		x.seen.First, x.seen.Last = time.UnixMicro(r.first), time.UnixMicro(r.last)
	}
	fn(&x.seen)
}

// simpleTies are the kinds of values that tie in their normal form. Names of
// files and apps, and properties, are not among them: they are those of a
// system or of an app.
var simpleTies = map[artifact.ObservableType]link.Kind{
	artifact.Email: link.Email, artifact.Phone: link.Phone, artifact.FileHash: link.FileHash,
	artifact.CertHash: link.CertHash, artifact.ProfileID: link.ProfileID, ObservedLure: link.Lure, ObservedTheme: link.Theme,
}

// tie says what of an observable can tie people, "" for nothing, and leaves the
// value in x.buf.
func (x *linkReader) tie(t artifact.ObservableType, value []byte) link.Kind {
	x.buf = x.buf[:0]
	switch t {
	case artifact.URL, artifact.Domain, artifact.IP:
		x.buf = indicator.AppendHostOf(x.buf, string(value))
		return hostTie(x.buf)
	case artifact.Process:
		x.buf = append(x.buf, value[bytes.LastIndexByte(value, '/')+1:]...)
		return link.Process
	}
	kind, ok := simpleTies[t]
	if !ok {
		return ""
	}
	x.buf = append(x.buf, indicator.NormalForm(artifact.Observable{Type: t, Value: string(value)})...)
	if kind == link.Phone && len(x.buf) < shortestPhone {
		return ""
	}
	return kind
}

// shortestPhone leaves out short codes, which services of a whole country have.
const shortestPhone = 8

// hostTie leaves out addresses that are not of the internet, and bare names.
func hostTie(host []byte) link.Kind {
	if len(host) > 0 && (host[0]-'0' < 10 || bytes.IndexByte(host, ':') >= 0) {
		if ip, err := netip.ParseAddr(string(host)); err == nil {
			if ip.IsPrivate() || !ip.IsGlobalUnicast() {
				return ""
			}
			return link.IP
		}
	}
	if bytes.IndexByte(host, '.') < 0 {
		return ""
	}
	return link.Host
}

// nameLinked adds pseudonyms.
func (w *Workspace) nameLinked(ctx context.Context, g *link.Graph) error {
	rows, err := w.db.Pool.QueryContext(ctx, w.inCases(ActLinks, "$1", "SELECT id, pseudonym FROM person WHERE case_id IN (@cases)"), w.member.ID)
	if err != nil {
		return w.fail("people", err)
	}
	defer rows.Close()
	names := map[string]string{}
	for rows.Next() {
		var id, name string
		if err := rows.Scan(&id, &name); err != nil {
			return w.fail("people", err)
		}
		names[id] = name
	}
	for i := range g.Clusters {
		for j := range g.Clusters[i].People {
			m := &g.Clusters[i].People[j]
			m.Name = names[m.ID]
		}
	}
	return w.fail("people", rows.Err())
}
