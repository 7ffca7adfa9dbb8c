package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// roles reads which apps hold the roles of the system: who handles messages,
// calls, the home screen.
type roles struct{}

// Info implements artifact.Parser.
func (roles) Info() artifact.Info {
	return artifact.Info{
		Name: "android.roles", Version: 1, Summary: "Apps that hold a role: messages, calls, browser, home screen, assistant.",
		Files: []string{"**/dumpsys/role"},
		Kinds: []artifact.KindInfo{{Kind: "role_holder", Doc: "An app that holds a role for a user.", Fields: []artifact.FieldInfo{
			textField("role", "the role, android.app.role.SMS"), textField("package", "the app that holds it"), intField("user", "the user of the phone"),
		}}},
		Refs: []string{"https://android.googlesource.com/platform/packages/modules/Permission/+/refs/heads/main/service/java/com/android/role/RoleUserState.java"},
	}
}

// Parse implements artifact.Parser.
func (roles) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var user int64
	var role string
	return readLines(ctx, in, func(r *lineReading) error {
		text, _ := r.body()
		name, value, ok := strings.Cut(text, "=")
		switch {
		case !ok:
			if strings.Trim(text, "{}[]") != "" && !strings.HasPrefix(text, "ROLE MANAGER") && !r.footer() {
				r.notUnderstood()
			}
		case name == "user_id":
			user, _ = userOf(value)
			role = ""
		case name == "name":
			role = value
		case name == "holders" && role != "":
			rec := r.Start("role_holder")
			rec.Set("role", artifact.TextValue(role))
			setPackage(rec, value)
			rec.Set("user", artifact.IntValue(user))
			return r.Give()
		}
		return nil
	}, nil)
}
