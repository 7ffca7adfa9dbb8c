package notice

import (
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/message"
)

// An Event is what a person is told of.
type Event struct {
	Kind string `json:"kind"`          // of Events
	ID   string `json:"id"`            // of the finding, answer or request
	Day  string `json:"day,omitempty"` // on which it happened
	Who  string `json:"who,omitempty"` // the authority
}

// Cause names an event for ever: one notice of it goes to one person.
func (e Event) Cause() string { return e.Kind + ":" + e.ID + ":" + e.Day }

// Text is what a person gets.
type Text struct {
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

// Compose writes the text for a channel in a language, from the templates of the
// catalogue. For Mail it depends on nothing but the helpline: not on the case,
// the event or the person.
func Compose(channel, lang string, e Event, c *Config) (Text, error) {
	p := message.New(lang)
	reach := c.Helpline.Reach[p.Lang()]
	if reach == "" {
		return Text{}, fmt.Errorf("%w: helpline.reach has no text in %q: how can the helpline be reached safely?", ErrConfig, p.Lang())
	}
	if channel == Mail {
		return Text{Subject: p.Text("notices.mail_subject"), Body: p.Text("notices.mail_body", "Reach", reach)}, nil
	}
	what := p.Text("notices.event."+e.Kind, "Who", e.Who, "Day", e.Day)
	if channel == Phone {
		return Text{Subject: p.Text("notices.phone_subject"), Body: p.Text("notices.phone_body", "What", what, "Helpline", c.Helpline.Name, "Reach", reach)}, nil
	}
	return Text{Subject: p.Text("notices.letter_subject"), Body: p.Text("notices.letter_body", "What", what, "Helpline", c.Helpline.Name, "Reach", reach)}, nil
}

// Address finds the address for a channel in the ways a person can be reached:
// "mailto:a@example.org", "letter:street…", "phone:+52…". It is "" where there
// is none.
func Address(channel string, reach []string) string {
	prefixes := map[string][]string{Mail: {"mailto:", "mail:", "email:"}, Letter: {"letter:", "post:"}, Phone: {"phone:", "tel:", "signal:", "whatsapp:"}}
	for _, way := range reach {
		for _, prefix := range prefixes[channel] {
			if rest, ok := cutFold(way, prefix); ok && strings.TrimSpace(rest) != "" {
				return strings.TrimSpace(rest)
			}
		}
	}
	return ""
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
