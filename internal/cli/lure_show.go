package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/report"
)

// lureOutput is what --json prints.
type lureOutput struct {
	Schema    int               `json:"schema"` // of this output: 1
	Data      []finding.RuleRef `json:"data"`   // institutions and words that were used, by SHA-256
	Inputs    []lureInput       `json:"inputs"`
	All       int64             `json:"all_messages"`
	Complete  bool              `json:"complete"` // false: more messages were worth a look than are kept
	Messages  []lureMessage     `json:"messages"`
	Campaigns []lure.Campaign   `json:"campaigns"`
}

// show prints what was found, the gravest first.
func (r *lureRun) show() error {
	slices.SortStableFunc(r.kept, func(a, b lureMessage) int { return int(b.Severity) - int(a.Severity) })
	campaigns := r.campaigns()
	if r.cmd.JSON {
		out := lureOutput{Schema: 1, Data: r.k.Refs(), Inputs: r.inputs, All: r.all, Complete: !r.overflow, Messages: r.kept, Campaigns: campaigns}
		if out.Messages == nil {
			out.Messages = []lureMessage{}
		}
		if out.Campaigns == nil {
			out.Campaigns = []lure.Campaign{}
		}
		return writeJSON(r.Out, out)
	}
	for i := range r.inputs {
		r.showInput(&r.inputs[i])
	}
	for i := range r.kept[:min(len(r.kept), maxShownLures)] {
		if i > 0 || !r.single {
			fmt.Fprintln(r.Out)
		}
		r.showMessage(&r.kept[i])
	}
	if more := len(r.kept) - maxShownLures; more > 0 {
		fmt.Fprintf(r.Out, "\n%s\n", r.Count("lure.more", int64(more)))
	}
	r.showCampaigns(campaigns)
	r.showClosing()
	return nil
}

// maxShownLures is how many messages the terminal shows.
const maxShownLures = 50

func (r *lureRun) campaigns() []lure.Campaign {
	list := make([]lure.Received, len(r.kept))
	for i := range r.kept {
		m := &r.kept[i]
		device := m.Device
		if device == "" {
			device = m.File
		}
		list[i] = lure.Received{Message: lure.Message{Text: m.Text, Sender: m.Sender, SenderName: m.Name}, Reading: m.Reading, Device: device}
		if m.Time != nil {
			list[i].Message.Time = *m.Time
		}
	}
	return lure.Campaigns(list)
}

func (r *lureRun) showInput(in *lureInput) {
	if in.File == "" {
		return
	}
	if in.Messages == 0 {
		fmt.Fprintln(r.Out, r.Text("lure.nothing_read", "File", safe(in.File)))
	} else {
		fmt.Fprintln(r.Out, r.Count("lure.read_messages", in.Messages, "File", safe(in.File), "Format", r.Or("lure.format.", in.Format)))
	}
	if len(in.Columns) > 0 {
		fmt.Fprintln(r.Out, r.Text("lure.columns", "List", safe(strings.Join(in.Columns, ", "))))
	}
	if in.Read != "" {
		fmt.Fprintln(r.Out, r.Text("lure.ocr_read", "Program", in.Program))
		for l := range strings.Lines(in.Read) {
			if l = strings.TrimSpace(l); l != "" {
				fmt.Fprintf(r.Out, "  > %s\n", safe(l))
			}
		}
	}
	for _, p := range in.Problems {
		fmt.Fprintf(r.Err, "amparo: %s: %s\n", safe(in.File), oneLine(p))
	}
	if in.More > 0 {
		fmt.Fprintf(r.Err, "amparo: %s\n", r.Count("lure.problems_more", in.More))
	}
}

func (r *lureRun) showMessage(m *lureMessage) {
	pretended := r.k.Pretended(&m.Reading)
	if m.Severity < finding.Low {
		fmt.Fprintln(r.Out, r.Text("lure.title_nothing"))
	} else {
		fmt.Fprintf(r.Out, "%s  %s\n", strings.ToUpper(r.Text("severity."+m.Severity.String())), report.LureTitle(r.Printer, pretended))
	}
	var head []string
	if m.Time != nil {
		head = append(head, m.Time.Format("2006-01-02 15:04 UTC"))
	}
	for _, s := range []string{m.Name, m.Sender, m.Device, m.Place} {
		if s != "" {
			head = append(head, safe(s))
		}
	}
	if m.Line > 0 && !r.single {
		head = append(head, r.Text("lure.line", "Number", m.Line))
	}
	if len(head) > 0 {
		fmt.Fprintf(r.Out, "  %s\n", strings.Join(head, "  "))
	}
	if !r.single {
		fmt.Fprintf(r.Out, "  > %s\n", safe(firstRunes(strings.Join(strings.Fields(m.Text), " "), 300)))
	}
	if len(m.Pressure) > 0 {
		fmt.Fprintf(r.Out, "  %s\n", r.Text("lure.said", "List", strings.Join(r.themes(m.Pressure), ", ")))
	}
	if m.Severity >= finding.Low {
		fmt.Fprintf(r.Out, "  %s:\n", r.Text("lure.seen"))
		for _, reason := range m.Reasons {
			fmt.Fprintf(r.Out, "  - %s\n", safe(report.LureReason(r.Printer, pretended, reason)))
		}
	}
	r.showLinks(m)
}

func (r *lureRun) themes(ids []string) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = r.Or("lure.theme.", id)
	}
	return list
}

func firstRunes(s string, n int) string {
	count := 0
	for i := range s {
		if count++; count > n {
			return s[:i] + "…"
		}
	}
	return s
}

// maxShownLinks of a message are shown.
const maxShownLinks = 8

func (r *lureRun) showLinks(m *lureMessage) {
	if len(m.Links) == 0 {
		return
	}
	fmt.Fprintf(r.Out, "  %s\n", r.Text("lure.links"))
	for _, l := range m.Links[:min(len(m.Links), maxShownLinks)] {
		fmt.Fprintf(r.Out, "  - %s\n", safe(r.linkText(&l, m.Time)))
	}
}

func (r *lureRun) linkText(l *lure.Link, at *time.Time) string {
	host, name := firstRunes(l.Host, 120), l.Name
	if in := r.k.Institution(l.Of); in != nil {
		name = in.Name(r.Lang())
	}
	switch {
	case l.Kind == lure.Official && l.Name != "":
		return r.Text("lure.link_official", "Host", host, "Name", name)
	case l.Kind == lure.Official:
		return r.Text("lure.link_official_government", "Host", host)
	case l.Kind == lure.Lookalike && l.Name != "":
		return r.Text("lure.link_lookalike", "Host", host, "Name", name)
	case l.Kind == lure.ShortLink:
		when := ""
		if at != nil {
			when = r.Text("lure.link_at", "Time", at.Format("2006-01-02 15:04 UTC"))
		}
		return r.Text("lure.link_short", "Host", firstRunes(l.URL, 120), "Name", r.k.Shortener(l.Host), "At", when)
	}
	return r.Text("lure.link_other", "Host", host)
}

// maxCampaigns and maxMembers are how much of them the terminal shows.
const (
	maxCampaigns = 20
	maxMembers   = 5
)

func (r *lureRun) showCampaigns(list []lure.Campaign) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(r.Out, "\n%s\n", r.Text("lure.campaigns"))
	for i := range list[:min(len(list), maxCampaigns)] {
		r.showCampaign(&list[i])
	}
	if more := len(list) - maxCampaigns; more > 0 {
		fmt.Fprintln(r.Out, r.Count("lure.more", int64(more)))
	}
}

func (r *lureRun) showCampaign(c *lure.Campaign) {
	span := r.Text("lure.undated")
	if c.From != nil {
		span = c.From.Format(time.DateOnly)
		if to := c.To.Format(time.DateOnly); to != span {
			span += " – " + to
		}
	}
	fmt.Fprintf(r.Out, "\n  %s\n", r.Count("lure.campaign", int64(len(c.Messages)), "Span", span))
	for _, b := range c.By[:min(len(c.By), maxMembers)] {
		pairs := []any{"Value", safe(firstRunes(b.Value, 100))}
		if b.Kind == "theme" {
			pairs = []any{"Value", lure.ThemeDays(), "Theme", r.Or("lure.theme.", b.Value)}
		}
		fmt.Fprintf(r.Out, "  - %s\n", r.Text("lure.campaign_by."+b.Kind, pairs...))
	}
	var devices []string
	for _, name := range slices.Sorted(maps.Keys(c.Devices)) {
		devices = append(devices, fmt.Sprintf("%s (%s)", safe(name), r.Number(int64(c.Devices[name]))))
	}
	if len(devices) > 1 || len(devices) == 1 && !strings.HasPrefix(devices[0], " (") {
		fmt.Fprintf(r.Out, "  - %s\n", r.Text("lure.campaign_devices", "List", strings.Join(devices, ", ")))
	}
	for _, i := range c.Messages[:min(len(c.Messages), maxMembers)] {
		m := &r.kept[i]
		when := ""
		if m.Time != nil {
			when = m.Time.Format("2006-01-02 15:04 ")
		}
		fmt.Fprintf(r.Out, "    %s%s\n", when, safe(firstRunes(strings.Join(strings.Fields(m.Text), " "), 100)))
	}
}

// showClosing says what it means and where help is.
func (r *lureRun) showClosing() {
	if !r.single {
		fmt.Fprintf(r.Out, "\n%s\n", r.Count("lure.count", int64(len(r.kept)), "All", r.Number(r.all)))
	}
	if len(r.kept) == 0 || r.kept[0].Severity < finding.Low {
		return
	}
	fmt.Fprintf(r.Out, "\n%s\n%s\n%s\n%s\n", r.Text("lure.meaning"), r.Text("lure.other"), r.Text("lure.next"), r.Text("summary.help"))
}
