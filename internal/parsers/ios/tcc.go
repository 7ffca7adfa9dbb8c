package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// tcc reads which apps may use what: microphone, camera, location and so on.
type tcc struct{}

var tccInfo = artifact.Info{
	Name:    "ios.tcc",
	Version: 1,
	Summary: "Permissions of apps (microphone, camera, photos…), who gave them and when.",
	Files:   []string{"HomeDomain/Library/TCC/TCC.db"},
	Kinds: []artifact.KindInfo{{
		Kind: "access",
		Doc:  "A permission of one client.",
		Fields: []artifact.FieldInfo{
			{Name: "service", Type: artifact.Text, Doc: "what may be used: kTCCServiceMicrophone"},
			{Name: "client", Type: artifact.Text, Doc: "bundle identifier or path of the program"},
			{Name: "client_type", Type: artifact.Text, Doc: "bundle_id or absolute_path"},
			{Name: "auth_value", Type: artifact.Text, Doc: "denied, unknown, allowed or limited (iOS 14 and later)"},
			{Name: "auth_reason", Type: artifact.Int, Doc: "why, as a number"},
			{Name: "auth_reason_desc", Type: artifact.Text, Doc: "why: user_consent, mdm_policy…"},
			{Name: "allowed_value", Type: artifact.Text, Doc: "denied or allowed (before iOS 14)"},
			{Name: "prompt_count", Type: artifact.Int, Doc: "how often the user was asked"},
			otherColumns,
		},
		Times: []string{"last_modified"},
	}},
	Refs: []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.rainforestqa.com/blog/macos-tcc-db-deep-dive"},
}

// Info implements artifact.Parser.
func (tcc) Info() artifact.Info { return tccInfo }

// Parse implements artifact.Parser.
func (tcc) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readTCC)
}

var (
	authValues  = []string{"denied", "unknown", "allowed", "limited"}
	authReasons = []string{
		"", "error", "user_consent", "user_set", "system_set", "service_policy", "mdm_policy", "override_policy",
		"missing_usage_string", "prompt_timeout", "preflight_unknown", "entitled", "app_type_policy",
	}
)

// A tccReader reads the table access.
type tccReader struct {
	*table
	summary func([]byte) []byte

	service, client, kind, auth, reason, allowed, modified int
}

func readTCC(r *reading) error {
	t, err := r.table("access")
	if err != nil {
		return err
	}
	a := &tccReader{
		table: t, service: t.take("service"), client: t.take("client"), kind: t.take("client_type"),
		auth: t.take("auth_value"), reason: t.take("auth_reason"), allowed: t.take("allowed"), modified: t.take("last_modified"),
	}
	t.field("prompt_count", "prompt_count")
	t.seal(tccInfo.Kinds[0])
	a.summary = a.summarize
	return t.each(a.access)
}

func (a *tccReader) access() error {
	rec := a.start("access")
	client := a.text(a.client)
	rec.Set("service", a.value(a.service))
	rec.Set("client", a.value(a.client))
	rec.Set("client_type", a.oneOf(a.kind, "bundle_id", "absolute_path"))
	rec.Set("auth_value", a.named(a.auth, authValues))
	rec.Set("auth_reason", a.value(a.reason))
	rec.Set("auth_reason_desc", a.named(a.reason, authReasons))
	rec.Set("allowed_value", a.oneOf(a.allowed, "denied", "allowed"))
	if client != "" {
		rec.Observe(artifact.Process, client, "client")
		if rec.Text("client_type") == "absolute_path" {
			rec.Observe(artifact.FilePath, client, "client")
		} else {
			rec.Observe(artifact.AppID, client, "client")
		}
	}
	a.set(rec)
	rec.When("last_modified", artifact.UnixSeconds, a.number(a.modified))
	rec.Summary = a.summary
	return a.give()
}

// named returns the name of a column's number, Null where there is none.
func (a *tccReader) named(column int, names []string) artifact.Value {
	n, ok := a.integer(column)
	if !ok || n < 0 || n >= int64(len(names)) {
		return artifact.Value{}
	}
	return artifact.TextOrNull(names[n])
}

func (a *tccReader) summarize(b []byte) []byte {
	rec := &a.r.rec
	return appendSummary(b, "permission: ", rec.Text("client"), " ", rec.Text("service"), " ",
		firstText(rec.Text("auth_value"), rec.Text("allowed_value")))
}
