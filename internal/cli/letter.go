package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/letter"
	"github.com/amparo-project/amparo/internal/casework"
)

// letterCmd is "amparo letter".
type letterCmd struct {
	accountAt
	To    string `help:"letter_to" required:"" placeholder:"AUTHORITY"`
	From  string `help:"letter_from" required:"" placeholder:"TEXT"`
	Label string `help:"publish_label" placeholder:"TEXT"`
	Out   string `help:"letter_out" required:"" placeholder:"FILE.docx|FILE.pdf"`
	anyFlags
}

// errLetterKind refuses any other ending.
var errLetterKind = fmt.Errorf("a letter is written as .docx or .pdf")

// Run drafts a letter to an authority.
func (c *letterCmd) Run(a *app) error {
	ending := strings.ToLower(filepath.Ext(c.Out))
	if ending != ".docx" && ending != ".pdf" {
		return usageError{errLetterKind}
	}
	return c.either(a, func(s works) error {
		st, err := c.standing(a, s)
		if err != nil {
			return err
		}
		for _, line := range a.words().Contradictions(st) {
			fmt.Fprintln(a.Err, "amparo: "+safe(line))
		}
		in := &letter.Input{Lang: a.Lang(), To: c.To, From: c.From, On: st.On, Label: c.Label, Standing: st}
		b, err := book.Load(a.ctx, s, c.Case)
		if err != nil {
			return err
		}
		a.tellClashes(b)
		set, _, err := a.concernRules(nil)
		if err != nil {
			return err
		}
		decided, err := casework.LoadDecisions(a.ctx, s, c.Case)
		if err != nil {
			return err
		}
		a.tellFaults(a.words().LetterParts(set, b, decided, in))
		l := letter.Draft(in)
		write := l.WriteDOCX
		if ending == ".pdf" {
			write = l.WritePDF
		}
		if err := writeFile(c.Out, func(w io.Writer) error { return write(w) }); err != nil {
			return err
		}
		notes := 0
		for _, b := range l.Blocks {
			notes += len(b.Notes)
		}
		if c.JSON {
			return writeJSON(a.Out, l)
		}
		fmt.Fprintln(a.Out, a.Text("letter.written", "File", safe(c.Out), "Count", a.Number(int64(notes))))
		return nil
	})
}
