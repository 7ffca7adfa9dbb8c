package report

import (
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

// maxReasonValue bounds a value within a sentence.
const maxReasonValue = 120

// LureReason is the sentence of a reason, in p's language. A reason that the
// catalogue does not know stands for itself: a result folder may be forged.
func LureReason(p *message.Printer, l *finding.Pretended, r finding.Reason) string {
	id := "lure.reason." + r.ID
	if !p.Has(id) {
		return short(r.ID, maxReasonValue)
	}
	pairs := make([]any, 0, 2*len(r.Values))
	for name, value := range r.Values {
		switch {
		case name == "Kind":
			value = p.Or("lure.kind.", value)
		case name == "Name" && value == l.Name:
			value = lureName(p, l)
		}
		pairs = append(pairs, name, short(value, maxReasonValue))
	}
	return p.Text(id, pairs...)
}

// LureTitle says in a sentence what a message pretends to be.
func LureTitle(p *message.Printer, l *finding.Pretended) string {
	switch {
	case l.Name != "":
		return p.Text("lure.title_named", "Name", short(lureName(p, l), maxReasonValue))
	case l.Kind != "":
		return p.Text("lure.title_kind", "Kind", short(p.Or("lure.kind.", l.Kind), maxReasonValue))
	case len(l.Pressure) > 0:
		return p.Text("lure.title_pressure")
	}
	return p.Text("lure.title_link")
}

// lureName is what an institution is called in p's language.
func lureName(p *message.Printer, l *finding.Pretended) string {
	return firstOf(l.Names[p.Lang()], l.Name)
}

// lureReasons are the sentences of all reasons of a finding.
func lureReasons(p *message.Printer, l *finding.Pretended) string {
	list := make([]string, len(l.Reasons))
	for i, r := range l.Reasons {
		list[i] = LureReason(p, l, r)
	}
	return strings.Join(list, " ")
}

// lureTexts are what a report says of a lure, each under its heading.
func (v *view) lureTexts(l *finding.Pretended) []pair {
	return []pair{
		{v.Text("lure.seen"), lureReasons(v.Printer, l)},
		{v.Text("html.meaning"), v.Text("lure.meaning")},
		{v.Text("html.other"), v.Text("lure.other")},
		{v.Text("html.next"), v.Text("lure.next") + " " + v.Text("lure.next_opened")},
	}
}

// lure explains a lure on the terminal.
func (x *explainer) lure(l *finding.Pretended) {
	for _, r := range l.Reasons {
		x.line("- %s", LureReason(x.Printer, l, r))
	}
	x.line("%s", x.Text("lure.meaning"))
	x.line("%s", x.Text("explain.other", "Text", x.Text("lure.other")))
	x.line("%s", x.Text("explain.next", "Text", x.Text("lure.next")))
}

// lureKey groups lures that pretend the same by the same domain.
func lureKey(f *finding.Finding) string {
	l := f.Lure
	where := l.Registered
	if where == "" {
		where = l.Host
	}
	return strings.Join([]string{f.Severity.String(), "lure", l.Kind, l.Institution, where, strings.Join(l.Pressure, ",")}, "\x00")
}
