package chain

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
)

var noon = time.Date(2023, 3, 1, 12, 0, 0, 0, time.UTC)

// at returns noon and some time more.
func at(d time.Duration) *time.Time {
	t := noon.Add(d)
	return &t
}

func indicated(id, artifact, typ string, sev finding.Severity, t *time.Time) *finding.Finding {
	return &finding.Finding{
		ID: id, Severity: sev, Kind: finding.Indicator, Artifact: artifact, Time: t,
		Indicator: &finding.Matched{Type: typ, Value: "v-" + id, Threats: []string{"Pegasus"}},
	}
}

func behaviour(id, artifact, rule string, sev finding.Severity, t *time.Time) *finding.Finding {
	return &finding.Finding{ID: id, Severity: sev, Kind: finding.Heuristic, Artifact: artifact, Rule: rule, Time: t}
}

func TestGrades(t *testing.T) {
	t.Parallel()
	link := indicated("link", "ios.sms", "domain", finding.Critical, at(0))
	crash := behaviour("crash", "ios.crash_reports", "crash_zero_click_process", finding.Low, at(time.Hour))
	visit := indicated("visit", "ios.safari_history", "url", finding.Critical, at(time.Hour))
	network := indicated("network", "ios.datausage", "process", finding.Critical, at(2*time.Hour))
	process := indicated("process", "ios.shutdown_log", "process", finding.Critical, at(3*time.Hour))
	staging := behaviour("staging", "ios.ps", "process_staging_folder", finding.High, at(2*time.Hour))
	orphan := behaviour("orphan", "ios.datausage", "datausage_orphan", finding.High, at(5*time.Hour))
	late := behaviour("late", "ios.crash_reports", "crash_zero_click_process", finding.Low, at(90*time.Hour))
	undated := indicated("undated", "ios.manifest", "file_path", finding.Critical, nil)
	for _, tt := range []struct {
		name     string
		findings []*finding.Finding
		want     string
	}{
		{"nothing", nil, ""},
		{"a_crash_alone", []*finding.Finding{crash}, ""},
		{"cleaning_alone", []*finding.Finding{orphan}, ""},
		{"no_stage", []*finding.Finding{behaviour("x", "ios.global_preferences", "lockdown_mode_on", finding.Info, at(0))}, ""},
		{"link", []*finding.Finding{link}, "targeted: delivery_published no_effect"},
		{"link_and_crash", []*finding.Finding{link, crash}, "exploited: delivery_published exploitation_behaviour no_program order_fits"},
		{"crash_days_later", []*finding.Finding{link, late}, "targeted: delivery_published no_effect"},
		{"visit", []*finding.Finding{visit}, "exploited: exploitation_published no_program order_unknown"},
		{"network", []*finding.Finding{network}, "probably_infected: activity_published alone"},
		{"staging", []*finding.Finding{staging}, "probably_infected: execution_behaviour not_published order_unknown"},
		{"two_places", []*finding.Finding{network, process}, "conclusive: execution_published activity_published corroborated order_unknown"},
		{"link_after_network", []*finding.Finding{network, indicated("l", "ios.sms", "url", finding.Critical, at(9*time.Hour))}, "conclusive: delivery_published activity_published corroborated order_differs"},
		{"link_and_network", []*finding.Finding{network, link}, "conclusive: delivery_published activity_published corroborated order_fits"},
		{"link_and_cleaning", []*finding.Finding{link, orphan}, "probably_infected: delivery_published cleaning_behaviour not_published order_fits"},
		{"cut_name", []*finding.Finding{indicated("cut", "ios.datausage", "process", finding.High, at(0))}, ""},
		{"undated_joins", []*finding.Finding{link, undated}, "conclusive: delivery_published execution_published corroborated order_unknown"},
		{"undated_alone", []*finding.Finding{undated}, "probably_infected: execution_published alone"},
		{
			"two_chains",
			[]*finding.Finding{link, indicated("again", "ios.sms", "url", finding.Critical, at(200*time.Hour)), indicated("late", "ios.datausage", "process", finding.Critical, at(201*time.Hour))},
			"conclusive: delivery_published activity_published corroborated order_fits; targeted: delivery_published no_effect",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b Builder
			for _, f := range tt.findings {
				b.Add(f)
			}
			var got []string
			for _, c := range b.Chains(nil) {
				got = append(got, string(c.Grade)+": "+strings.Join(c.Reasons, " "))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStages says what is there, what is not, and what could not be seen.
func TestStages(t *testing.T) {
	t.Parallel()
	var b Builder
	for i := range maxListed + 5 {
		b.Add(indicated("F", "ios.sms", "domain", finding.Critical, at(time.Duration(i)*time.Minute)))
	}
	chains := b.Chains([]finding.Coverage{
		{Artifact: "ios.sms", State: finding.Read}, {Artifact: "ios.safari_history", State: finding.Partial}, {Artifact: "ios.datausage", State: finding.Absent},
	})
	if len(chains) != 1 {
		t.Fatalf("%d chains", len(chains))
	}
	c := chains[0]
	if diff := cmp.Diff([]string{"Pegasus"}, c.Threats); diff != "" || !c.From.Equal(noon) || !c.To.Equal(*at(24 * time.Minute)) {
		t.Errorf("%v %v %v", c.Threats, c.From, c.To)
	}
	var got []string
	for _, s := range c.Stages {
		got = append(got, s.ID+" "+string(s.State))
	}
	want := []string{"delivery found", "exploitation not_found", "execution not_visible", "activity not_visible", "cleaning not_visible"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := c.Stages[0]; len(s.Traces) != maxListed || s.More != 5 || s.Read[0] != "ios.sms" {
		t.Errorf("%d traces, %d more, read %v", len(s.Traces), s.More, s.Read)
	}
}

func TestCourse(t *testing.T) {
	t.Parallel()
	c := published()
	var ids []string
	for _, s := range c.Stages {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{"delivery", "exploitation", "execution", "activity", "cleaning"}, ids); diff != "" {
		t.Error(diff)
	}
}

// TestOtherPlatform: of an iPhone nobody misses the artifacts of Android.
func TestOtherPlatform(t *testing.T) {
	t.Parallel()
	c := published()
	chain := c.chain(nil, finding.Targeted, nil, []finding.Coverage{{Artifact: "ios.sms", State: finding.Read}, {Artifact: "ios.ps", State: finding.Absent}})
	for _, s := range chain.Stages {
		for _, name := range append(slices.Clone(s.Read), s.Unread...) {
			if !strings.HasPrefix(name, "ios.") {
				t.Errorf("%s: %s", s.ID, name)
			}
		}
	}
	if first := chain.Stages[0]; !slices.Contains(first.Read, "ios.sms") || !slices.Contains(first.Unread, "ios.whatsapp") {
		t.Errorf("%v, %v", first.Read, first.Unread)
	}
}
