package exhibit

import (
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// tags writes what is about the payload: the chain of custody with its proofs,
// the export itself among them, and how to check it all.
func (k *maker) tags(x workspace.Export) error {
	v := &verification{rows: k.rows}
	if k.plan.most() > workspace.ShareIndicators {
		if err := k.proofs(v); err != nil {
			return err
		}
	}
	if err := k.instructions(v); err != nil {
		return err
	}
	return k.bag.Finish([]bagit.Field{
		{Label: "External-Identifier", Value: x.ID},
		{Label: "External-Description", Value: "Exhibit of " + x.Subject + " for " + k.r.Recipient},
		{Label: "Bagging-Date", Value: x.Made[:len("2006-01-02")]},
		{Label: "Bag-Software-Agent", Value: "Amparo " + k.s.Version},
	})
}

// custody gathers the acts about an evidence, and the consents that it rests
// on.
func (k *maker) custody(p *part) (acts []workspace.Act, err error) {
	own, err := k.acts(p.id())
	if err != nil {
		return nil, err
	}
	person, err := k.acts(p.Person.ID)
	if err != nil {
		return nil, err
	}
	for i := range person {
		for j := range p.Consents {
			if strings.Contains(person[i].Opening.Detail, `"`+p.Consents[j].ID+`"`) {
				acts = append(acts, person[i])
			}
		}
	}
	return append(acts, own...), nil
}

func (k *maker) acts(subject string) (all []workspace.Act, err error) {
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := k.s.Acts(k.ctx, subject, page)
		if err != nil {
			return nil, err
		}
		all = append(all, l.Items...)
		if page.After = l.Next; page.After == "" {
			return all, nil
		}
	}
}

// proofs writes the chain of custody of each evidence, and a proof of each act.
func (k *maker) proofs(v *verification) error {
	if err := k.out.PutBytes("ledger/ledger.vkey", []byte(k.s.Info().Key+"\n")); err != nil {
		return err
	}
	signed, n, err := k.s.Checkpoint(k.ctx)
	if err != nil {
		return err
	}
	by := &checkpoints{k: k, last: n, signed: map[int64][]byte{n: signed}, used: map[int64]bool{}}
	if err := by.gather(); err != nil {
		return err
	}
	for i := range k.plan.parts {
		p := &k.plan.parts[i]
		if p.Most <= workspace.ShareIndicators {
			continue
		}
		acts, err := k.custody(p)
		if err != nil {
			return err
		}
		if err := k.chain(p.id(), acts); err != nil {
			return err
		}
		for _, a := range acts {
			if err := by.prove(a.N); err != nil {
				return err
			}
		}
		v.proofs += len(acts)
	}
	return by.write(v)
}

// chain writes the acts as people read them.
func (k *maker) chain(id string, acts []workspace.Act) error {
	if err := k.putJSON("custody/"+id+".json", acts); err != nil {
		return err
	}
	for _, lang := range k.r.Languages {
		p := message.New(lang)
		var b strings.Builder
		b.WriteString(p.Text("export.chain", "Evidence", id) + "\n\n")
		for _, a := range acts {
			e, err := ledger.ParseEntry([]byte(a.Entry))
			if err != nil {
				return fmt.Errorf("%w: entry %d: %w", workspace.ErrDamaged, a.N, err)
			}
			fmt.Fprintf(&b, "%6d  %s  %s\n        %s\n", a.N, e.Time.Format("2006-01-02 15:04:05 UTC"), p.Or("ws.act.", e.Act), a.Opening.Detail)
		}
		if err := k.out.PutBytes("custody/"+id+"."+lang+".txt", []byte(b.String())); err != nil {
			return err
		}
	}
	return nil
}

// checkpoints chooses which checkpoint proves an entry: the earliest that
// somebody outside saw, for that is the strongest; else the last.
type checkpoints struct {
	k      *maker
	last   int64
	signed map[int64][]byte
	seen   []int64 // that a witness signed or an authority stamped, rising
	used   map[int64]bool
	stamps []workspace.Timestamp
}

func (c *checkpoints) gather() error {
	all, err := c.k.s.Checkpoints(c.k.ctx)
	if err != nil {
		return err
	}
	if c.stamps, err = c.k.s.Timestamps(c.k.ctx); err != nil {
		return err
	}
	stamped := map[int64]bool{}
	for i := range c.stamps {
		stamped[c.stamps[i].N] = true
	}
	for _, note := range all {
		n, err := ledger.SizeOf(note)
		if err != nil {
			return fmt.Errorf("%w: %w", workspace.ErrDamaged, err)
		}
		c.signed[n] = note
		if stamped[n] || strings.Count(string(note), "\n— ") > 1 {
			c.seen = append(c.seen, n)
		}
	}
	return nil
}

func (c *checkpoints) prove(entry int64) error {
	n := c.last
	for _, seen := range c.seen {
		if seen > entry {
			n = seen
			break
		}
	}
	c.used[n] = true
	proof, err := c.k.s.Prove(c.k.ctx, entry, n, c.signed[n], true)
	if err != nil {
		return err
	}
	return c.k.out.PutBytes(fmt.Sprintf("ledger/proofs/%06d.proof", entry), proof)
}

// write writes the checkpoints that proofs use, what outsiders said of them,
// and the last one.
func (c *checkpoints) write(v *verification) error {
	c.used[c.last] = true
	for n := range c.used {
		if err := c.k.out.PutBytes(fmt.Sprintf("ledger/checkpoints/%06d", n), c.signed[n]); err != nil {
			return err
		}
		v.cosigned = v.cosigned || strings.Count(string(c.signed[n]), "\n— ") > 1
	}
	for i := range c.stamps {
		s := &c.stamps[i]
		if !c.used[s.N] {
			continue
		}
		v.stamps++
		base := fmt.Sprintf("ledger/timestamps/%06d-%d", s.N, i)
		if err := c.k.out.PutBytes(base+".tsr", s.Token); err != nil {
			return err
		}
		if err := c.k.out.PutBytes(base+".roots.pem", []byte(s.Roots)); err != nil {
			return err
		}
	}
	witnesses, err := c.k.s.Witnesses(c.k.ctx)
	if err != nil || len(witnesses) == 0 {
		v.cosigned = false // nobody could check it without their keys
		return err
	}
	return c.k.out.PutBytes("ledger/witnesses.vkeys", []byte(strings.Join(witnesses, "\n")+"\n"))
}
