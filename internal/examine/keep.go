package examine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// keeping keeps what finished tasks of a check made, in the vault, sealed for the
// evidence: whoever goes on with the job goes on from there.
type keeping struct {
	t   *Stored
	u   *workspace.Unfinished
	log *slog.Logger
}

// keep returns how the check of one of what was found is kept; nil where that is
// not asked for.
func (t *Stored) keep(o *With) (*pipeline.Keep, *keeping) {
	if o.Keep == nil {
		return nil, nil
	}
	k := &keeping{t, t.space.Unfinished(t.Evidence.ID, t.at), o.Keep.Log}
	return &pipeline.Keep{
		Of:   fmt.Sprintf("%s %s %d of %d", t.Evidence.ID, t.Evidence.ManifestSHA256, t.at, len(t.Found.Candidates)),
		Load: k.load, Save: k.save, Every: o.Keep.Every,
	}, k
}

// save implements pipeline.Keep. A part that another process's job may not write
// is no part: its segment is removed.
func (k *keeping) save(ctx context.Context, mark string, write func(io.Writer) error) error {
	s := k.t.space.Vault
	seg, err := vault.WritePart(ctx, s, k.t.key, write)
	if err == nil {
		if err = k.u.Add(ctx, workspace.CheckPart{Mark: mark, Segment: seg}); err != nil {
			_ = s.Delete(context.WithoutCancel(ctx), seg.ID) // what stays, nothing names
		}
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, workspace.ErrLost) {
		k.log.WarnContext(ctx, "part of a check not kept", "evidence", k.t.Evidence.ID, fault.Kind(err))
	}
	return err
}

// load implements pipeline.Keep.
func (k *keeping) load(ctx context.Context, mark string, part func(io.Reader) error) error {
	parts, void, err := k.u.Parts(ctx, mark)
	if err != nil {
		return err
	}
	if void > 0 {
		k.log.InfoContext(ctx, "a check begins anew: the program, its rules, its indicators or the evidence are others than when it was interrupted",
			"evidence", k.t.Evidence.ID, "parts", void)
	}
	for i := range parts {
		err := k.read(ctx, &parts[i], part)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			k.log.WarnContext(ctx, "part of an interrupted check cannot be used: what it held is read again",
				"evidence", k.t.Evidence.ID, "part", i, fault.Kind(err))
		}
	}
	if len(parts) > 0 {
		k.log.InfoContext(ctx, "a check goes on where it was interrupted", "evidence", k.t.Evidence.ID, "parts", len(parts))
	}
	return nil
}

func (k *keeping) read(ctx context.Context, p *workspace.CheckPart, part func(io.Reader) error) error {
	r, err := vault.ReadPart(ctx, k.t.space.Vault, k.t.key, p.Segment)
	if err != nil {
		return err
	}
	defer r.Close()
	return part(r)
}

// giveUp lets go of what was kept, once the run is stored. Should it fail, all
// goes with the end of the job.
func (k *keeping) giveUp(ctx context.Context) {
	if k != nil {
		_ = k.u.GiveUp(context.WithoutCancel(ctx))
	}
}
