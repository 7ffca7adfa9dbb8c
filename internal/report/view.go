package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/rule"
)

// view is the page in one language.
type view struct {
	*message.Printer
	Verdict    verdict
	Facts      []pair
	Chains     []chainView
	MoreChains string
	Groups     []groupView
	MoreGroups string
	Picture    *picture
	Coverage   []coverageView
	Missing    []string
	Problems   []string
	Run        []pair
	Sets       []setView
	Rules      []pair
	Hashes     []pair
	MoreHashes string
	rules      *rule.Set
	res        *Result
}

// Pair is a name and a value, both ready to show.
type Pair struct{ Name, Value string }

type pair = Pair

// T is Text for templates.
func (v *view) T(id string) string { return v.Text(id) }

func newView(res *Result, p *message.Printer, rules *rule.Set) *view {
	v := &view{Printer: p, rules: rules, res: res}
	v.Verdict = v.verdict()
	v.Facts = v.deviceFacts()
	v.chains()
	v.groups()
	v.Picture = v.picture()
	v.coverage()
	v.proof()
	return v
}

// maxShownGroups keeps the page usable; findings.jsonl has all.
const maxShownGroups = 500

// groups shows the most severe groups and counts the others.
func (v *view) groups() {
	shown := shownGroups(v.res)
	for i := range shown {
		if len(shown[i].Findings) > 0 {
			v.Groups = append(v.Groups, v.group(&shown[i]))
		}
	}
	if more := len(v.res.Groups) - len(shown); more > 0 {
		v.MoreGroups = v.Count("html.more_groups", int64(more))
	}
}

// shownGroups are the groups that have a place on the page.
func shownGroups(res *Result) []Group { return res.Groups[:min(len(res.Groups), maxShownGroups)] }

// known is the text of area and name, the name itself where the catalogue has
// none: a result folder may come from a later version, or be forged.
func (v *view) known(area, name string) string {
	if id := area + "." + name; v.Has(id) {
		return v.Text(id)
	}
	return short(name, 60)
}

// maxCell is how many characters of a value are shown.
const maxCell = 2000

// cell makes a value from evidence ready to show.
func (v *view) cell(s string) string {
	if utf8.RuneCountInString(s) <= maxCell {
		return visible(s)
	}
	return short(s, maxCell) + " " + v.Text("html.cut", "Count", v.Number(int64(len(s))))
}

func (v *view) deviceFacts() []pair {
	d, e := &v.res.Run.Evidence.Device, &v.res.Run.Evidence
	var list []pair
	add := func(id, value string) {
		if value != "" {
			list = append(list, pair{v.Text("html." + id), v.cell(value)})
		}
	}
	add("name", d.Name)
	model := d.ModelName
	if model == "" {
		model = d.Model
	} else if d.Model != "" {
		model += " (" + d.Model + ")"
	}
	add("model", model)
	system := strings.TrimSpace(d.OS + " " + d.Version)
	if d.Build != "" {
		system += " (" + d.Build + ")"
	}
	if d.Outdated != nil && *d.Outdated {
		system += ". " + v.Text("summary.outdated", "Newest", d.NewestKnown, "AsOf", d.VersionsAsOf)
	}
	add("system", system)
	add("patch", patchText(v.Printer, d))
	add("serial", d.Serial)
	add("imei", strings.Join(d.IMEI, ", "))
	add("phone", d.PhoneNumber)
	if d.LastBackup != nil {
		add("backup_time", minute(*d.LastBackup))
	}
	if e.Acquired != nil {
		add("acquired", minute(*e.Acquired))
	}
	add("evidence_kind", kindOf(v.Printer, e))
	return list
}

// groupView is one group of findings.
type groupView struct {
	ID, Severity, SeverityName, Symbol, Title, More string
	Facts                                           []pair
	Text                                            []pair
	Findings                                        []findingView
}

var symbols = map[finding.Severity]string{finding.Critical: "◆", finding.High: "▲", finding.Medium: "■", finding.Low: "●", finding.Info: "○"}

// maxShownFindings of a group are shown whole.
const maxShownFindings = 5

func (v *view) group(g *Group) groupView {
	f := &g.Findings[0]
	out := groupView{
		ID: g.Key + "-" + v.Lang(), Severity: g.Severity.String(), SeverityName: v.known("severity", g.Severity.String()),
		Symbol: symbols[g.Severity], Title: v.title(f),
	}
	add := func(id, value string) {
		if value != "" {
			out.Facts = append(out.Facts, pair{v.Text("html." + id), v.cell(value)})
		}
	}
	add("when", v.span(g))
	add("where", artifactTitle(v.Printer, f.Artifact))
	if m := f.Indicator; m != nil {
		add("matched", m.Observed)
		add("how", strings.TrimSpace(match(v.Printer, m.Match)+" "+m.Value))
		add("threat", m.Threat)
		add("published", m.Set)
		add("reference", m.Reference)
		add("also", alsoOf(m))
		add("tlp", m.TLP)
		add("short_link", shortLink(v.Printer, f))
		out.Text = append(out.Text, pair{v.Text("html.meaning"), v.meaning(f)},
			pair{v.Text("html.other"), v.Text("html.indicator_other")}, pair{v.Text("html.next"), v.Text("html.indicator_next")})
		if m.Private {
			out.Text = append(out.Text, pair{v.Text("html.note"), v.Text("finding.private_note")})
		}
		if m.Broad {
			out.Text = append(out.Text, pair{v.Text("html.note"), v.Text("finding.broad")})
		}
		if m.Expired {
			out.Text = append(out.Text, pair{v.Text("html.note"), v.Text("html.expired")})
		}
	} else if l := f.Lure; l != nil {
		add("seen", l.Host)
		out.Text = v.lureTexts(l)
	} else if r := v.rules.Rule(f.Rule); r != nil {
		add("seen", f.Reason)
		out.Text = append(out.Text, pair{v.Text("html.meaning"), r.Meaning.In(v.Lang())},
			pair{v.Text("html.other"), r.OtherExplanations.In(v.Lang())}, pair{v.Text("html.next"), r.NextStep.In(v.Lang())},
			pair{v.Text("html.measured"), strings.TrimSpace(Rate(v.Printer, r.Rate) + " " + r.Measured.In(v.Lang()))})
	}
	for i := range g.Findings[:min(len(g.Findings), maxShownFindings)] {
		out.Findings = append(out.Findings, v.finding(&g.Findings[i]))
	}
	if more := g.Count - int64(len(out.Findings)); more > 0 {
		out.More = v.Count("html.more", more)
	}
	return out
}

// alsoOf names the further sets that list the value, each with where it was
// published.
func alsoOf(m *finding.Matched) string {
	var all []string
	for _, c := range m.Also {
		text := c.Set
		if c.Reference != "" {
			text += " (" + c.Reference + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// shortLink says whom to ask what is behind a short link, and of which time.
func shortLink(p *message.Printer, f *finding.Finding) string {
	m := f.Indicator
	if m == nil || m.Short == "" {
		return ""
	}
	at := "-"
	if f.Time != nil {
		at = minute(*f.Time)
	}
	return p.Text("finding.short_link", "Service", m.Short, "Time", at)
}

func (v *view) title(f *finding.Finding) string {
	if m := f.Indicator; m != nil && m.Private {
		return v.Text("finding.private", "Set", short(m.Set, 80), "Match", match(v.Printer, m.Match))
	}
	if m := f.Indicator; m != nil && m.Threat == "" && m.Set == "" {
		return v.Text("finding.hunted_value", "Value", short(m.Value, 120)) // somebody looked for it, nobody published it
	}
	if m := f.Indicator; m != nil {
		return v.Text("html.indicator_title", "Value", short(m.Value, 120), "Threat", short(firstOf(m.Threat, m.Set), 120))
	}
	if f.Lure != nil {
		return LureTitle(v.Printer, f.Lure)
	}
	if r := v.rules.Rule(f.Rule); r != nil {
		return r.Title.In(v.Lang())
	}
	return visible(f.Title)
}

// meaning says what a match of an indicator means: an address in a message
// tells less than a process on the phone.
func (v *view) meaning(f *finding.Finding) string {
	switch f.Indicator.Match {
	case "host", "parent_domain", "url", "url_prefix", "ip":
		if visited[f.Artifact] {
			return v.Text("html.means_visit")
		}
		return v.Text("html.means_link")
	case "process", "process_truncated":
		return v.Text("html.means_process")
	case "file_name", "file_path", "path_below", "file_hash":
		return v.Text("html.means_file")
	default:
		return v.Text("html.means_other")
	}
}

// visited are the artifacts whose addresses the phone itself went to.
var visited = map[string]bool{
	"ios.safari_history": true, "ios.safari_browser_state": true, "ios.safari_favicon": true,
	"ios.chrome_history": true, "ios.chrome_favicon": true, "ios.firefox_history": true, "ios.firefox_favicon": true,
	"ios.webkit_resource_load_statistics": true, "ios.webkit_session_resource_log": true, "ios.webkit_indexeddb": true,
	"ios.webkit_local_storage": true, "ios.webkit_safari_view_service": true, "ios.cache_files": true,
}

func (v *view) span(g *Group) string {
	switch {
	case g.First == nil:
		return ""
	case g.Last == nil || g.Last.Equal(*g.First):
		return minute(*g.First)
	default:
		return minute(*g.First) + " – " + minute(*g.Last)
	}
}

// findingView is one finding.
type findingView struct {
	ID, Name, Time, Artifact, WalkTitle, Hex, HexLabel string

	Recovered string // where the row was found, of one that is no longer in its table
	Fields    []pair
	Walk      []pair
}

func (v *view) finding(f *finding.Finding) findingView {
	out := findingView{
		ID: f.ID + "-" + v.Lang(), Name: f.ID, Artifact: artifactTitle(v.Printer, f.Artifact),
		WalkTitle: v.Text("html.walk"), HexLabel: v.Text("html.hex"),
		Fields: v.fields(f.Record), Walk: v.walk(f),
	}
	if f.Time != nil {
		out.Time = f.Time.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	out.Recovered = recovered(v.Printer, &f.Where)
	if len(f.Where.Bytes) > 0 {
		out.Hex = hexView(f.Where.Bytes, f.Where.Offset)
	}
	return out
}

// walk is the walk to the bytes, its values cut like all others.
func (v *view) walk(f *finding.Finding) []pair {
	steps := walkSteps(f, &v.res.Run.Evidence, v.Printer, "")
	for i, s := range steps {
		steps[i] = pair{v.cell(s.Name), v.cell(s.Value)}
	}
	return steps
}

// maxFields of a record are shown; records/ has all.
const maxFields = 40

func (v *view) fields(raw json.RawMessage) []pair { return v.fieldsOf(raw, maxFields, v.cell) }

// fieldsOf is at most most fields of a record, in the form that cell gives values.
func (v *view) fieldsOf(raw json.RawMessage, most int, cell func(string) string) []pair {
	var rec struct {
		Times []struct {
			Meaning string
			At      *time.Time
			Raw     json.RawMessage
		}
		Data map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &rec); err != nil {
		return nil
	}
	var list []pair
	for _, t := range rec.Times {
		value := string(t.Raw)
		if t.At != nil {
			value = t.At.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		list = append(list, pair{visible(t.Meaning), cell(value)})
	}
	for _, name := range slices.Sorted(maps.Keys(rec.Data)) {
		if len(list) >= most {
			break
		}
		value := string(rec.Data[name])
		var text string
		if json.Unmarshal(rec.Data[name], &text) == nil {
			value = text
		}
		list = append(list, pair{visible(name), cell(value)})
	}
	return list
}

// coverageView is one line of what was read.
type coverageView struct{ Title, ID, State, Files, Records, Span, Problems string }

func (v *view) coverage() {
	run := &v.res.Run
	elsewhere := int64(0)
	for i := range run.Coverage {
		c := &run.Coverage[i]
		if c.Elsewhere {
			elsewhere++
			continue
		}
		row := coverageView{
			Title: artifactTitle(v.Printer, c.Artifact), ID: c.Artifact, State: v.known("state", string(c.State)),
			Files: v.Number(int64(len(c.Files))), Records: v.Number(c.Records), Span: span(c.From, c.To),
		}
		var problems []string
		for _, p := range c.Errors[:min(len(c.Errors), 3)] {
			problems = append(problems, short(placed(p.Place, p.Error), 300))
		}
		if c.Lost > int64(len(problems)) {
			problems = append(problems, v.Count("summary.lost", c.Lost))
		}
		row.Problems = strings.Join(problems, "; ")
		v.Coverage = append(v.Coverage, row)
		if c.State != finding.Read {
			v.Missing = append(v.Missing, row.Title+": "+row.State)
		}
	}
	if elsewhere > 0 {
		v.Missing = append(v.Missing, v.Count("summary.elsewhere", elsewhere))
	}
	v.Missing = append(v.Missing, v.missingKind(run.Evidence.Kind))
	if isBackup(&run.Evidence) && !run.Evidence.Encrypted {
		v.Missing = append(v.Missing, v.Text("html.missing_plain"))
	}
	for _, p := range run.Evidence.Problems {
		v.Problems = append(v.Problems, short(placed(strings.TrimSpace(p.Path+" "+p.Place), p.Error), 400))
	}
}

// missingKind says what this kind of evidence never holds.
func (v *view) missingKind(kind string) string {
	if id := "html.missing_kind." + kind; v.Has(id) {
		return v.Text(id)
	}
	return v.Text("html.missing_kind.other")
}

func isBackup(e *finding.Evidence) bool { return e.Kind == "ios-backup" }

// kindOf names the kind of evidence; a backup is encrypted or not.
func kindOf(p *message.Printer, e *finding.Evidence) string {
	kind := p.Or("kind.", short(e.Kind, 60))
	switch {
	case !isBackup(e):
		return kind
	case e.Encrypted:
		return kind + ", " + p.Text("summary.encrypted")
	default:
		return kind + ", " + p.Text("summary.plain")
	}
}

// placed is what went wrong, after its place where one is known.
func placed(place, what string) string {
	if place == "" {
		return what
	}
	return place + ": " + what
}

// setView is one set of indicators.
type setView struct{ Name, File, Count, SHA256, Unread string }

func (v *view) proof() {
	run := &v.res.Run
	v.Run = []pair{
		{v.Text("html.evidence"), v.cell(strings.TrimSuffix(run.Evidence.Path+"/"+run.Evidence.Root, "/"))},
		{v.Text("html.tool"), visible(run.Tool + " " + run.Version)},
		{v.Text("html.started"), run.Started.UTC().Format("2006-01-02 15:04:05 UTC")},
		{v.Text("html.ended"), run.Ended.UTC().Format("2006-01-02 15:04:05 UTC")},
		{v.Text("html.totals"), v.Text("html.totals_text", "Records", v.Number(run.Totals.Records), "Events", v.Number(run.Totals.Events), "Files", v.Number(run.Totals.Files))},
		{v.Text("html.repeat"), "amparo check " + quote(run.Evidence.Path) + " --indicators … --out …"},
	}
	for i := range run.Indicators {
		s := &run.Indicators[i]
		row := setView{Name: short(s.Name, 200), File: visible(s.File), Count: v.Number(int64(s.Count)), SHA256: s.SHA256}
		var unread []string
		for _, u := range s.NotUnderstood[:min(len(s.NotUnderstood), 5)] {
			unread = append(unread, short(u.Pattern, 120)+" ("+short(u.Reason, 120)+")")
		}
		if len(s.NotUnderstood) > 0 {
			row.Unread = fmt.Sprintf("%d: %s", len(s.NotUnderstood), strings.Join(unread, "; "))
		}
		v.Sets = append(v.Sets, row)
	}
	for _, ref := range run.Rules {
		title := ref.ID
		if r := v.rules.Rule(ref.ID); r != nil {
			title = r.Title.In(v.Lang())
		}
		v.Rules = append(v.Rules, pair{title, ref.ID + " " + ref.SHA256})
	}
	for _, h := range v.res.Manifest {
		v.Hashes = append(v.Hashes, pair{visible(h.Name), h.SHA256})
	}
	if v.res.ManifestMore > 0 {
		v.MoreHashes = v.Count("html.more_hashes", int64(v.res.ManifestMore))
	}
}
