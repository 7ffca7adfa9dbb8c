package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// users reads the users and profiles of the phone: a second one can hide apps.
type users struct{}

// Info implements artifact.Parser.
func (users) Info() artifact.Info {
	return artifact.Info{
		Name: "android.users", Version: 1, Summary: "Users and profiles of the phone: a second one can hide apps.",
		Files: []string{"**/dumpsys/user"},
		Kinds: []artifact.KindInfo{{Kind: "user", Doc: "A user or profile.", Fields: []artifact.FieldInfo{
			intField("user", "its number"), textField("name", "its name"), textField("flags", "its flags, in hex"), textField("state", "RUNNING_UNLOCKED, -1: not running"),
			textField("type", "its type, android.os.usertype.profile.MANAGED"), textField("created", "how long before the report it was made"),
			textField("last_fingerprint", "build with which it was last used"), boolField("profile_owner", "whether an app owns it"),
		}}},
		Refs: []string{aosp("core/java/com/android/server/pm/UserManagerService.java")},
	}
}

// userLines are the lines below a user that become fields.
var userLines = map[string]string{
	"State": "state", "Type": "type", "Created": "created", "Last logged in fingerprint": "last_fingerprint", "Has profile owner": "profile_owner",
}

// Parse implements artifact.Parser.
func (users) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var u userReading
	return readLines(ctx, in, u.line, u.last)
}

type userReading struct {
	open        bool
	head        string
	values      map[string]string
	offset, end int64
}

func (u *userReading) line(r *lineReading) error {
	text, indent := r.body()
	if strings.HasPrefix(text, "UserInfo{") {
		err := u.last(r)
		u.open, u.head, u.values, u.offset, u.end = true, text, map[string]string{}, r.Offset, r.Offset+r.Length
		return err
	}
	if !u.open {
		return nil
	}
	if indent <= 2 {
		return u.last(r)
	}
	if name, value, ok := strings.Cut(text, ": "); ok {
		if field := userLines[name]; field != "" && u.values[field] == "" {
			u.values[field] = value
			u.end = r.Offset + r.Length
		}
	}
	return nil
}

func (u *userReading) last(r *lineReading) error {
	if !u.open {
		return nil
	}
	u.open = false
	rec := r.Start("user")
	rec.Loc.Offset, rec.Loc.Length = u.offset, u.end-u.offset
	head, _, _ := strings.Cut(strings.TrimPrefix(u.head, "UserInfo{"), "}")
	// The name may hold colons; the number before and the flags after do not.
	first, last := strings.IndexByte(head, ':'), strings.LastIndexByte(head, ':')
	if first < 0 || first == last {
		r.notUnderstood()
		return nil
	}
	setNumber(rec, "user", head[:first])
	if name := head[first+1 : last]; name != "null" {
		rec.Set("name", artifact.TextOrNull(name))
	}
	rec.Set("flags", artifact.TextOrNull(head[last+1:]))
	for _, field := range []string{"state", "type", "created", "last_fingerprint"} {
		if v := u.values[field]; v != "<unknown>" {
			rec.Set(field, artifact.TextOrNull(v))
		}
	}
	setBool(rec, "profile_owner", u.values["profile_owner"])
	return r.Give()
}
