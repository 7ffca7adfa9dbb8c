package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/lure/inbox"
)

// lureCmd is "amparo lure".
type lureCmd struct {
	What         []string `arg:"" name:"what" help:"lure_what"`
	Sender       string   `help:"lure_sender" placeholder:"NUMBER"`
	Institutions []string `help:"institutions" placeholder:"DIR" sep:"none"`
	Indicators   []string `help:"check_indicators" placeholder:"PATH" sep:"none"`
	JSON         bool     `name:"json" help:"json"`
	identityFlags
}

// loadLures returns what messages are read with: what comes with Amparo, the
// installed institutions of a team, and those of the folders.
func loadLures(dirs []string) (*lure.Knowledge, error) {
	if installed, err := institutionsDir(); err == nil {
		if names, err := filepath.Glob(filepath.Join(installed, "*.yaml")); err == nil && len(names) > 0 {
			dirs = append([]string{installed}, dirs...)
		}
	}
	k, err := lure.Load(dirs...)
	if errors.Is(err, lure.ErrInstitutions) {
		return nil, usageError{err}
	}
	return k, err
}

// institutionsDir is where a team keeps its own institutions, beside the
// installed indicators.
func institutionsDir() (string, error) {
	dir, err := installedDir()
	return filepath.Join(filepath.Dir(dir), "institutions"), err
}

// maxKept bounds the messages that are kept to be shown and grouped. Those
// that are worth no look are only counted.
const maxKept = 100_000

// lureRun is one call of the command.
type lureRun struct {
	*app
	cmd      *lureCmd
	k        *lure.Knowledge
	reader   *lure.Reader
	listed   func(links []string) bool
	single   bool // what was given is one message: it is shown whatever it is
	all      int64
	kept     []lureMessage
	inputs   []lureInput
	unread   bool
	overflow bool
}

// lureMessage is a message that is worth a look.
type lureMessage struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Place  string `json:"place,omitempty"` // file of the evidence
	Device string `json:"device,omitempty"`
	Sender string `json:"sender,omitempty"`
	Name   string `json:"sender_name,omitempty"`
	Text   string `json:"text"`
	lure.Reading
	Finding string `json:"finding,omitempty"` // its id in a result folder
}

// lureInput is what was read of one argument.
type lureInput struct {
	File     string   `json:"file,omitempty"`
	Format   string   `json:"format"`
	Messages int64    `json:"messages"`
	Columns  []string `json:"columns,omitempty"`
	Read     string   `json:"read,omitempty"` // of a picture
	Program  string   `json:"program,omitempty"`
	Problems []string `json:"problems"`
	More     int64    `json:"more_problems,omitempty"`
}

// Run reads messages and says what they pretend to be.
func (c *lureCmd) Run(a *app) error {
	k, err := loadLures(c.Institutions)
	if err != nil {
		return err
	}
	r := &lureRun{app: a, cmd: c, k: k, reader: k.Reader(), listed: func([]string) bool { return false }}
	if err := r.loadListed(); err != nil {
		return err
	}
	for _, what := range c.What {
		if err := r.read(what); err != nil {
			if len(c.What) == 1 || a.ctx.Err() != nil {
				return err
			}
			r.unread = true
			a.tell(err, a.hint(err))
		}
	}
	if err := r.show(); err != nil {
		return err
	}
	if r.unread {
		return exitError(exitFailed)
	}
	return nil
}

// read reads one argument: a file, a result folder, evidence, or else the
// text itself.
func (r *lureRun) read(what string) error {
	info, err := os.Stat(what)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist) && looksLikePath(what):
		return err
	case err != nil && looksLikePath(what):
		return usageError{err}
	case err != nil:
		return r.readText(what)
	case info.IsDir() && isResult(what):
		return r.readResult(what)
	case info.IsDir() || !isInbox(r.ctx, what):
		return r.readEvidence(what)
	}
	return r.readFile(what)
}

// looksLikePath reports whether somebody meant a file: one word that ends in
// the ending of one.
func looksLikePath(what string) bool {
	if strings.ContainsAny(what, " \n") || strings.Contains(what, "://") || len(what) > 4096 {
		return false
	}
	switch strings.ToLower(filepath.Ext(what)) {
	case ".csv", ".tsv", ".eml", ".txt", ".png", ".jpg", ".jpeg", ".zip", ".tar", ".jsonl":
		return true
	}
	return strings.HasPrefix(what, "./") || strings.HasPrefix(what, "/")
}

// isInbox reports whether a file is one in which people bring messages.
func isInbox(ctx context.Context, path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv", ".eml", ".txt", ".png", ".jpg", ".jpeg":
		return true
	case ".zip":
		in, err := inbox.Open(ctx, path)
		if err != nil {
			return false
		}
		return in.Close() == nil
	}
	return false
}

func (r *lureRun) readText(text string) error {
	r.single = len(r.cmd.What) == 1
	in := lureInput{Format: inbox.Text, Messages: 1, Problems: []string{}}
	r.inputs = append(r.inputs, in)
	r.add("", &inbox.Item{Message: lure.Message{Text: text, Sender: r.cmd.Sender}})
	return nil
}

func (r *lureRun) readFile(path string) (err error) {
	box, err := inbox.Open(r.ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	in := lureInput{File: path, Format: box.Format, Columns: box.Columns, Read: box.Read, Program: box.Program, Problems: []string{}}
	r.single = len(r.cmd.What) == 1 && (box.Format == inbox.Text || box.Format == inbox.EML || box.Format == inbox.Image)
	for item, err := range box.Messages() {
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if err != nil {
			in.problem(err)
			r.unread = true
			continue
		}
		in.Messages++
		if item.Sender == "" && box.Format != inbox.WhatsApp {
			item.Sender = r.cmd.Sender
		}
		r.add(path, item)
	}
	r.inputs = append(r.inputs, in)
	return nil
}

// maxProblems is how many places are named; the rest are counted.
const maxProblems = 20

func (in *lureInput) problem(err error) {
	if len(in.Problems) == maxProblems {
		in.More++
		return
	}
	in.Problems = append(in.Problems, err.Error())
}

// add reads one message and keeps it if it is worth a look.
func (r *lureRun) add(file string, item *inbox.Item) {
	r.all++
	item.Listed = r.listed(item.Links)
	reading := r.reader.Read(&item.Message)
	if len(item.Links) == 0 && len(reading.Links) > 0 {
		urls := make([]string, len(reading.Links))
		for i := range reading.Links {
			urls[i] = reading.Links[i].URL
		}
		if r.listed(urls) {
			item.Links, item.Listed = urls, true
			reading = r.reader.Read(&item.Message)
		}
	}
	r.keep(lureMessage{
		File: file, Line: item.Line, Device: item.Device, Sender: item.Sender, Name: item.SenderName, Text: item.Text, Reading: reading,
	})
}

func (r *lureRun) keep(m lureMessage) {
	if m.Severity < finding.Low && !r.single {
		return
	}
	if len(r.kept) == maxKept {
		r.overflow = true
		return
	}
	m.Text = clipText(m.Text)
	r.kept = append(r.kept, m)
}

// maxKeptText bounds the text of a message that is kept.
const maxKeptText = 4096

func clipText(s string) string {
	if len(s) <= maxKeptText {
		return s
	}
	return strings.ToValidUTF8(s[:maxKeptText], "") + "…"
}

// lines calls fn with each line of a file of records.
func lines(path string, fn func(line []byte) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 64<<10), 64<<20)
	for sc.Scan() {
		if err := fn(sc.Bytes()); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// recordLine is a line of records/NAME.jsonl, as far as a message needs it.
type recordLine struct {
	Kind  string                     `json:"kind"`
	Data  map[string]json.RawMessage `json:"data"`
	Times []struct {
		Meaning string `json:"meaning"`
		At      string `json:"at"`
	} `json:"times"`
}
