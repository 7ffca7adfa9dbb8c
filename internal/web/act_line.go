package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/workspace"
)

// actLine is an entry of the ledger, opened.
type actLine struct {
	N         int64
	Time, Act string
	Who       string // by name, or by id
	Parts     []actPart
	Detail    string // as it was committed to
	Viewed    bool   // somebody looked at something
	Unproven  bool   // the opening does not fit the entry
}

// actPart is one thing that an act tells of. Exact is how the ledger has it, where
// Value says it in words.
type actPart struct{ Name, Value, Link, Exact string }

// acts opens entries of the ledger.
func (q *request) acts(list []workspace.Act) []actLine {
	out := make([]actLine, 0, len(list))
	for _, a := range list {
		line := actLine{N: a.N, Detail: a.Opening.Detail}
		e, err := ledger.ParseEntry([]byte(a.Entry))
		if err != nil || !a.Opening.Opens(e) {
			line.Unproven = true
		} else {
			line.Time, line.Act = e.Time.UTC().Format(timeLayout), q.Or("ws.act.", e.Act)
			line.Viewed = strings.HasSuffix(e.Act, ".viewed")
		}
		out = append(out, line)
	}
	return out
}

// actsTold opens entries of the ledger to be read by a person: by whom, and of
// what.
func (q *request) actsTold(list []workspace.Act) []actLine {
	names, t := q.names(), q.titles()
	out := q.acts(list)
	details := make([]map[string]any, len(out))
	var cases []string
	for i := range out {
		if !out[i].Unproven && json.Unmarshal([]byte(out[i].Detail), &details[i]) == nil {
			if id, ok := details[i]["case"].(string); ok {
				cases = append(cases, id)
			}
		}
	}
	t.open(cases...)
	for i := range out {
		out[i].Who, out[i].Parts = q.actParts(details[i], out[i].Viewed, names, t)
	}
	return out
}

// actFirst are what acts most often tell of, in the order in which it is read.
var actFirst = []string{"case", "person", "device", "consent", "evidence", "run", "finding", "what"}

// actParts takes the detail of an act apart: who did it, and what it tells of; of a
// view what was looked at, in words.
func (q *request) actParts(all map[string]any, viewed bool, names map[string]string, t *titles) (who string, out []actPart) {
	text := func(key string) string {
		switch v := all[key].(type) {
		case nil:
			return ""
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		case bool:
			return fmt.Sprint(v)
		}
		b, _ := json.Marshal(all[key]) // it was decoded
		return string(b)
	}
	keys := make([]string, 0, len(all))
	for key := range all {
		if key != "by" && text(key) != "" {
			keys = append(keys, key)
		}
	}
	rank := func(key string) int {
		if i := slices.Index(actFirst, key); i >= 0 {
			return i
		}
		return len(actFirst)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b)) })
	for _, key := range keys {
		p := actPart{Name: q.Or("web.col.", key), Value: text(key)}
		if !q.Has("web.col."+key) && q.Has("web.said."+key) {
			p.Name = q.Text("web.said." + key)
		}
		switch key {
		case "case":
			p.Link, p.Value = "/cases/"+p.Value, t.Of(p.Value)
		case "evidence", "run":
			p.Link = "/" + strings.Replace(key, "run", "runs", 1) + "/" + p.Value
		case "finding":
			if run := text("run"); run != "" {
				p.Link = "/runs/" + run + "/findings/" + p.Value
			}
		case "member":
			p.Value = cmp.Or(names[p.Value], p.Value)
		case "what":
			if words := q.viewed(p.Value); viewed && words != "" {
				p.Value, p.Exact = words, p.Value
			}
		}
		out = append(out, p)
	}
	return cmp.Or(names[text("by")], text("by")), out
}

// viewed says in words what was looked at, by the address that the ledger has of
// it; "" where it has one of another version.
func (q *request) viewed(page string) string {
	path, program := strings.CutPrefix(page, apiPrefix)
	name := strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }), "_")
	ids := []string{"web.viewed." + name}
	if program {
		ids = []string{"web.viewed.api_" + name, ids[0]}
	}
	for _, id := range ids {
		switch {
		case !q.Has(id):
		case program:
			return q.Text("web.viewed_by_program", "What", q.Text(id))
		default:
			return q.Text(id)
		}
	}
	return ""
}
