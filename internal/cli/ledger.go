package cli

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/torchwood"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// custodyCmd is "amparo custody EVIDENCE".
type custodyCmd struct {
	Evidence string `arg:"" help:"evidence_id"`
	Out      string `help:"custody_out" placeholder:"DIR"`
	listFlags
	anyFlags
}

// Run prints the chain of custody, each act with its place in the ledger; with
// --out the proofs too, which verify without the workspace.
func (c *custodyCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.Acts(a.ctx, c.Evidence, c.page())
		if err != nil {
			return err
		}
		if len(l.Items) == 0 && c.After == "" {
			return fmt.Errorf("evidence %s: %w", c.Evidence, workspace.ErrNotFound)
		}
		if c.Out != "" {
			if err := a.writeProofs(s, l.Items, c.Out); err != nil {
				return err
			}
		}
		return show(a, l, c.JSON, []string{"entry", "time", "act", "detail"}, func(act workspace.Act) []string {
			e, err := ledger.ParseEntry([]byte(act.Entry))
			if err != nil || !act.Opening.Opens(e) {
				return []string{fmt.Sprint(act.N), "", a.Text("ws.not_proven"), act.Opening.Detail}
			}
			return []string{fmt.Sprint(act.N), e.Time.Format(timeLayout), a.Or("ws.act.", e.Act), act.Opening.Detail}
		})
	})
}

// writeProofs writes a proof of each act, and the key that they verify by.
func (a *app) writeProofs(s works, acts []workspace.Act, dir string) error {
	signed, n, err := s.Checkpoint(a.ctx)
	if err != nil {
		return err
	}
	if err := newFolder(dir); err != nil {
		return err
	}
	for _, act := range acts {
		proof, err := s.Prove(a.ctx, act.N, n, signed, true)
		if err != nil {
			return err
		}
		if err := writeBytes(filepath.Join(dir, fmt.Sprintf("%06d.proof", act.N)), proof); err != nil {
			return err
		}
	}
	return writeBytes(filepath.Join(dir, "ledger.vkey"), []byte(s.Info().Key+"\n"))
}

func writeBytes(name string, data []byte) error {
	return writeFile(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// ledgerCmd is "amparo ledger".
type ledgerCmd struct {
	Checkpoint ledgerCheckpointCmd `cmd:"" help:"ledger_checkpoint"`
	Prove      ledgerProveCmd      `cmd:"" help:"ledger_prove"`
	Verify     ledgerVerifyCmd     `cmd:"" help:"ledger_verify"`
	Witness    ledgerWitnessCmd    `cmd:"" help:"ledger_witness"`
	Cosigned   ledgerCosignedCmd   `cmd:"" help:"ledger_cosigned"`
	Timestamp  ledgerTimestampCmd  `cmd:"" help:"ledger_timestamp"`
}

type ledgerCheckpointCmd struct {
	Out string `help:"ledger_out" placeholder:"DIR"`
	anyFlags
}

// Run signs the ledger as it is, and publishes it where --out is given.
func (c *ledgerCheckpointCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		signed, n, err := s.Checkpoint(a.ctx)
		if err != nil {
			return err
		}
		if c.Out != "" {
			if err := s.PublishLedger(a.ctx, c.Out, n, signed); err != nil {
				return err
			}
		}
		_, err = a.Out.Write(signed)
		return err
	})
}

type ledgerProveCmd struct {
	Entry int64 `arg:"" help:"ledger_entry"`
	Open  bool  `help:"ledger_open"`
	anyFlags
}

// Run prints the proof of one entry.
func (c *ledgerProveCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		signed, n, err := s.Checkpoint(a.ctx)
		if err != nil {
			return err
		}
		proof, err := s.Prove(a.ctx, c.Entry, n, signed, c.Open)
		if err != nil {
			return err
		}
		_, err = a.Out.Write(proof)
		return err
	})
}

type ledgerVerifyCmd struct {
	What    string   `arg:"" help:"ledger_what"`
	Key     string   `help:"ledger_key" required:"" placeholder:"VKEY|FILE"`
	Earlier []string `help:"ledger_earlier" placeholder:"FILE" sep:"none"`
	Witness []string `help:"ledger_witness_key" placeholder:"VKEY" sep:"none"`
	Need    int      `help:"ledger_need" placeholder:"N"`
	Root    []string `help:"ledger_root" placeholder:"FILE" sep:"none"`
	JSON    bool     `name:"json" help:"json"`
}

// maxProof bounds a proof or a checkpoint in bytes.
const maxProof = 1 << 20

// Run verifies a published ledger, or one proof. It needs no workspace.
func (c *ledgerVerifyCmd) Run(a *app) error {
	p, err := a.policy(c.Key, c.Witness, c.Need)
	if err != nil {
		return err
	}
	info, err := os.Stat(c.What)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return c.proof(a, p)
	}
	var earlier [][]byte
	for _, name := range c.Earlier {
		signed, err := a.readBounded(name, maxProof)
		if err != nil {
			return err
		}
		earlier = append(earlier, signed)
	}
	root, err := os.OpenRoot(c.What)
	if err != nil {
		return err
	}
	defer root.Close()
	by, err := a.stampsBy(c.Root)
	if err != nil {
		return err
	}
	r, err := fsck.CheckStamped(root.FS(), p, by, earlier...)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(a.Out, r)
	}
	fmt.Fprintln(a.Out, a.Count("ws.ledger_holds", r.Size, "Root", r.Root, "Origin", safe(r.Origin)))
	a.showStamps(r.Stamps)
	return nil
}

func (c *ledgerVerifyCmd) proof(a *app, p torchwood.Policy) error {
	data, err := a.readBounded(c.What, maxProof)
	if err != nil {
		return err
	}
	got, err := client.Proof(data, p)
	if err != nil {
		return fmt.Errorf("%s: %w", c.What, err)
	}
	if c.JSON {
		return writeJSON(a.Out, map[string]any{"entry": got.Index, "time": got.Entry.Time, "act": got.Entry.Act, "size": got.Checkpoint.N, "opening": got.Opening})
	}
	fmt.Fprintln(a.Out, a.Text("ws.proof_holds", "Entry", a.Number(got.Index), "Time", got.Entry.Time.Format(timeLayout), "Act", a.Or("ws.act.", got.Entry.Act)))
	if got.Opening != nil {
		fmt.Fprintln(a.Out, safe(got.Opening.Detail))
	}
	return nil
}

// policy reads keys: each as it is, or from a file.
func (a *app) policy(key string, witnesses []string, need int) (torchwood.Policy, error) {
	key, err := keyOf(key)
	if err != nil {
		return nil, err
	}
	for i := range witnesses {
		if witnesses[i], err = keyOf(witnesses[i]); err != nil {
			return nil, err
		}
	}
	return client.Policy(key, witnesses, need)
}

// keyOf is a public key: given as it is, or by a file that holds it.
func keyOf(s string) (string, error) {
	if strings.Count(s, "+") >= 2 {
		return s, nil
	}
	f, err := os.Open(s)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxProof)) //nolint:forbidigo // bounded, and ours
	return strings.TrimSpace(string(data)), err
}

// ledgerWitnessCmd lets an outsider watch a ledger.
type ledgerWitnessCmd struct {
	Dir     string `arg:"" help:"ledger_witness_dir"`
	Key     string `help:"ledger_key" required:"" placeholder:"VKEY|FILE"`
	State   string `help:"ledger_witness_state" required:"" placeholder:"FILE"`
	KeyFile string `help:"ledger_witness_file" required:"" placeholder:"FILE"`
	Name    string `help:"ledger_witness_name" placeholder:"NAME"`
}

// Run verifies all of a published ledger against the last checkpoint that this
// witness signed, signs the new one, and remembers it.
func (c *ledgerWitnessCmd) Run(a *app) error {
	signer, err := c.signer(a)
	if err != nil {
		return err
	}
	p, err := a.policy(c.Key, nil, 0)
	if err != nil {
		return err
	}
	var earlier [][]byte
	before, err := os.ReadFile(c.State)
	switch {
	case err == nil:
		earlier = append(earlier, before)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := fsck.Check(root.FS(), p, earlier...); err != nil {
		return err
	}
	signed, err := fs.ReadFile(root.FS(), ledger.CheckpointFile)
	if err != nil {
		return err
	}
	key, err := keyOf(c.Key)
	if err != nil {
		return err
	}
	// All of the ledger was recomputed: no other proof is needed.
	cosigned, err := client.Cosign(signed, nil, nil, key, signer)
	if err != nil {
		return err
	}
	if err := writeBytes(c.State, cosigned); err != nil {
		return err
	}
	_, err = a.Out.Write(cosigned)
	return err
}

// signer reads the witness's key, or makes one.
func (c *ledgerWitnessCmd) signer(a *app) (*torchwood.CosignatureSigner, error) {
	data, err := os.ReadFile(c.KeyFile)
	if errors.Is(err, fs.ErrNotExist) && c.Name != "" {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		s, err := torchwood.NewCosignatureSigner(c.Name, key)
		if err != nil {
			return nil, usageError{fmt.Errorf("--name: %w", err)}
		}
		fmt.Fprintln(a.Err, "amparo: "+a.Text("ws.witness_made", "Key", s.Verifier().String()))
		return s, writeBytes(c.KeyFile, []byte(c.Name+"\n"+base64.StdEncoding.EncodeToString(key.Seed())+"\n"))
	}
	if err != nil {
		return nil, err
	}
	name, text, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	seed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: not the key of a witness", c.KeyFile)
	}
	return torchwood.NewCosignatureSigner(name, ed25519.NewKeyFromSeed(seed))
}

// ledgerCosignedCmd takes a witness's signature in.
type ledgerCosignedCmd struct {
	File    string   `arg:"" help:"ledger_cosigned_file"`
	Witness []string `help:"ledger_witness_key" required:"" placeholder:"VKEY" sep:"none"`
	wsFlags
}

// Run adds the cosignatures of a file to the checkpoint that it is of.
func (c *ledgerCosignedCmd) Run(a *app) error {
	data, err := a.readBounded(c.File, maxProof)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		p, err := client.Policy(s.Info().Key, nil, 0)
		if err != nil {
			return err
		}
		theirs, err := client.Checkpoint(data, p)
		if err != nil {
			return err
		}
		signed, err := c.signedBy(s.Info().Key, data)
		if err != nil {
			return err
		}
		all, err := s.Checkpoints(a.ctx)
		if err != nil {
			return err
		}
		for _, mine := range all {
			cp, err := client.Checkpoint(mine, p)
			if err != nil || cp.N != theirs.N {
				continue
			}
			merged, n, err := client.Merge(mine, data, s.Info().Key, signed)
			if err != nil {
				return err
			}
			if err := s.KeepCheckpoint(a.ctx, cp.N, merged); err != nil {
				return err
			}
			for _, key := range signed {
				if err := s.KeepWitness(a.ctx, key); err != nil {
					return err
				}
			}
			fmt.Fprintln(a.Out, a.Count("ws.cosigned", int64(n)))
			return nil
		}
		return fmt.Errorf("checkpoint of %d entries: %w", theirs.N, workspace.ErrNotFound)
	})
}

// signedBy returns the keys of the witnesses that signed a checkpoint.
func (c *ledgerCosignedCmd) signedBy(logKey string, checkpoint []byte) (keys []string, err error) {
	for _, key := range c.Witness {
		if key, err = keyOf(key); err != nil {
			return nil, err
		}
		p, err := client.Policy(logKey, []string{key}, 1)
		if err != nil {
			return nil, err
		}
		if _, err := client.Checkpoint(checkpoint, p); err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: %w: none of the witnesses signed it", c.File, client.ErrNotProven)
	}
	return keys, nil
}

// vaultCmd is "amparo vault".
type vaultCmd struct {
	Verify vaultVerifyCmd `cmd:"" help:"vault_verify"`
}

type vaultVerifyCmd struct {
	Evidence []string `arg:"" optional:"" help:"vault_evidence"`
	Clean    bool     `help:"vault_clean"`
	JSON     bool     `name:"json" help:"json"`
	wsFlags
}

// verified is what was found of one evidence.
type verified struct {
	Evidence string         `json:"evidence"`
	Files    int            `json:"files"`
	Damaged  []vault.Damage `json:"damaged"`
}

// Run reads stored evidence again and compares all hashes. Exit 1: damage.
func (c *vaultVerifyCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		list := c.Evidence
		if len(list) == 0 {
			var err error
			if list, err = s.readable(); err != nil {
				return err
			}
		}
		all, bad := []verified{}, 0
		for _, id := range list {
			v, err := s.verify(id)
			if err != nil {
				return err
			}
			all, bad = append(all, v), bad+len(v.Damaged)
		}
		if c.Clean {
			if err := s.clean(); err != nil {
				return err
			}
		}
		if err := a.showVerified(all, c.JSON); err != nil {
			return err
		}
		if bad > 0 {
			return exitError(exitFailed)
		}
		return nil
	})
}

func (a *app) showVerified(all []verified, asJSON bool) error {
	if asJSON {
		return writeJSON(a.Out, all)
	}
	for _, v := range all {
		fmt.Fprintln(a.Out, a.Text("ws.verified", "Evidence", v.Evidence, "Files", a.Number(int64(v.Files)), "Damaged", a.Number(int64(len(v.Damaged)))))
		for _, d := range v.Damaged {
			fmt.Fprintf(a.Out, "  %s  %s  %s\n", safe(d.Path), d.Segment, safe(d.Error))
		}
	}
	return nil
}

// verify reads one evidence again, and notes that in the ledger.
func (s *space) verify(id string) (verified, error) {
	ctx := s.app.ctx
	v := verified{Evidence: id, Damaged: []vault.Damage{}}
	key, err := s.EvidenceKey(ctx, id, workspace.Analysis)
	if err != nil {
		return v, err
	}
	b, err := vault.Open(ctx, s.Vault, s.Index(), id, key)
	if err != nil {
		return v, err
	}
	v.Files = len(b.Files())
	p := s.app.newProgress()
	var done int64
	bad, err := b.Verify(ctx, func(n int64) { done += n; p.storing(0, done) })
	p.end()
	if err != nil {
		return v, err
	}
	v.Damaged = append(v.Damaged, bad...)
	return v, s.Verified(ctx, id, len(bad))
}
