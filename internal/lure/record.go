package lure

import (
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// The fields by which a record is a message, each in the order in which they
// count. An artifact takes part when one of its kinds has a field of links,
// one of text, and one that says who sent it or in which direction: nothing
// has to be registered.
var (
	linkField   = "links"
	textFields  = []string{"text", "ZTEXT", "body", "text_data", "snippet", "subject", "attributed_text", "media_title", "message", "ZTITLE", "preview_title"}
	fromFields  = []string{"phone_number", "sender", "sender_jid", "address", "from", "remote_resource", "ZFROMJID", "chat"}
	nameFields  = []string{"sender_name", "chat_name", "display_name", "contact_name"}
	directionOf = "direction"
)

// maxBody bounds the text that is put together of several fields.
const maxBody = maxText

// Records reads the records of one artifact. It is for one goroutine.
type Records struct {
	kinds []artifact.Kind
	*Reader
	m Message // the one at hand
}

// Records returns what reads the records of an artifact, nil where it holds no
// messages.
func (k *Knowledge) Records(info artifact.Info) *Records {
	if k == nil {
		return nil
	}
	var kinds []artifact.Kind
	for i := range info.Kinds {
		if isMessage(&info.Kinds[i]) {
			kinds = append(kinds, info.Kinds[i].Kind)
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	return &Records{kinds: kinds, Reader: k.Reader()}
}

// Knowledge returns what the messages are read with.
func (r *Records) Knowledge() *Knowledge { return r.k }

func isMessage(kind *artifact.KindInfo) bool {
	var hasLinks, hasText, hasSender bool
	for i := range kind.Fields {
		name := kind.Fields[i].Name
		hasLinks = hasLinks || name == linkField
		hasText = hasText || slices.Contains(textFields, name)
		hasSender = hasSender || name == directionOf || slices.Contains(fromFields, name)
	}
	return hasLinks && hasText && hasSender
}

// Read says what the message of a record pretends to be; false where there is
// nothing to say: it is no message, was sent by the owner, or holds no link.
// Listed says that a published indicator matched one of its links.
func (r *Records) Read(rec *artifact.Record, listed bool) (Reading, bool) {
	links := rec.Get(linkField).Strings()
	if len(links) == 0 || !slices.Contains(r.kinds, rec.Kind) {
		return Reading{}, false // most messages end here
	}
	if d := rec.Text(directionOf); d == "sent" || d == "outgoing" {
		return Reading{}, false
	}
	if !listed && r.allOfficial(links) {
		return Reading{}, false
	}
	r.m = MessageOf(rec)
	r.m.Listed = listed
	out := r.Reader.Read(&r.m)
	return out, out.Severity > finding.Info
}

// allOfficial reports whether all links lead to institutions' own addresses:
// such a message says nothing, whatever its words.
func (r *Records) allOfficial(links []string) bool {
	for _, url := range links[:min(len(links), maxLinks)] {
		if l, ok := r.link(url); ok && l.Kind != Official {
			return false
		}
	}
	return true
}

// MessageOf takes text, sender, links and time out of a record, in one pass
// over its fields.
func MessageOf(rec *artifact.Record) Message {
	m := Message{Links: rec.Get(linkField).Strings(), Time: firstTime(rec)}
	best := [2]int{len(fromFields), len(nameFields)}
	for i := range rec.Fields {
		f := &rec.Fields[i]
		s, ok := f.Value.Str()
		if !ok || s == "" {
			continue
		}
		if slices.Contains(textFields, f.Name) {
			m.addText(s)
			continue
		}
		if n := slices.Index(fromFields, f.Name); n >= 0 && n < best[0] {
			best[0], m.Sender = n, s
		}
		if n := slices.Index(nameFields, f.Name); n >= 0 && n < best[1] {
			best[1], m.SenderName = n, s
		}
	}
	return m
}

func (m *Message) addText(s string) {
	switch {
	case m.Text == "":
		m.Text = s
	case len(m.Text) < maxBody && !strings.Contains(m.Text, s):
		m.Text += "\n" + s
	}
}

func firstTime(rec *artifact.Record) time.Time {
	for i := range rec.Times {
		if !rec.Times[i].At.IsZero() {
			return rec.Times[i].At
		}
	}
	return time.Time{}
}

// Pretended is what a finding says of a reading.
func (k *Knowledge) Pretended(r *Reading) *finding.Pretended {
	p := &finding.Pretended{Pressure: r.Pressure, Language: r.Language, Reasons: r.Reasons}
	if r.Pretends != nil {
		p.Kind, p.Institution, p.Name = string(r.Pretends.Kind), r.Pretends.Institution, r.Pretends.Name
	}
	if in := k.byID[p.Institution]; in != nil {
		p.Names = map[string]string{"en": in.Name("en"), "es": in.Name("es")}
	}
	if len(r.Links) > 0 {
		p.Host, p.Registered = r.Links[0].Host, r.Links[0].Registered
	}
	return p
}

// Title says in English what a message pretends to be; people read the
// catalogue's words, made of the reading.
func (r *Reading) Title() string {
	host := ""
	if len(r.Links) > 0 {
		host = " with a link to " + clip(r.Links[0].Host, 120)
	}
	switch {
	case r.Pretends != nil && r.Pretends.Name != "":
		return "Message that pretends to be from " + r.Pretends.Name + host
	case r.Pretends != nil:
		return "Message that pretends to be from a " + string(r.Pretends.Kind) + host
	}
	return "Message that presses its reader" + host
}

// Codes are the ids of the reasons in one line.
func (r *Reading) Codes() string {
	ids := make([]string, len(r.Reasons))
	for i := range r.Reasons {
		ids[i] = r.Reasons[i].ID
	}
	return strings.Join(ids, ", ")
}
