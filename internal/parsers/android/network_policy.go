package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// networkPolicy reads which apps may always use the network, and from which it
// was taken.
type networkPolicy struct{}

// Info implements artifact.Parser.
func (networkPolicy) Info() artifact.Info {
	return artifact.Info{
		Name: "android.network_policy", Version: 1, Summary: "Apps that may use the network in the background without limit, or may not.",
		Files: []string{"**/dumpsys/netpolicy"},
		Kinds: []artifact.KindInfo{{Kind: "uid_policy", Doc: "What holds for the user id of an app.", Fields: []artifact.FieldInfo{
			intField("uid", "user id of the app"), textField("policy", "ALLOW_METERED_BACKGROUND, REJECT_METERED_BACKGROUND…"),
			textField("list", "the list that it stands in, where it is one of those that save no power"),
		}}},
		Caveats: []string{"User ids are named by android.packages."},
		Refs:    []string{aosp("core/java/com/android/server/net/NetworkPolicyManagerService.java")},
	}
}

// Parse implements artifact.Parser.
func (networkPolicy) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	list := ""
	return readLines(ctx, in, func(r *lineReading) error {
		text, indent := r.body()
		if indent == 0 {
			list = ""
			if strings.HasPrefix(text, "Policy for UIDs") || strings.Contains(text, "whitelist") || strings.Contains(text, "allowlist") {
				list = strings.TrimSuffix(text, ":")
			}
			return nil
		}
		uid, ok := strings.CutPrefix(text, "UID=")
		if !ok || list == "" || strings.HasSuffix(text, ": false") {
			return nil
		}
		rec := r.Start("uid_policy")
		setNumber(rec, "uid", leadingNumber(uid))
		if _, policy, ok := strings.Cut(text, "("); ok {
			rec.Set("policy", artifact.TextOrNull(strings.TrimSuffix(policy, ")")))
		}
		if !strings.HasPrefix(list, "Policy for UIDs") {
			rec.Set("list", artifact.TextValue(list))
		}
		return r.Give()
	}, nil)
}
