package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/limit"
)

type indicatorsPackCmd struct {
	File    string `arg:"" help:"indicators_pack_file"`
	KeyFile string `required:"" help:"indicators_pack_key" placeholder:"FILE"`
	storeFlags
}

// Run writes all installed sets into one signed file.
func (c *indicatorsPackCmd) Run(a *app) error {
	secret, err := smallFile(c.KeyFile)
	if err != nil {
		return err
	}
	return c.change(a, func(st *feed.Store, _ any) error {
		n := 0
		err := writeFile(c.File, func(w io.Writer) (err error) {
			n, err = st.Pack(w, secret)
			return err
		})
		if err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		fmt.Fprintln(a.Out, a.Count("indicators.packed", int64(n), "File", safe(c.File)))
		return nil
	})
}

type indicatorsUnpackCmd struct {
	File  string   `arg:"" help:"indicators_unpack_file"`
	Trust []string `required:"" help:"indicators_unpack_trust" placeholder:"KEY|FILE" sep:"none"`
	storeFlags
}

// Run installs the sets of a pack, if a trusted key signed it.
func (c *indicatorsUnpackCmd) Run(a *app) error {
	var trusted []string
	for _, key := range c.Trust {
		if text, err := smallFile(key); err == nil {
			key = text
		}
		trusted = append(trusted, strings.TrimSpace(key))
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.change(a, func(st *feed.Store, _ any) error {
		u, err := st.Unpack(f, trusted)
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		fmt.Fprintln(a.Out, a.Text("indicators.unpacked", "Signer", safe(u.Signer), "Date", u.Made.Format("2006-01-02 15:04 UTC"),
			"Added", len(u.Added), "Changed", len(u.Changed), "Same", u.Same))
		for i := range u.Added {
			a.listEntry(&u.Added[i], false)
		}
		for i := range u.Changed {
			a.listEntry(&u.Changed[i], false)
		}
		return nil
	})
}

type indicatorsKeyCmd struct {
	Name string `arg:"" help:"indicators_key_name"`
	Out  string `required:"" help:"indicators_key_out" placeholder:"FILE"`
}

// Run makes a pair of keys: the secret one goes into a file that only its
// owner can read, the public one is printed.
func (c *indicatorsKeyCmd) Run(a *app) error {
	secret, public, err := feed.GenerateKey(c.Name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("secret key: %w", err)
	}
	_, err = fmt.Fprintln(f, secret)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("secret key: %w", err)
	}
	fmt.Fprintln(a.Out, public)
	fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("indicators.key_made", "File", safe(c.Out)))
	return nil
}

func smallFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := limit.ReadAll(f, 64<<10)
	return strings.TrimSpace(string(b)), err
}
