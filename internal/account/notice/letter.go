package notice

import (
	"io"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/paper"
)

// WriteLetter writes a notice as a letter in PDF, to be handed over or posted.
// The same notice of the same day gives the same bytes.
func WriteLetter(w io.Writer, t Text, address, lang string, c *Config, day time.Time) error {
	p := paper.New(paper.Options{Title: t.Subject, Lang: lang, Date: day})
	p.Para(c.Helpline.Name)
	p.Space(14)
	if address != "" {
		p.Para(strings.ReplaceAll(address, ", ", "\n"))
		p.Space(8)
	}
	p.Para(day.Format(time.DateOnly))
	p.Space(6)
	p.Title(t.Subject)
	for _, para := range strings.Split(t.Body, "\n\n") {
		p.Para(para)
	}
	return p.Write(w)
}
