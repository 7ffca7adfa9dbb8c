package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// said tells what statements of a case say, as people read it.
type said struct {
	q      *request
	caseID string
	kind   string // of the entry
	links  *sourceLinks
	names  map[string]string // pseudonyms of people and names of rules, by id
	out    []pairLine
	more   bool
}

// pairLine is one thing that a statement says. Link is "" where there is nothing
// to open.
type pairLine struct{ Name, Value, Link string }

func (q *request) telling(caseID, kind string) (*said, error) {
	s := &said{q: q, caseID: caseID, kind: kind, links: q.sourceLinks(), names: map[string]string{}}
	people, err := q.space.People(q.ctx(), caseID, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	for i := range people.Items {
		s.names[people.Items[i].ID] = people.Items[i].Pseudonym
	}
	return s, nil
}

// saidFirst are what statements say, in the order in which it is read; the rest
// follows by its name.
var saidFirst = []string{
	"person", "device", "kind", "authority", "by", "rule", "event", "state", "name", "title", "of", "not", "only", "value", "place", "when", "from", "to", "on", "made", "sent", "due",
	"how", "threat", "operator", "impersonates", "outcome", "seller", "through", "buyer", "product", "subject", "words", "text", "reason", "answer", "certainty", "country", "date", "url", "quote", "note",
	"term", "conditions", "sources", "source", "documents",
}

// maxFlat bounds the lines that a body is shown in.
const maxFlat = 300

// body shows a body as names and values. more is true where there are others.
func (s *said) body(body json.RawMessage) (out []pairLine, more bool) {
	s.out, s.more = nil, false
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if len(body) == 0 || dec.Decode(&v) != nil {
		return nil, false
	}
	if m, ok := v.(map[string]any); ok {
		s.object("", s.kind, m)
	}
	return s.out, s.more
}

// object says what a group of keys holds; name is where it stands, and in is what
// it belongs to.
func (s *said) object(name, in string, m map[string]any) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	rank := func(key string) int {
		if i := slices.Index(saidFirst, key); i >= 0 {
			return i
		}
		return len(saidFirst)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b)) })
	for _, k := range keys {
		at := s.word(in, k)
		if name != "" {
			at = name + " · " + at
		}
		s.value(at, in, k, m[k], m)
	}
}

func (s *said) value(name, in, key string, v any, beside map[string]any) {
	if len(s.out) >= maxFlat {
		s.more = true
		return
	}
	switch v := v.(type) {
	case map[string]any:
		s.object(name, key, v)
	case []any:
		for i := range v {
			at := name
			if len(v) > 1 {
				at = fmt.Sprintf("%s %d", name, i+1)
			}
			s.value(at, in, key, v[i], beside)
		}
	default:
		line := pairLine{Name: name, Value: cut(4000, s.scalar(in, key, v))}
		if text, ok := v.(string); ok {
			line.Link = s.link(in, key, text, beside)
		}
		s.out = append(s.out, line)
	}
}

// word is what people call a key.
func (s *said) word(in, key string) string {
	for _, id := range []string{"web.said." + in + "." + key, "web.said." + key} {
		if s.q.Has(id) {
			return s.q.Text(id)
		}
	}
	return key
}

// saidWords are where the catalogue has the words for values, by what they belong
// to and their key; "" belongs to anything.
var saidWords = map[[2]string]string{
	{"", "certainty"}: "facts.certainty.", {"", "how"}: "facts.how.", {"", "outcome"}: "facts.outcome.",
	{account.KindFact, "kind"}: "facts.kind.", {account.KindFact, "value"}: "facts.value.", {account.KindParty, "kind"}: "trade.", {account.KindDeal, "kind"}: "trade.",
	{"impersonates", "kind"}: "lure.kind.", {clock.KindRequest, "kind"}: "promises.request.", {"term", "request"}: "promises.request.", {clock.KindAnswer, "kind"}: "promises.kind.",
	{casework.KindDecision, "state"}: "facts.decided.", {casework.KindDecision, "answer"}: "facts.answer.",
	{"", "channel"}: "notices.channel.", {outbox.KindWish, "events"}: "notices.event.", {outbox.KindNotice, "state"}: "notices.state.", {"event", "kind"}: "notices.event.",
}

func (s *said) scalar(in, key string, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return s.q.Text(map[bool]string{true: "web.said_yes", false: "web.said_no"}[v])
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil && key != "ledger_size" {
			return s.q.Number(n)
		}
		return v.String()
	case string:
		switch key {
		case "person":
			return cmp.Or(s.names[v], v)
		case "rule":
			return s.rule(v)
		case "government":
			switch v {
			case account.Yes.String():
				return s.q.Text("web.said_yes")
			case account.No.String():
				return s.q.Text("web.said_no")
			}
		}
		for _, of := range []string{in, ""} {
			if prefix := saidWords[[2]string{of, key}]; prefix != "" && s.q.Has(prefix+v) {
				return s.q.Text(prefix + v)
			}
		}
		return v
	}
	return fmt.Sprint(v)
}

// rule is what a rule asks.
func (s *said) rule(id string) string {
	rules, _, err := s.q.s.o.Concerns()
	if err != nil {
		return id
	}
	if r := rules.Rule(id); r != nil {
		return r.Title.In(s.q.Lang()) + " (" + id + ")"
	}
	return id
}

// entryID is what an entry of an account is called.
var entryID = regexp.MustCompile(`^A-[0-9a-z]+$`)

// link leads to what a value names, where the reader may open it.
func (s *said) link(in, key, value string, beside map[string]any) string {
	text := func(key string) string { t, _ := beside[key].(string); return t }
	switch key {
	case "finding":
		return s.links.line(account.Source{Finding: value, Run: text("run")}).Link
	case "evidence":
		return s.links.line(account.Source{Evidence: value}).Link
	case "run":
		if s.links.run(value) {
			return "/runs/" + value
		}
	case "event", "to", "id":
		if entryID.MatchString(value) && (key != "to" || in == clock.KindAnswer) {
			return "/cases/" + s.caseID + "/entries/" + value
		}
	}
	return ""
}
