package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
)

// indicators is what a check matches against.
type indicators struct {
	matcher *indicator.Matcher // nil: none
	sets    []finding.IndicatorSet
}

// loadIndicators loads the given files and folders or, where none is given,
// the installed sets.
func (a *app) loadIndicators(paths []string) (*indicators, error) {
	if len(paths) == 0 {
		dir, err := installedDir()
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return &indicators{}, nil
		}
		paths = []string{dir}
	}
	var sets []*indicator.Set
	for _, path := range paths {
		list, err := indicator.LoadPath(path)
		if err != nil {
			return nil, fmt.Errorf("indicators: %w", err)
		}
		sets = append(sets, list...)
	}
	if len(sets) == 0 {
		return &indicators{}, nil
	}
	loaded := &indicators{matcher: indicator.NewMatcher(sets)}
	for _, set := range sets {
		loaded.sets = append(loaded.sets, set.Describe())
	}
	return loaded, nil
}

// installedDir is where the installed sets lie: AMPARO_HOME, or the user's
// configuration folder.
func installedDir() (string, error) {
	if home := os.Getenv("AMPARO_HOME"); home != "" {
		return filepath.Join(home, "indicators"), nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("installed indicators: %w", err)
	}
	return filepath.Join(config, "amparo", "indicators"), nil
}

// indicatorsCmd is "amparo indicators".
type indicatorsCmd struct {
	Add  indicatorsAddCmd  `cmd:"" help:"${indicators_add}"`
	List indicatorsListCmd `cmd:"" help:"${indicators_list}"`
}

type indicatorsAddCmd struct {
	Paths []string `arg:"" name:"path" help:"${indicators_paths}"`
}

// Run installs copies of the files, each only once it was read as a set.
func (c *indicatorsAddCmd) Run(a *app) error {
	dir, err := installedDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	for _, path := range c.Paths {
		sets, err := indicator.LoadPath(path)
		if err != nil {
			return fmt.Errorf("indicators: %w", err)
		}
		for _, set := range sets {
			if err := a.install(dir, set); err != nil {
				return err
			}
		}
	}
	return nil
}

// install copies the file of a set. The name has the start of the hash, so
// that two publishers' files of one name stand side by side.
func (a *app) install(dir string, set *indicator.Set) error {
	d := set.Describe()
	if d.SHA256 == "" {
		return fmt.Errorf("indicators: %s was not read: %s", set.File, strings.Join(d.Notes, "; "))
	}
	base := strings.TrimSuffix(filepath.Base(set.File), filepath.Ext(set.File))
	name := filepath.Join(dir, folderName(base)+"-"+d.SHA256[:12]+".stix2")
	if _, err := os.Stat(name); err == nil {
		fmt.Fprintln(a.Out, a.Text("cli.indicators_same", "File", safe(d.File)))
		return nil
	}
	data, err := os.ReadFile(set.File)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != d.SHA256 {
		return fmt.Errorf("%s changed while it was read", set.File)
	}
	err = writeFile(name, func(w io.Writer) error {
		_, err := bytes.NewReader(data).WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Out, a.Text("cli.indicators_added", "File", safe(d.File), "Count", a.Number(int64(d.Count)), "SHA256", d.SHA256))
	a.notUnderstood(&d)
	return nil
}

type indicatorsListCmd struct {
	JSON bool `name:"json" help:"${json}"`
}

// Run lists the installed sets.
func (c *indicatorsListCmd) Run(a *app) error {
	loaded, err := a.loadIndicators(nil)
	if err != nil {
		return err
	}
	if c.JSON {
		if loaded.sets == nil {
			loaded.sets = []finding.IndicatorSet{}
		}
		return writeJSON(a.Out, loaded.sets)
	}
	if len(loaded.sets) == 0 {
		fmt.Fprintln(a.Out, a.Text("cli.indicators_none"))
	}
	for i := range loaded.sets {
		d := &loaded.sets[i]
		fmt.Fprintln(a.Out, a.Text("cli.indicators_loaded", "File", safe(d.File),
			"Count", a.Number(int64(d.Count)), "Threats", safe(d.Name)))
		a.notUnderstood(d)
	}
	return nil
}

// notUnderstood lists the patterns of a set that no check will use.
func (a *app) notUnderstood(d *finding.IndicatorSet) {
	if len(d.NotUnderstood) == 0 {
		return
	}
	fmt.Fprintln(a.Out, "  "+a.Count("cli.indicators_not_understood", int64(len(d.NotUnderstood))))
	for _, u := range d.NotUnderstood[:min(len(d.NotUnderstood), 10)] {
		fmt.Fprintf(a.Out, "    %s  %s: %s\n", safe(u.ID), safe(u.Pattern), safe(u.Reason))
	}
}
