package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/android"
	"github.com/amparo-project/amparo/internal/artifact"
)

// permissionGrants reads which permission each app has, who decided, and when
// it was last used.
type permissionGrants struct{}

// decidedBy are the flags of a permission that say who decided on it, the
// strongest first.
var decidedBy = []struct{ flag, who string }{
	{"SYSTEM_FIXED", "system"},
	{"POLICY_FIXED", "policy"},
	{"USER_FIXED", "user"},
	{"USER_SET", "user"},
	{"GRANTED_BY_ROLE", "role"},
	{"ROLE", "role"},
	{"GRANTED_BY_DEFAULT", "default"},
	{"PREGRANT", "default"},
}

var permissionGrantsInfo = artifact.Info{
	Name:       "android.permissions",
	Version:    1,
	Summary:    "Permissions that apps have or were refused: who decided, for how long, and when each was last used.",
	Files:      []string{"**/dumpsys/package", "**/dumpsys/permissionmgr"},
	Companions: append([]string{"**/dumpsys/appops"}, clockCompanions...),
	Kinds: []artifact.KindInfo{
		{
			Kind: "grant", Doc: "A permission of an app that its owner is asked for, or turns on in the settings.",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package of the app"), textField("shared_user", "user that several packages share, where they have the permission together"),
				listField("packages", "all packages of the same user id"),
				intField("app_id", "user id of the app, without the user of the phone"), intField("user", "user of the phone"), textField("permission", "name of the permission"),
				textField("allows", "what it allows, in words"), boolField("granted", "the app has it"),
				textField("decided_by", "user, policy, system, role or default"), boolField("one_time", "until the app is left alone"),
				boolField("auto_revoked", "taken away as the app was not used"), listField("flags", "all flags"), textField("device", "device that it is for, since Android 15"),
			},
			Times: []string{"last_use"},
		},
		{
			Kind: "group", Doc: "A group of permissions of an app, as Android 11 and 12 tell of apps that lose them when unused.",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package of the app"), intField("uid", "user id of the app"), textField("group", "name of the group"),
				boolField("granted", "some permission of the group is given"), boolField("auto_revoked", "taken away as the app was not used"),
				boolField("fixed", "nobody can change it"), boolField("by_default", "given as the phone was set up"), boolField("by_role", "given with a role"),
			},
			Times: []string{"first_install", "last_visible"},
		},
	},
	Caveats: []string{
		"The last use is that of the operation that Android counts for a permission, and only the last for each state of the app is kept.",
		"Permissions that Android gives without asking are left out.",
	},
	Refs: []string{
		aosp("core/java/com/android/server/pm/Settings.java"), aosp("permission/java/com/android/server/permission/access/permission/PermissionService.kt"),
		"https://android.googlesource.com/platform/packages/modules/Permission/+/refs/heads/main/PermissionController/src/com/android/permissioncontroller/Dump.proto",
	},
}

// Info implements artifact.Parser.
func (permissionGrants) Info() artifact.Info { return permissionGrantsInfo }

// Parse implements artifact.Parser.
func (permissionGrants) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if baseName(in.Path) == "package" {
		var p packageGrants
		return readSection(ctx, in, p.line, nil)
	}
	var p managerGrants
	return readSection(ctx, in, p.line, p.last)
}

// A grantOf is whom a permission is given to.
type grantOf struct {
	pkg, shared, device string
	packages            []string
	appID, user         string
	uses                *lastUses
	held                *heldGrant // where the permission stands, where that is not the line at hand
}

// isGrant reads "android.permission.CAMERA: granted=true, flags=[ USER_SET|…]".
func isGrant(line string) (name, rest string, ok bool) {
	name, rest, ok = strings.Cut(line, ": ")
	return name, rest, ok && strings.HasPrefix(rest, "granted=") && strings.Contains(name, ".") && !strings.Contains(name, " ")
}

// grantFlags returns the flags in a line, which stand between brackets.
func grantFlags(rest string) []string {
	_, list, _ := strings.Cut(rest, "flags=[")
	list, _, _ = strings.Cut(list, "]")
	return strings.FieldsFunc(list, func(r rune) bool { return r == '|' || r == ' ' || r == ',' })
}

// give gives a permission. Since Android 15 those that nobody is asked for
// stand among them: they have no flag that the others have, and are left out.
func (g *grantOf) give(s *section, name, rest string, all bool) error {
	flags := grantFlags(rest)
	has := map[string]bool{}
	for _, f := range flags {
		has[f] = true
	}
	_, meaning, _ := android.Permission(name)
	asked := all || has["RUNTIME_GRANTED"] || has["USER_SET"] || has["USER_FIXED"] || has["POLICY_FIXED"] || has["ONE_TIME"] || android.Dangerous(name)
	if !asked {
		return nil
	}
	granted := strings.HasPrefix(rest, "granted=true")
	rec := s.Start("grant")
	if h := g.held; h != nil {
		rec.Loc.Offset, rec.Loc.Length, rec.Truncated = h.offset, h.length, h.cut
	}
	if g.pkg != "" {
		setApp(rec, g.pkg)
	}
	rec.Set("shared_user", artifact.TextOrNull(g.shared))
	rec.Set("packages", artifact.StringsValue(g.packages))
	for _, name := range g.packages {
		rec.Observe(artifact.AppID, name, "packages")
	}
	setNumber(rec, "app_id", g.appID)
	setNumber(rec, "user", g.user)
	rec.Set("permission", artifact.TextValue(name))
	rec.Set("allows", artifact.TextOrNull(meaning))
	rec.Set("granted", artifact.BoolValue(granted))
	for _, d := range decidedBy {
		if has[d.flag] {
			rec.Set("decided_by", artifact.TextValue(d.who))
			break
		}
	}
	rec.Set("one_time", artifact.BoolValue(has["ONE_TIME"]))
	rec.Set("auto_revoked", artifact.BoolValue(has["AUTO_REVOKED"] || has["HIBERNATION"]))
	rec.Set("flags", artifact.StringsValue(flags))
	rec.Set("device", artifact.TextOrNull(g.device))
	at, err := g.uses.last(s, g, android.Operation(name))
	if err == nil && at != "" {
		err = s.wall(rec, "last_use", at)
	}
	if err != nil {
		return err
	}
	who, verb := firstOf(g.pkg, g.shared, "app id "+g.appID), "lacks"
	if granted {
		verb = "has"
	}
	summary(rec, "%s %s the permission: %s", who, verb, firstOf(meaning, name))
	return s.Give()
}
