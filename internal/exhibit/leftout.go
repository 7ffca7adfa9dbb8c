package exhibit

import (
	"strings"

	"github.com/amparo-project/amparo/internal/message"
)

// An Omission is something that an export does not hold, and why.
type Omission struct {
	Reason string `json:"reason"`          // one of the codes below
	Of     string `json:"of,omitempty"`    // evidence, run or file
	Count  int64  `json:"count,omitempty"` // how many
}

// Reasons: messages export.omit.<code>.
const (
	omitNoConsent        = "no_consent"
	omitErased           = "erased"
	omitAllButIndicators = "all_but_indicators"
	omitNoExchange       = "no_exchange"
	omitFiles            = "files"
	omitNotAsked         = "not_asked"
	omitNotNeeded        = "not_needed"
	omitNoRun            = "no_run"
	omitNames            = "names"
	omitPrivate          = "private"
	omitHunted           = "hunted"
	omitNotOpened        = "not_opened"
	omitNotFound         = "not_found"
	omitNotStored        = "not_stored"
	omitNotReached       = "not_reached"
)

// Say is the sentence about an omission.
func (o Omission) Say(p *message.Printer) string {
	return p.Text("export.omit."+o.Reason, "Of", o.Of, "Count", p.Number(o.Count))
}

// omit notes that something is left out, once.
func (k *maker) omit(reason, of string, count int64) {
	o := Omission{reason, of, count}
	for _, had := range k.said {
		if had == o {
			return
		}
	}
	k.said = append(k.said, o)
}

// writeOmissions says in the bag what it does not hold: it comes last of the
// payload.
func (k *maker) writeOmissions() error {
	var b strings.Builder
	for _, lang := range k.r.Languages {
		p := message.New(lang)
		b.WriteString(p.Text("export.left_out") + "\n\n")
		for _, o := range k.said {
			b.WriteString("- " + o.Say(p) + "\n")
		}
		b.WriteString("\n")
	}
	if err := k.out.PutBytes("data/left-out.txt", []byte(b.String())); err != nil {
		return err
	}
	return k.putJSON("data/left-out.json", k.said)
}
