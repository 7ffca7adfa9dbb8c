package publish

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/message"
)

// view is what the template of one language shows. Everything in it that is
// not from the catalogue went through fact.
type view struct {
	*message.Printer
	in    *Input
	site  *Site
	facts []Fact
	seen  map[Fact]bool

	Title, Subtitle, Label string
	Languages              []languageView
	Contents               []linkView
	Silence                []silenceView
	Timeline               []eventView
	Promises               []promiseView
	Requests               []requestView
	Numbers                []numberView
	NumbersText            string
	Named                  []string
	Concerns, Safeguards   []tallyView
	Checkpoint, Size       string
}

type (
	languageView struct {
		Lang, Name, File string
		Here             bool
	}
	linkView    struct{ ID, Title string }
	silenceView struct{ Authority, Number, Unit, Since string }
	eventView   struct {
		Gap, Side, Anchor, Day, What, Authority, Quote, QuoteLang, Text, Source, URL, Archive, ArchiveShort string
		Late                                                                                                bool
	}
	promiseView struct{ Words, QuoteLang, Authority, Made, State, Class string }
	requestView struct {
		Anchor, Kind, Authority, Subject, State, Class, Sent, Term string
		Answers                                                    []answerView
		Documents                                                  []documentView
	}
	answerView struct {
		Line      string
		Documents []documentView
	}
	documentView struct{ Name, SHA256, File, Note string }
	numberView   struct{ Role, N string }
	tallyView    struct{ Text, N string }
)

// T is Text for the template.
func (v *view) T(id string) string { return v.Text(id) }

// fact notes that a text becomes public, and returns it.
func (v *view) fact(kind, text string) string {
	f := Fact{Kind: kind, Text: text}
	if text != "" && !v.seen[f] {
		v.seen[f] = true
		v.facts = append(v.facts, f)
	}
	return text
}

func newView(in *Input, s *clock.Standing, p *message.Printer, site *Site) *view {
	v := &view{Printer: p, in: in, site: site, seen: map[Fact]bool{}}
	v.Title = v.fact("title", in.Title)
	v.Subtitle = v.fact("title", p.Text("publish.subtitle", "Publisher", in.Publisher, "Day", v.day(in.On.Format(time.DateOnly))))
	v.Label = v.fact("title", in.Label)
	names := map[string]string{"en": "English", "es": "Español"}
	for _, l := range message.Languages {
		v.Languages = append(v.Languages, languageView{l, names[l], pageName(l), l == p.Lang()})
	}
	v.silence(s)
	v.timeline(s)
	for i := range s.Promises {
		v.promise(&s.Promises[i])
	}
	for i := range s.Requests {
		v.request(&s.Requests[i])
	}
	v.people()
	v.tallies()
	v.Checkpoint = v.fact("ledger", strings.TrimSpace(string(in.Checkpoint)))
	v.Size = v.fact("ledger", p.Count("publish.ledger_size", in.LedgerSize))
	v.contents()
	slices.SortStableFunc(v.facts, func(a, b Fact) int {
		return cmp.Compare(slices.Index(factKinds, a.Kind), slices.Index(factKinds, b.Kind))
	})
	return v
}

// factKinds are the kinds of facts, in the order in which a preview lists them.
var factKinds = []string{
	"title", "silence", "event", "promise", "request", "answer", "document", "number", "name", "concern", "safeguard", "source", "ledger",
}

func (v *view) contents() {
	for _, c := range []struct {
		id    string
		shown bool
	}{
		{"silence", v.Silence != nil},
		{"timeline", v.Timeline != nil},
		{"promises", v.Promises != nil},
		{"requests", v.Requests != nil},
		{"people", v.Numbers != nil || v.Named != nil},
		{"concerns", v.Concerns != nil},
		{"safeguards", v.Safeguards != nil},
		{"verify", true},
	} {
		if c.shown {
			v.Contents = append(v.Contents, linkView{c.id, v.Text("publish." + c.id)})
		}
	}
}

func (v *view) silence(s *clock.Standing) {
	for _, c := range s.Silence {
		if c.Days == 0 {
			continue // of today: there is no silence yet
		}
		since := "promises.since_news"
		if c.Never {
			since = "promises.since_promise"
		}
		unit := v.Count("publish.days", int64(c.Days))
		if c.AtLeast {
			unit = v.Count("publish.days_at_least", int64(c.Days))
		}
		number := v.Number(int64(c.Days))
		line := v.Text(since, "Since", v.day(c.Since))
		v.fact("silence", c.Authority+": "+number+" "+unit+": "+line)
		v.Silence = append(v.Silence, silenceView{c.Authority, number, unit, line})
	}
}

// gapDays is how long nothing must have happened for the timeline to say so.
const gapDays = 45

func (v *view) timeline(s *clock.Standing) {
	words := map[string]string{}
	for i := range s.Promises {
		words[s.Promises[i].ID] = s.Promises[i].Lang
	}
	last := ""
	for _, e := range s.Timeline {
		if !e.Public {
			continue
		}
		v.gap(last, e.Day)
		last = e.Day
		passed := e.Kind == clock.TermPassed || e.Kind == clock.RestOverdue
		ev := eventView{
			Side: e.Side, Anchor: "e-" + e.ID, Day: v.day(e.Day), What: v.Text("promises.kind." + e.Kind), Authority: e.Authority,
			Late: passed || e.Kind == clock.Broken || e.Kind == clock.Refusal,
		}
		if passed {
			ev.Anchor = "t-" + e.ID
		}
		if e.Kind == clock.Promised {
			ev.Quote, ev.QuoteLang = e.Text, language(words[e.ID])
		} else {
			ev.Text = e.Text
		}
		for _, source := range e.Sources {
			ev.Source = v.fact("source", cmp.Or(source.Title, source.URL))
			ev.URL = v.fact("source", web(source.URL))
			ev.Archive = v.fact("source", source.Archived)
			ev.ArchiveShort = source.Archived[:min(12, len(source.Archived))]
		}
		v.fact("event", ev.Day+": "+ev.What+": "+ev.Authority+": "+ev.Quote+ev.Text)
		v.Timeline = append(v.Timeline, ev)
	}
	if last != "" {
		v.gap(last, s.On.Format(time.DateOnly))
	}
}

func (v *view) gap(from, to string) {
	a, err1 := time.Parse(time.DateOnly, from)
	b, err2 := time.Parse(time.DateOnly, to)
	if err1 != nil || err2 != nil {
		return
	}
	if n := int64(b.Sub(a).Hours() / 24); n > gapDays {
		v.Timeline = append(v.Timeline, eventView{Gap: v.fact("silence", v.Count("publish.gap", n))})
	}
}

func (v *view) promise(p *clock.PromiseState) {
	class := p.State
	if class == clock.Done || class == clock.Refused {
		class = p.Saying()
	}
	row := promiseView{
		Words: p.Words, QuoteLang: language(p.Lang), Authority: p.Authority, Made: v.day(p.Made), State: v.Text("promises.state." + p.Saying()), Class: class,
	}
	if p.Late > 0 {
		row.State += ", " + v.Count("promises.late", int64(p.Late))
	}
	v.fact("promise", row.Authority+", "+row.Made+": "+row.Words+": "+row.State)
	v.Promises = append(v.Promises, row)
}

func (v *view) request(q *clock.RequestState) {
	row := requestView{
		Anchor: "r-" + q.ID, Kind: v.Text("promises.request." + q.Kind), Authority: q.Authority, Subject: q.Subject,
		State: v.Text("promises.state." + q.Saying()), Class: q.State, Sent: v.Text("publish.sent", "Day", v.day(q.Sent)),
	}
	if q.Late > 0 {
		row.State += ", " + v.Count("promises.late", int64(q.Late))
	}
	if q.Reference != "" {
		row.Subject += " (" + q.Reference + ")"
	}
	if q.Ends != "" {
		row.Term = v.Text("publish.term", "Day", v.day(q.Ends), "How", v.how(q))
	}
	v.fact("request", strings.TrimSuffix(row.Kind+": "+row.Authority+": "+row.Subject+": "+row.State+": "+row.Sent+": "+row.Term, ": "))
	for _, a := range q.Answers {
		line := v.day(a.On) + ": " + v.Text("promises.kind."+a.Kind)
		if a.Text != "" {
			line += ": " + a.Text
		}
		v.fact("answer", line)
		row.Answers = append(row.Answers, answerView{line, v.documents(a.Documents)})
	}
	row.Documents = v.documents(q.Documents)
	v.Requests = append(v.Requests, row)
}

// how says how a term was counted.
func (v *view) how(q *clock.RequestState) string {
	if q.Count == nil {
		return v.Text("promises.counted_named")
	}
	return v.Count("promises.counted_"+q.Count.Unit, int64(q.Count.Days), "Received", v.day(q.Count.Received.Format(time.DateOnly)), "Law", q.Count.Law)
}

// documents lists those that are public, and takes what is there of them into
// the site.
func (v *view) documents(list []clock.Document) []documentView {
	var out []documentView
	for _, d := range list {
		if !d.Public {
			continue
		}
		row := documentView{Name: v.fact("document", d.Name), SHA256: v.fact("document", d.SHA256)}
		if data, ok := v.in.Documents[d.SHA256]; ok {
			row.File = documentFile(d.Name, d.SHA256)
			v.site.Files[row.File] = data
			v.fact("document", v.Text("publish.document_bytes", "Name", d.Name, "Bytes", v.Number(int64(len(data)))))
		} else {
			row.Note = v.Text("publish.document_absent")
		}
		out = append(out, row)
	}
	return out
}

func (v *view) people() {
	n := v.in.Numbers
	for _, c := range n.Cells {
		v.Numbers = append(v.Numbers, numberView{v.Or("publish.role.", c.Role), v.Number(int64(c.N))})
	}
	if n.Other > 0 {
		role := v.Text("publish.other_roles")
		if len(n.Cells) == 0 {
			role = v.Text("publish.all_roles")
		}
		v.Numbers = append(v.Numbers, numberView{role, v.Number(int64(n.Other))})
	}
	if n.Few {
		v.Numbers = append(v.Numbers, numberView{v.Text("publish.all_roles"), v.Text("publish.few")})
	}
	if v.Numbers != nil {
		v.NumbersText = v.fact("number", v.Text("publish.people_text", "Day", v.day(n.On)))
	}
	for _, row := range v.Numbers {
		v.fact("number", row.Role+": "+row.N)
	}
	for _, p := range v.in.Named {
		v.Named = append(v.Named, v.fact("name", p.Name))
	}
	slices.Sort(v.Named)
}

func (v *view) tallies() {
	for _, c := range v.in.Concerns {
		n := Band(len(c.People))
		row := tallyView{c.Text.In(v.Lang()), v.Text("publish.few")}
		if n > 0 {
			row.N = v.Text("publish.or_more", "N", v.Number(int64(n)))
		} else if len(c.People) == 0 {
			continue
		}
		v.fact("concern", row.Text+": "+row.N)
		v.Concerns = append(v.Concerns, row)
	}
	for _, c := range v.in.Safeguards {
		row := tallyView{c.Text.In(v.Lang()), v.Number(int64(c.N))}
		v.fact("safeguard", row.Text+": "+row.N)
		v.Safeguards = append(v.Safeguards, row)
	}
}

// day writes a day, a month or a year in words.
func (v *view) day(s string) string { return Day(v.Printer, s) }

// Day writes a day, a month or a year as the language does: "22 June 2017",
// "junio de 2017". Anything else stands for itself.
func Day(p *message.Printer, s string) string {
	parts := strings.Split(s, "-")
	month := 0
	if len(parts) > 1 {
		month, _ = strconv.Atoi(parts[1])
	}
	if month < 1 || month > 12 || len(parts) > 3 {
		return s
	}
	name := p.Text("publish.month." + strconv.Itoa(month))
	if len(parts) == 2 {
		return p.Text("publish.month_year", "Month", name, "Year", parts[0])
	}
	day, err := strconv.Atoi(parts[2])
	if err != nil {
		return s
	}
	return p.Text("publish.day_month_year", "Day", day, "Month", name, "Year", parts[0])
}

// language keeps a tag that a browser may be told.
func language(tag string) string {
	if len(tag) > 12 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return ""
	}
	return tag
}

// web returns an address that may become a link, "" for any other.
func web(s string) string {
	if u, err := url.Parse(s); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return ""
	}
	return s
}
