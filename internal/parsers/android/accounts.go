package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// accounts reads the accounts on the phone, what was done with them, and the
// apps that bring kinds of accounts.
type accounts struct{}

// Info implements artifact.Parser.
func (accounts) Info() artifact.Info {
	return artifact.Info{
		Name: "android.accounts", Version: 2, Summary: "Accounts on the phone, their history, and the apps that bring them.",
		Files: []string{"**/dumpsys/account"}, Companions: clockCompanions,
		Kinds: []artifact.KindInfo{
			{Kind: "account", Doc: "An account.", Fields: []artifact.FieldInfo{
				textField("name", "its name, often an e-mail address"), textField("type", "its kind, com.google"), intField("user", "the user of the phone"),
			}},
			{Kind: "account_event", Doc: "Something that was done with an account.", Times: []string{"event"}, Fields: []artifact.FieldInfo{
				textField("action", "action_account_add, action_called_account_remove…"), intField("account_id", "the account's row, -1: none"),
				intField("uid", "who did it"), textField("table", "the table that it was done to"), intField("user", "the user of the phone"),
			}},
			{Kind: "authenticator", Doc: "An app that brings a kind of account.", Fields: []artifact.FieldInfo{
				textField("type", "the kind"), textField("component", "the service"), textField("package", "its app"), intField("uid", "its user id"),
				intField("user", "the user of the phone"),
			}},
		},
		Caveats: []string{"Times are those of the phone's clock, set by the zone that the report tells."},
		Refs:    []string{aosp("core/java/com/android/server/accounts/AccountManagerService.java")},
	}
}

// Parse implements artifact.Parser.
func (accounts) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var user int64
	history := false
	return readSection(ctx, in, func(r *section) error {
		text, _ := r.body()
		switch {
		case strings.HasPrefix(text, "User UserInfo{"):
			user, _ = userOf(strings.TrimPrefix(text, "User "))
			history = false
		case strings.HasPrefix(text, "Account {"):
			return account(r, text, user)
		case text == "Accounts History":
			history = true
		case strings.HasPrefix(text, "Active Sessions"):
			history = false
		case history && strings.Count(text, ",") == 5:
			return accountEvent(r, text, user)
		case strings.HasPrefix(text, "ServiceInfo: AuthenticatorDescription"):
			return authenticator(r, text, user)
		}
		return nil
	}, nil)
}

func account(r *section, text string, user int64) error {
	rest := strings.TrimSuffix(strings.TrimPrefix(text, "Account {"), "}")
	// A name may hold anything; the type is what the system gave.
	i := strings.LastIndex(rest, ", type=")
	name, ok := strings.CutPrefix(rest, "name=")
	if i < len("name=") || !ok {
		r.notUnderstood()
		return nil
	}
	name = name[:i-len("name=")]
	rec := r.Start("account")
	rec.Set("name", artifact.TextOrNull(name))
	rec.Set("type", artifact.TextOrNull(rest[i+len(", type="):]))
	rec.Set("user", artifact.IntValue(user))
	if strings.Contains(name, "@") {
		rec.Observe(artifact.Email, name, "name")
	}
	return r.Give()
}

func accountEvent(r *section, text string, user int64) error {
	parts := strings.Split(text, ",")
	rec := r.Start("account_event")
	rec.Set("action", artifact.TextOrNull(parts[1]))
	setNumber(rec, "account_id", parts[0])
	setNumber(rec, "uid", parts[3])
	rec.Set("table", artifact.TextOrNull(parts[4]))
	rec.Set("user", artifact.IntValue(user))
	if err := r.wall(rec, "event", parts[2]); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "account: ", parts[1]) }
	return r.Give()
}

func authenticator(r *section, text string, user int64) error {
	rec := r.Start("authenticator")
	kind, _ := valueOf(text, "type")
	rec.Set("type", artifact.TextOrNull(kind))
	if _, rest, ok := strings.Cut(text, "ComponentInfo{"); ok {
		name, _, _ := strings.Cut(rest, "}")
		setComponent(rec, name)
	}
	if i := strings.LastIndex(text, "uid "); i >= 0 {
		setNumber(rec, "uid", text[i+len("uid "):])
	}
	rec.Set("user", artifact.IntValue(user))
	return r.Give()
}
