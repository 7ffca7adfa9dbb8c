package settings

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/workspace"
)

// ErrOther says that somebody else changed the file since it was read. It wraps
// workspace.ErrConflict.
var ErrOther = fmt.Errorf("%w: the workspace keeps another file than the one that was read", workspace.ErrConflict)

// ErrMachine says that a file names a file or a variable of the machines that
// the kept one does not name, from where nobody is at them. It wraps
// workspace.ErrInvalid.
var ErrMachine = fmt.Errorf("%w: a file or a variable of the machines", workspace.ErrInvalid)

// ErrOwnFeeds says that a machine has feeds of its own, which would not be asked
// any more once the workspace keeps a file.
var ErrOwnFeeds = errors.New("this machine has a feeds.yaml of its own, and the workspace keeps none")

// None is what is read where the workspace keeps no file.
const None = "none"

// SHA256 is the hash by which a file is known, in hex.
func SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// A Wish says what is wanted of a file that is kept.
type Wish struct {
	// Seen is the hash of the file that was read before, None, or "" for whatever
	// is there.
	Seen string
	// Far says that whoever asks is not at a machine of the workspace: what they
	// bring may name no other file or variable of the machines than the file that
	// is kept. Otherwise a page could have a server send its own secrets away.
	Far bool
}

// Keep keeps a file in place of the one on each machine. It is for managers.
// Errors are Faults, or wrap ErrOther, ErrMachine or what ChangeShared does.
func Keep(ctx context.Context, w *workspace.Workspace, name string, data []byte, wish Wish) error {
	if err := Check(name, data); err != nil {
		return err
	}
	return w.ChangeShared(ctx, name, func(old []byte) ([]byte, map[string]any, error) {
		if err := wish.fits(old); err != nil {
			return nil, nil, err
		}
		if wish.Far {
			if err := nothingNew(name, old, data); err != nil {
				return nil, nil, err
			}
		}
		return data, map[string]any{"sha256": SHA256(data)}, nil
	})
}

// Remove removes a file: each machine goes by what lies on it. It is for
// managers. Errors wrap ErrOther or what RemoveShared does.
func Remove(ctx context.Context, w *workspace.Workspace, name string, wish Wish) error {
	return w.RemoveShared(ctx, name, wish.fits)
}

// SwitchFeed switches a feed off for all servers and workers, or on again, in
// the file that the workspace keeps; installed are its sets. machine is what
// counts where it keeps none: it would count no more. It is for managers. Errors
// wrap ErrOwnFeeds, workspace.ErrInvalid with what feed.Switch says, or are those
// of ChangeShared.
func SwitchFeed(ctx context.Context, w *workspace.Workspace, machine *feed.Config, installed []feed.Entry, name string, on bool) (changed bool, err error) {
	err = w.ChangeShared(ctx, workspace.SharedFeeds, func(old []byte) ([]byte, map[string]any, error) {
		if old == nil && len(machine.Feeds)+len(machine.NotAsked) > 0 {
			return nil, nil, ErrOwnFeeds
		}
		data, err := feed.Switch(old, installed, name, on)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", workspace.ErrInvalid, err)
		}
		if len(data) > MaxSize {
			return nil, nil, Faults{{Kind: Large}}
		}
		if bytes.Equal(data, old) {
			return nil, nil, errSame
		}
		return data, map[string]any{"sha256": SHA256(data)}, nil
	})
	if errors.Is(err, errSame) {
		return false, nil
	}
	return err == nil, err
}

// errSame says that there is nothing to change.
var errSame = errors.New("the feed is as it shall be")

// fits reports whether what is kept is what was read.
func (w Wish) fits(old []byte) error {
	is := None
	if old != nil {
		is = SHA256(old)
	}
	if w.Seen != "" && w.Seen != is {
		return ErrOther
	}
	return nil
}

// of is what a file says of the machines: by which file or variable a secret
// goes where, or what is trusted.
type of struct{ key, value, to string }

// nothingNew refuses what the kept file does not say of the machines.
func nothingNew(name string, old, data []byte) error {
	known := map[of]bool{}
	for _, x := range ofMachines(name, old) {
		known[x] = true
	}
	for _, x := range ofMachines(name, data) {
		if !known[x] {
			return fmt.Errorf("%w: %s: %s, for %s", ErrMachine, x.key, x.value, x.to)
		}
	}
	return nil
}

// ofMachines lists what a file says of the machines; a file that does not read
// says nothing.
func ofMachines(name string, data []byte) (out []of) {
	switch name {
	case workspace.SharedFeeds:
		c, err := feed.ParseConfig(data)
		if err != nil {
			return nil
		}
		for i := range c.Feeds {
			s := &c.Feeds[i]
			u, err := feed.CheckAddress(s.Address)
			if err != nil {
				return nil
			}
			to := u.Scheme + "://" + u.Host
			if s.KeyEnv != "" {
				out = append(out, of{"key_env", s.KeyEnv, to})
			}
			if s.KeyFile != "" {
				out = append(out, of{"key_file", s.KeyFile, to})
			}
		}
	case workspace.SharedNotices:
		c, err := notice.ParseConfig(data)
		if err != nil {
			return nil
		}
		if c.SMTP.PasswordFile != "" {
			out = append(out, of{"smtp.password_file", c.SMTP.PasswordFile, c.SMTP.Host})
		}
		if c.SMTP.CAFile != "" {
			out = append(out, of{"smtp.ca_file", c.SMTP.CAFile, c.SMTP.Host})
		}
	}
	return out
}
