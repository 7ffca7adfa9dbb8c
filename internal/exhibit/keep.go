package exhibit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// A Plan is what of a request its recipient may have today.
type Plan struct {
	s    *Space
	r    Request
	plan *plan
}

// NewPlan asks the consents. The error wraps workspace.ErrNoConsent where the
// recipient may have nothing of it.
func NewPlan(ctx context.Context, s *Space, r Request) (*Plan, error) {
	if err := r.valid(); err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, &r)
	if err != nil {
		return nil, err
	}
	return &Plan{s, r, p}, nil
}

// Case is the case of what is asked for.
func (p *Plan) Case() string { return p.plan.caseID }

// Evidence lists that of which something leaves.
func (p *Plan) Evidence() []string { return p.plan.evidence() }

// Size is about how much leaves, in bytes, where all files of the evidence go
// along; 0 otherwise, for then nobody knows it yet.
func (p *Plan) Size() (n int64) {
	for i := range p.plan.parts {
		if p.r.Evidence == All && p.plan.parts[i].Most >= workspace.ShareEvidence {
			n += p.plan.parts[i].Evidence.Bytes
		}
	}
	return n
}

// Mark is a hash over all that decides what leaves: two plans with the same mark
// make the same files, but for those that say what people decided since.
func (p *Plan) Mark() (string, error) {
	type one struct {
		Evidence, Manifest string
		Most               workspace.Share
		Consents           []workspace.Consent
		Runs               []string
	}
	all := struct {
		Version, Workspace, Finding string
		Request                     Request
		Parts                       []one
		LeftOut                     []Omission
	}{p.s.Version, p.s.Info().UID, p.plan.finding, p.r, nil, p.plan.omissions}
	for i := range p.plan.parts {
		part := &p.plan.parts[i]
		o := one{part.id(), part.Evidence.ManifestSHA256, part.Most, part.Consents, nil}
		for j := range part.runs {
			o.Runs = append(o.Runs, part.runs[j].ID)
		}
		all.Parts = append(all.Parts, o)
	}
	data, err := json.Marshal(all)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

func (p *Plan) maker(ctx context.Context, m *marker) *maker {
	return &maker{ctx: ctx, s: p.s, r: &p.r, m: m, plan: p.plan, said: slices.Clone(p.plan.omissions)}
}

// Keep makes what leaves and stores it in the bundle g, and nothing that is
// signed; Finish goes on from the files of it. Interrupted, it goes on when it is
// called again for the same bundle, name and time, by a plan with the same mark.
// It returns what the caller records, before anybody gets anything, and the size
// of it all in bytes.
func (p *Plan) Keep(ctx context.Context, id string, begun time.Time, g *vault.Growing) (x workspace.Export, size int64, err error) {
	k := p.maker(ctx, &marker{ID: id, Workspace: p.s.Info().UID, Request: p.r, Begun: begun.UTC().Truncate(time.Second), Given: map[string]workspace.Share{}})
	b := &bundle{g, map[string]string{}}
	k.out = b
	if err := k.payload(); err != nil {
		return x, 0, err
	}
	var list bytes.Buffer
	if err := bagit.Manifest(&list, b.sums); err != nil {
		return x, 0, err
	}
	if err := b.PutBytes(bagit.PayloadManifest, list.Bytes()); err != nil {
		return x, 0, err
	}
	k.m.Sum, k.m.Said, k.m.Rows = b.sums[bagit.PayloadManifest], k.said, k.rows
	for i := range k.plan.parts {
		k.m.Given[k.plan.parts[i].id()] = k.plan.parts[i].Most
	}
	mark, err := json.Marshal(k.m)
	if err != nil {
		return x, 0, err
	}
	if err := b.PutBytes(markerName, mark); err != nil {
		return x, 0, err
	}
	size, err = b.End()
	return k.export(), size, err
}
