package ios

import (
	"context"
	"iter"
	"slices"

	"github.com/amparo-project/amparo/internal/apple"
	"github.com/amparo-project/amparo/internal/artifact"
)

// tcc reads which apps may use what: microphone, camera, location and so on.
type tcc struct{}

var tccInfo = artifact.Info{
	Name:    "ios.tcc",
	Version: 2,
	Summary: "Permissions of apps (microphone, camera, photos…), who gave them and when.",
	Files:   onPhone("HomeDomain/Library/TCC/TCC.db"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "access",
			Doc:  "A permission of one client.",
			Fields: append(slices.Clone(tccClientFields),
				artifact.FieldInfo{Name: "auth_value", Type: artifact.Text, Doc: "denied, unknown, allowed or limited (iOS 14 and later)"},
				artifact.FieldInfo{Name: "auth_reason", Type: artifact.Int, Doc: "why, as a number"},
				artifact.FieldInfo{Name: "auth_reason_desc", Type: artifact.Text, Doc: "why: user_consent, mdm_policy…"},
				artifact.FieldInfo{Name: "allowed_value", Type: artifact.Text, Doc: "denied or allowed (before iOS 14)"},
				artifact.FieldInfo{Name: "prompt_count", Type: artifact.Int, Doc: "how often the user was asked"},
				otherColumns,
			),
			Times: []string{"last_modified"},
		},
		{
			Kind:   "expired",
			Doc:    "A permission that ran out.",
			Fields: append(slices.Clone(tccClientFields), otherColumns),
			Times:  []string{"last_modified", "expired"},
		},
	},
	Caveats: []string{"A number without a known name is kept as the number."},
	Refs:    []string{"https://docs.mvt.re/en/latest/ios/records/", "https://www.rainforestqa.com/blog/macos-tcc-db-deep-dive"},
}

var tccClientFields = []artifact.FieldInfo{
	{Name: "service", Type: artifact.Text, Doc: "what may be used: kTCCServiceMicrophone"},
	{Name: "service_meaning", Type: artifact.Text, Doc: "the same in words, where it is known: microphone"},
	{Name: "client", Type: artifact.Text, Doc: "bundle identifier or path of the program"},
	{Name: "client_type", Type: artifact.Text, Doc: "bundle_id or absolute_path"},
}

// Info implements artifact.Parser.
func (tcc) Info() artifact.Info { return tccInfo }

// Parse implements artifact.Parser.
func (tcc) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readTCC)
}

var (
	clientTypes = []string{"bundle_id", "absolute_path"}
	allowed     = []string{"denied", "allowed"}
	authValues  = []string{"denied", "unknown", "allowed", "limited"}
	authReasons = []string{
		"", "error", "user_consent", "user_set", "system_set", "service_policy", "mdm_policy", "override_policy",
		"missing_usage_string", "prompt_timeout", "preflight_unknown", "entitled", "app_type_policy",
	}
)

// A tccReader reads the tables access and expired.
type tccReader struct {
	*table
	summary func([]byte) []byte

	service, client, kind, auth, reason, allowed, modified, expired int
}

func newTCCReader(t *table, kind artifact.KindInfo) *tccReader {
	a := &tccReader{
		table: t, service: t.take("service"), client: t.take("client"), kind: t.take("client_type"),
		auth: t.take("auth_value"), reason: t.take("auth_reason"), allowed: t.take("allowed"),
		modified: t.take("last_modified"), expired: t.take("expired_at"),
	}
	t.field("prompt_count", "prompt_count")
	t.seal(kind)
	a.summary = a.summarize
	return a
}

func readTCC(r *reading) error {
	t, err := r.table("access")
	if err != nil {
		return err
	}
	if err := t.each(newTCCReader(t, tccInfo.Kinds[0]).access); err != nil {
		return err
	}
	if t = r.optional("expired"); t == nil {
		return nil
	}
	return t.each(newTCCReader(t, tccInfo.Kinds[1]).gone)
}

// access gives one row of the table access.
func (a *tccReader) access() error {
	rec := a.describe("access")
	rec.Set("auth_value", a.named(a.auth, authValues))
	rec.Set("auth_reason", a.value(a.reason))
	if n, ok := a.integer(a.reason); ok && n > 0 && n < int64(len(authReasons)) {
		rec.Set("auth_reason_desc", artifact.TextValue(authReasons[n]))
	}
	rec.Set("allowed_value", a.named(a.allowed, allowed))
	a.set(rec)
	return a.give()
}

// gone gives one row of the table expired.
func (a *tccReader) gone() error {
	rec := a.describe("expired")
	a.set(rec)
	rec.When("expired", artifact.UnixSeconds, a.number(a.expired))
	return a.give()
}

// describe starts a record with what both tables say.
func (a *tccReader) describe(kind artifact.Kind) *artifact.Record {
	rec := a.start(kind)
	rec.Set("service", a.value(a.service))
	if meaning, _ := apple.Permission(a.text(a.service)); meaning != "" {
		rec.Set("service_meaning", artifact.TextValue(meaning))
	}
	rec.Set("client", a.value(a.client))
	rec.Set("client_type", a.named(a.kind, clientTypes))
	if client := a.text(a.client); client != "" {
		rec.Observe(artifact.Process, client, "client")
		if rec.Text("client_type") == "absolute_path" {
			rec.Observe(artifact.FilePath, client, "client")
		} else {
			rec.Observe(artifact.AppID, client, "client")
		}
	}
	rec.When("last_modified", artifact.UnixSeconds, a.number(a.modified))
	rec.Summary = a.summary
	return rec
}

// named returns the name of a column's number, and any other value as found:
// a number that a later version gave a meaning must not vanish.
func (t *table) named(column int, names []string) artifact.Value {
	if n, ok := t.integer(column); ok && n >= 0 && n < int64(len(names)) {
		return artifact.TextValue(names[n])
	}
	return t.value(column)
}

func (a *tccReader) summarize(b []byte) []byte {
	rec := &a.r.Rec
	if rec.Kind == "expired" {
		return appendSummary(b, "permission ran out: ", rec.Text("client"), " ", rec.Text("service"))
	}
	return appendSummary(b, "permission: ", rec.Text("client"), " ", rec.Text("service"), " ",
		firstText(rec.Text("auth_value"), rec.Text("allowed_value")))
}
