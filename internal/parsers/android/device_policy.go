package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// devicePolicy reads who may manage the phone: device owners, profile owners
// and device admins, with what each may do.
type devicePolicy struct{}

// Info implements artifact.Parser.
func (devicePolicy) Info() artifact.Info {
	fields := []artifact.FieldInfo{
		textField("component", "the receiver of the app"), textField("package", "its app"), intField("user", "the user of the phone"),
	}
	return artifact.Info{
		Name: "android.device_policy", Version: 1, Summary: "Apps that may manage the phone: device owner, profile owners, device admins.",
		Files: []string{"**/dumpsys/device_policy"},
		Kinds: []artifact.KindInfo{
			{Kind: "device_admin", Doc: "An app that is a device admin.", Fields: append(fields[:3:3],
				intField("uid", "its user id"), artifact.FieldInfo{Name: "policies", Type: artifact.Strings, Doc: "what it may do: wipe-data, force-lock, disable-camera…"})},
			{Kind: "owner", Doc: "The app that owns the device or a work profile.", Fields: append(fields[:3:3],
				textField("owner", "device or profile"), textField("name", "who it says that it is"))},
		},
		Refs: []string{aosp("devicepolicy/java/com/android/server/devicepolicy/DevicePolicyManagerService.java"), aosp("devicepolicy/java/com/android/server/devicepolicy/Owners.java")},
	}
}

// Parse implements artifact.Parser.
func (devicePolicy) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var p policyReading
	return readLines(ctx, in, p.line, p.last)
}

// policyReading is the admin or owner whose details stand in the lines that
// follow.
type policyReading struct {
	part      string // "admins", "device", "profile", or ""
	user      int64
	open      bool
	component string
	name      string
	uid       string
	policies  []string
	listing   bool
	indent    int
	offset    int64
	end       int64
}

func (p *policyReading) line(r *lineReading) error {
	text, indent := r.body()
	switch {
	case strings.HasPrefix(text, "Enabled Device Admins (User "):
		return p.begin(r, "admins", strings.TrimPrefix(text, "Enabled Device Admins (User "))
	case strings.HasPrefix(text, "Device Owner:"):
		return p.begin(r, "device", "")
	case strings.HasPrefix(text, "Profile Owner (User "):
		return p.begin(r, "profile", strings.TrimPrefix(text, "Profile Owner (User "))
	case p.part == "" || text == "":
		return nil
	case p.part == "admins":
		return p.admin(r, text, indent)
	default:
		return p.owner(r, text)
	}
}

func (p *policyReading) begin(r *lineReading, part, user string) error {
	err := p.last(r)
	p.part, p.open, p.component = part, false, ""
	p.user, _ = userOf(user)
	return err
}

// admin takes a line below the heading of the admins.
func (p *policyReading) admin(r *lineReading, text string, indent int) error {
	name, isName := strings.CutSuffix(text, ":")
	if _, ok := component(name); isName && ok {
		err := p.last(r)
		p.open, p.component, p.uid, p.policies, p.listing = true, name, "", nil, false
		p.offset, p.end = r.Offset, r.Offset+r.Length
		return err
	}
	if !p.open {
		return nil
	}
	p.end = r.Offset + r.Length
	switch {
	case text == "policies:":
		p.listing, p.indent = true, indent
	case p.listing && indent > p.indent && !strings.Contains(text, "=") && len(p.policies) < 64:
		p.policies = append(p.policies, text)
	default:
		p.listing = false
		if uid, ok := strings.CutPrefix(text, "uid="); ok {
			p.uid = uid
		}
	}
	return nil
}

// owner takes a line below the heading of an owner.
func (p *policyReading) owner(r *lineReading, text string) error {
	name, value, ok := strings.Cut(text, "=")
	switch {
	case ok && name == "admin":
		p.open, p.component, p.name, p.offset = true, value, "", r.Offset
	case ok && name == "name" && p.open:
		p.name = value
	case !strings.HasPrefix(text, "package=") && !strings.HasPrefix(text, "User ID:"):
		if p.open {
			err := p.last(r)
			p.part = ""
			return err
		}
	case strings.HasPrefix(text, "User ID:"):
		p.user, _ = userOf(strings.TrimSpace(strings.TrimPrefix(text, "User ID:")))
	}
	p.end = r.Offset + r.Length
	return nil
}

// last gives what is at hand, if anything.
func (p *policyReading) last(r *lineReading) error {
	if !p.open {
		return nil
	}
	p.open = false
	kind := artifact.Kind("device_admin")
	if p.part != "admins" {
		kind = "owner"
	}
	rec := r.Start(kind)
	rec.Loc.Offset, rec.Loc.Length = p.offset, p.end-p.offset
	if !setComponent(rec, p.component) {
		r.notUnderstood()
		return nil
	}
	rec.Set("user", artifact.IntValue(p.user))
	if kind == "owner" {
		rec.Set("owner", artifact.TextValue(p.part))
		rec.Set("name", artifact.TextOrNull(p.name))
		return r.Give()
	}
	setNumber(rec, "uid", p.uid)
	if len(p.policies) > 0 {
		rec.Set("policies", artifact.StringsValue(p.policies))
	}
	return r.Give()
}
