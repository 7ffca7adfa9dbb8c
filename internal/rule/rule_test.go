package rule

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

func set(t *testing.T) *Set {
	t.Helper()
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBuiltinExamples runs what every rule says of itself: a record on which
// it fires and one on which it does not, at least.
func TestBuiltinExamples(t *testing.T) {
	t.Parallel()
	s := set(t)
	for _, r := range s.Rules() {
		var fires, silent bool
		for i := range r.Examples {
			fires, silent = fires || r.Examples[i].Fires, silent || !r.Examples[i].Fires
		}
		if !fires || !silent {
			t.Errorf("%s: needs an example that fires and one that does not", r.ID)
		}
		for _, err := range s.RunExamples(r) {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
}

func TestRulesThatAreNotWhole(t *testing.T) {
	t.Parallel()
	good, err := files.ReadFile("heuristics/datausage_gap.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(string) string{
		"unknown_field":   func(s string) string { return s + "surprise: 1\n" },
		"other_id":        func(s string) string { return strings.Replace(s, "id: datausage_gap", "id: other", 1) },
		"no_severity":     func(s string) string { return strings.Replace(s, "severity: info", "severity: enormous", 1) },
		"without_spanish": func(s string) string { return strings.Replace(s, "  es: ", "  es: \"\" #", 1) },
	} {
		fsys := fstest.MapFS{"heuristics/datausage_gap.yaml": {Data: []byte(change(string(good)))}}
		if _, err := loadBuiltin(fsys); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

// tree is the value of a field that may be of any type.
type tree struct{ value any }

// record makes a record of fields in pairs of name and value.
func record(kind artifact.Kind, pairs ...any) *artifact.Record {
	r := &artifact.Record{Kind: kind}
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		switch v := pairs[i+1].(type) {
		case string:
			r.Set(name, artifact.TextValue(v))
		case bool:
			r.Set(name, artifact.BoolValue(v))
		case tree:
			r.Set(name, artifact.TreeValue(v.value))
		case int:
			r.Set(name, artifact.IntValue(int64(v)))
		}
	}
	return r
}

// app makes a record of an app with metadata.
func app(pairs ...any) *artifact.Record {
	return record("application", append([]any{"bundle_id", "org.x", "has_metadata", true}, pairs...)...)
}

func redirect(from, to string, ms int) *artifact.Record {
	return record("visit", "url", from, "redirect_destination_url", to, "redirect_ms", ms)
}

func TestChecks(t *testing.T) {
	t.Parallel()
	const notice = "ALERT: Apple detected a targeted mercenary spyware attack against your iPhone. Apple detected..."
	for _, tt := range []struct {
		name, artifact string
		record         *artifact.Record
		want           string // id of the rule that fires, "" for none
	}{
		{"apple_notice", "ios.sms", record("message", "text", notice, "direction", "received"), "apple_threat_notification"},
		{"apple_notice_2021", "ios.sms", record("message", "text", "ALERT: State-sponsored attackers may be targeting your iPhone"), "apple_threat_notification"},
		{"apple_notice_quoted", "ios.sms", record("message", "text", "look: "+notice, "direction", "received"), ""},
		{"apple_notice_sent_on", "ios.sms", record("message", "text", notice, "direction", "sent"), ""},
		{"other_message", "ios.sms", record("message", "text", "hola"), ""},
		{"message_without_text", "ios.sms", record("message"), ""},
		{"other_kind", "ios.sms", record("other", "text", notice), ""},

		{"attachment_in_tmp", "ios.sms_attachments", record("attachment", "filename", "/var/tmp/x/IMG_1.heic-1", "direction", "received"), "sms_attachment_tmp"},
		{"attachment_in_private_tmp", "ios.sms_attachments", record("attachment", "filename", "/private/var/tmp/a-1", "direction", "received"), "sms_attachment_tmp"},
		{"attachment_sent", "ios.sms_attachments", record("attachment", "filename", "/var/tmp/a-1", "direction", "sent"), ""},
		{"attachment_other_end", "ios.sms_attachments", record("attachment", "filename", "/var/tmp/a-2", "direction", "received"), ""},
		{"attachment_at_home", "ios.sms_attachments", record("attachment", "filename", "~/Library/SMS/Attachments/a-1", "direction", "received"), ""},

		{"injected_port", "ios.safari_history", redirect("http://yahoo.fr/", "https://bun54l2b67.get1tn0w.free247downloads.com:30495/szev4hz", 3), "safari_fast_redirect"},
		{"injected_port_only", "ios.safari_history", redirect("http://a.example/", "https://b.test.com:30495/szev4hz", 999), "safari_fast_redirect"},
		{"injected_depth_only", "ios.safari_history", redirect("http://a.example/", "https://x1.y2.evil.com/nszjpPRH", 0), "safari_fast_redirect"},
		{"slow", "ios.safari_history", redirect("http://a.example/", "https://x1.y2.evil.com/nszjpPRH", 1000), ""},
		{"from_https", "ios.safari_history", redirect("https://a.example/", "https://x1.y2.evil.com/nszjpPRH", 3), ""},
		{"to_https_of_itself", "ios.safari_history", redirect("http://example.com/", "https://www.example.com/", 3), ""},
		{"shortener", "ios.safari_history", redirect("http://bit.ly/2abcDEF", "https://www.nytimes.com/2020/01/01/world/a.html", 120), ""},
		{"login", "ios.safari_history", redirect("http://mail.example.com/", "https://accounts.google.com/signin", 80), ""},
		{"deep_but_plain", "ios.safari_history", redirect("http://a.example/", "https://www.news.bbc.co.uk/world/", 3), ""},
		{"deep_same_site", "ios.safari_history", redirect("http://example.com/", "https://a.b.c.example.com/nszjpPRH", 3), ""},
		{"address", "ios.safari_history", redirect("http://a.example/", "https://10.0.0.1/nszjpPRH1", 3), ""},
		{"deep_with_a_word", "ios.safari_history", redirect("http://a.example/", "https://login.accounts.shop.com/oauth2", 3), ""},
		{"deep_with_words", "ios.safari_history", redirect("http://a.example/", "https://m.web.shop.com/HomePage", 3), ""},
		{"before_its_source", "ios.safari_history", redirect("http://a.example/", "https://x1.y2.evil.com/nszjpPRH", -5), ""},
		{"usual_high_port", "ios.safari_history", redirect("http://a.example/", "https://b.test.com:8443/szev4hz", 3), ""},
		{"no_redirect", "ios.safari_history", record("visit", "url", "http://a.example/"), ""},
		{"broken_url", "ios.safari_history", redirect("http://a.example/%zz", "::", 3), ""},

		{"orphan", "ios.datausage", record("orphan_usage", "proc_id", 7), "datausage_orphan"},
		{"gap", "ios.datausage", record("process_gaps", "runs", 2, "first_missing", 4, "last_missing", 9, "missing", 5), "datausage_gap"},
		{"one_gap_of_several", "ios.datausage", record("process_gap", "first_missing", 4, "last_missing", 9, "missing", 6), ""},
		{"usage", "ios.datausage", record("usage", "proc_id", 7), ""},

		{"sideloaded", "ios.applications", record("application", "bundle_id", "org.x", "has_metadata", false), "app_without_metadata"},
		{"apples_own", "ios.applications", record("application", "bundle_id", "com.apple.Pages", "has_metadata", false), ""},
		{"from_the_store", "ios.applications", app("name", "X", "metadata_bundle_id", "org.x", "source_app", "com.apple.AppStore"), ""},
		{"from_management", "ios.applications", app("name", "X", "metadata_bundle_id", "org.x", "source_app", "com.apple.dmd"), ""},
		{"from_elsewhere", "ios.applications", app("name", "X", "metadata_bundle_id", "org.x", "source_app", "org.market"), "app_source_not_app_store"},
		{"metadata_without_id", "ios.applications", app("name", "X"), "app_no_bundle_id"},
		{"metadata_unreadable", "ios.applications", app(), ""},
		{"id_of_another_type", "ios.applications", app("name", "X", "metadata_bundle_id", 7), ""},
		{"nothing_known", "ios.applications", record("application", "bundle_id", "org.x"), ""},

		{"lockdown_on", "ios.global_preferences", record("preference", "entry", "LDMGlobalEnabled", "value", tree{true}), "lockdown_mode_on"},
		{"lockdown_off", "ios.global_preferences", record("preference", "entry", "LDMGlobalEnabled", "value", tree{int64(0)}), "lockdown_mode_off"},
		{"lockdown_text", "ios.global_preferences", record("preference", "entry", "LDMGlobalEnabled", "value", tree{"yes"}), ""},
		{"other_preference", "ios.global_preferences", record("preference", "entry", "AppleLanguages", "value", tree{true}), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			engine := set(t).For(tt.artifact)
			got := ""
			for _, m := range engine.Eval(tt.record, nil) {
				got += m.Rule.ID
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLooksRandom uses the published paths of injected redirects, and names of
// ordinary pages.
func TestLooksRandom(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/szev4hz": true, "/nszjpPRH": true, "/zrnv5revj": true, "/szev4hz/": true,
		"/": false, "/signIn": false, "/signin2": false, "/oauth2": false, "/HomePage": false, "/webapp": false, "/2024/05": false,
		"/a.html": false, "/login": false, "/abc": false, "/SZEVHZ": false, "/123456": false, "/página1": false,
	} {
		if got := looksRandom(path); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

// TestOrphanOfADamagedTable: what may be damage is not called a trace.
func TestOrphanOfADamagedTable(t *testing.T) {
	t.Parallel()
	engine := set(t).For("ios.datausage")
	sure := engine.Eval(record("orphan_usage", "proc_id", 7), nil)
	unsure := engine.Eval(record("orphan_usage", "proc_id", 7, "processes_partial", true), nil)
	if sure[0].Severity != finding.High || unsure[0].Severity != finding.Low {
		t.Errorf("got %s and %s", sure[0].Severity, unsure[0].Severity)
	}
	if sure[0].Reason != "ZLIVEUSAGE.ZHASPROCESS = 7" {
		t.Errorf("reason %q", sure[0].Reason)
	}
}

// FuzzRedirect: addresses come from evidence.
func FuzzRedirect(f *testing.F) {
	f.Add("http://yahoo.fr/", "https://bun54l2b67.get1tn0w.free247downloads.com:30495/szev4hz")
	f.Add("http://[::1", "https://a..b/%")
	s, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	engine := s.For("ios.safari_history")
	f.Fuzz(func(t *testing.T, from, to string) {
		engine.Eval(redirect(from, to, 1), nil)
		if faults := engine.Faults(); len(faults) > 0 {
			t.Error(faults[0].Err)
		}
	})
}

func TestNoRulesForAnArtifact(t *testing.T) {
	t.Parallel()
	if set(t).For("ios.contacts") != nil {
		t.Error("an engine without rules")
	}
}
