package android

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// dumpsysPackages reads the apps that the package manager knows.
type dumpsysPackages struct{}

var dumpsysPackagesInfo = artifact.Info{
	Name:       "android.dumpsys_packages",
	Version:    2,
	Summary:    "Installed apps as the package manager lists them: version, installer, signature, permissions, state for each user, times.",
	Files:      []string{"**/dumpsys/package"},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{
		{
			Kind: "package", Doc: "A package (a block \"Package [NAME]\").",
			Fields: []artifact.FieldInfo{
				textField("package_name", "name of the package"), textField("list", "packages, or hidden system packages: those that an update covers"),
				intField("uid", "user id of the app"), textField("shared_user", "user that several packages share"),
				textField("code_path", "where the app lies"), intField("version_code", "version as a number"), textField("version_name", "version as a text"),
				intField("min_sdk", "oldest Android that it allows"), intField("target_sdk", "Android that it was made for"),
				boolField("system", "it is part of the system (flag SYSTEM)"), boolField("debuggable", "it may be debugged (flag DEBUGGABLE)"),
				boolField("test_only", "it was made for tests (flag TEST_ONLY)"), listField("flags", "flags of the package"),
				textField("installer", "package that installed it"), boolField("installer_unknown", "true: Android tells of no installer, as for apps that came over a cable or with the phone"), textField("initiating_package", "package that asked for the install"),
				textField("originating_package", "package that it came from"), textField("signature", "short hashes of its signing certificates"),
				boolField("installed", "installed for user 0, or for the first user listed"), boolField("hidden", "hidden for that user"),
				intField("enabled", "0 default, 1 enabled, 2 disabled, 3 disabled by the user, 4 until used"),
				listField("users", "state for each user, as it stands there"),
				listField("granted", "permissions that it has for some user"), listField("denied", "permissions that it asks for at run time and lacks"),
				listField("requested", "permissions that its manifest asks for"), listField("declared", "permissions that it defines"),
			},
			Times: []string{"package", "first_install", "last_update"},
		},
		{
			Kind: "verifier", Doc: "Who checks apps before they are installed (Play Protect is com.android.vending).",
			Fields: []artifact.FieldInfo{textField("role", "Required, Optional…"), textField("package_name", "package, absent where there is none")},
		},
	},
	Caveats: []string{"The short signature is no certificate's hash: acquisitions with the apps tell that.", "Times are those of the phone's clock."},
	Refs: []string{
		"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/pm/Settings.java",
	},
}

// Info implements artifact.Parser.
func (dumpsysPackages) Info() artifact.Info { return dumpsysPackagesInfo }

// Parse implements artifact.Parser.
func (dumpsysPackages) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var p packageReading
	return readSection(ctx, in, p.line, p.last)
}

type packageReading struct {
	heading string // of the part of the dump
	open    bool
	pkg     packageBlock
	list    string // of permissions, within the block
}

// packageBlock is what one block says.
type packageBlock struct {
	name, list  string
	offset, end int64
	cut         bool
	values      map[string]string
	users       []string
	granted     []string
	denied      []string
	requested   []string
	declared    []string
}

// maxListed bounds the permissions of one package; real ones have up to some hundred.
const maxListed = 5000

func (p *packageReading) line(s *section) error {
	text := string(s.Line)
	line := strings.TrimSpace(text)
	indent := s.indent()
	if indent == 0 && line != "" {
		if err := p.flush(s); err != nil {
			return err
		}
		p.heading = strings.TrimSuffix(line, ":")
		return nil
	}
	switch p.heading {
	case "Packages", "Hidden system packages":
		return p.inPackages(s, line, indent)
	case "Verifiers":
		return p.verifier(s, line)
	}
	return nil // resolver tables, sessions and others have their own readers, or none
}

func (p *packageReading) inPackages(s *section, line string, indent int) error {
	if rest, ok := strings.CutPrefix(line, "Package ["); ok && indent <= 4 {
		if err := p.flush(s); err != nil {
			return err
		}
		name, _, _ := strings.Cut(rest, "]")
		p.open, p.list = true, ""
		p.pkg = packageBlock{name: name, list: strings.ToLower(p.heading), offset: s.Offset, end: s.Offset + s.Length, cut: s.WasCut(), values: map[string]string{}}
		return nil
	}
	if !p.open || line == "" {
		return nil
	}
	p.pkg.end = s.Offset + s.Length
	switch {
	case strings.HasPrefix(line, "User ") && strings.Contains(line, "installed="):
		p.list = ""
		p.pkg.addUser(line)
	case strings.HasSuffix(line, "permissions:"):
		p.list, _, _ = strings.Cut(line, " ")
	case p.list != "" && strings.Contains(line, ".") && (indent >= 6):
		p.pkg.addPermission(p.list, line)
	default:
		p.list = ""
		if !p.pkg.addValues(line) {
			s.notUnderstood()
		}
	}
	return nil
}

func (b *packageBlock) addUser(line string) {
	if len(b.users) < maxListed {
		b.users = append(b.users, strings.TrimPrefix(line, "User "))
	}
}

func (b *packageBlock) addPermission(list, line string) {
	name, rest, _ := strings.Cut(line, ":")
	to := &b.granted
	switch list {
	case "requested":
		to = &b.requested
	case "declared":
		to = &b.declared
	default: // install, runtime
		if !strings.Contains(rest, "granted=true") {
			to = &b.denied
		}
	}
	if len(*to) >= maxListed {
		return
	}
	for _, had := range *to {
		if had == name {
			return
		}
	}
	*to = append(*to, name)
}

// packageValues are the values of a block that become fields.
var packageValues = []string{
	"userId", "appId", "sharedUser", "codePath", "versionCode", "versionName", "minSdk", "targetSdk", "flags", "pkgFlags", "installerPackageName",
	"installInitiatingPackageName", "installOriginatingPackageName", "initiatingPackageName", "originatingPackageName", "signatures", "timeStamp",
	"firstInstallTime", "lastUpdateTime",
}

// addValues takes what stands as NAME=VALUE in a line, and reports whether the
// line was of that form at all.
func (b *packageBlock) addValues(line string) bool {
	name, value, ok := strings.Cut(line, "=")
	if !ok || strings.Contains(name, " ") {
		return strings.HasSuffix(line, ":") || !strings.Contains(line, "=") && !strings.Contains(line, " ")
	}
	switch name {
	case "versionCode":
		for _, n := range packageValues[4:8] {
			if v, ok := attribute(line, n); ok {
				b.values[n] = v
			}
		}
	default:
		if b.values[name] == "" && isPackageValue(name) {
			b.values[name] = value
		}
	}
	return true
}

func isPackageValue(name string) bool {
	for _, n := range packageValues {
		if n == name {
			return true
		}
	}
	return false
}

func (p *packageReading) last(s *section) error { return p.flush(s) }

// flush gives the block that ended.
func (p *packageReading) flush(s *section) error {
	if !p.open {
		return nil
	}
	p.open = false
	b := &p.pkg
	rec := s.Start("package")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = b.offset, b.end-b.offset, b.cut
	setApp(rec, b.name)
	rec.Set("list", artifact.TextValue(b.list))
	b.setValues(rec)
	b.setUser(rec)
	rec.Set("users", artifact.StringsValue(b.users))
	rec.Set("granted", artifact.StringsValue(b.granted))
	rec.Set("denied", artifact.StringsValue(b.denied))
	rec.Set("requested", artifact.StringsValue(b.requested))
	rec.Set("declared", artifact.StringsValue(b.declared))
	for _, t := range [][2]string{{"package", "timeStamp"}, {"first_install", "firstInstallTime"}, {"last_update", "lastUpdateTime"}} {
		if err := s.wall(rec, t[0], b.values[t[1]]); err != nil {
			return err
		}
	}
	name, version := b.name, b.values["versionName"]
	summary(rec, "%s %s", name, version)
	return s.Give()
}

func (b *packageBlock) setValues(rec *artifact.Record) {
	v := b.values
	for _, n := range [][2]string{{"uid", "userId"}, {"uid", "appId"}, {"version_code", "versionCode"}, {"min_sdk", "minSdk"}, {"target_sdk", "targetSdk"}} {
		if i, err := strconv.ParseInt(v[n[1]], 10, 64); err == nil && rec.Get(n[0]).Kind() == artifact.Null {
			rec.Set(n[0], artifact.IntValue(i))
		}
	}
	_, shared, _ := strings.Cut(v["sharedUser"], " ")
	rec.Set("shared_user", artifact.TextOrNull(strings.TrimSuffix(shared, "}")))
	rec.Set("code_path", artifact.TextOrNull(v["codePath"]))
	rec.Observe(artifact.FilePath, v["codePath"], "code_path")
	rec.Set("version_name", artifact.TextOrNull(v["versionName"]))
	flags := strings.Fields(strings.Trim(v["flags"]+" "+v["pkgFlags"], "[] "))
	var list []string
	is := map[string]bool{}
	for _, f := range flags {
		if f = strings.Trim(f, "[]"); f != "" && !is[f] {
			is[f] = true
			list = append(list, f)
		}
	}
	if len(list) > 0 {
		rec.Set("system", artifact.BoolValue(is["SYSTEM"]))
		rec.Set("debuggable", artifact.BoolValue(is["DEBUGGABLE"]))
		rec.Set("test_only", artifact.BoolValue(is["TEST_ONLY"]))
	}
	rec.Set("flags", artifact.StringsValue(list))
	for _, n := range [][2]string{
		{"installer", "installerPackageName"},
		{"initiating_package", "installInitiatingPackageName"},
		{"initiating_package", "initiatingPackageName"},
		{"originating_package", "installOriginatingPackageName"},
		{"originating_package", "originatingPackageName"},
	} {
		if name := v[n[1]]; name != "" && name != "null" && rec.Get(n[0]).Kind() == artifact.Null {
			rec.Set(n[0], artifact.TextValue(name))
			rec.Observe(artifact.AppID, name, n[0])
		}
	}
	// The line before that of the signatures tells who installed it, and is not
	// printed where nobody is known.
	if v["signatures"] != "" && v["installerPackageName"] == "" || v["installerPackageName"] == "null" {
		rec.Set("installer_unknown", artifact.BoolValue(true))
	}
	if _, hashes, ok := strings.Cut(v["signatures"], "signatures:["); ok {
		hashes, _, _ = strings.Cut(hashes, "]")
		rec.Set("signature", artifact.TextOrNull(hashes))
	}
}

// setUser sets the state for user 0, or for the first that is listed. Since
// Android 13 the time of the first install stands there too.
func (b *packageBlock) setUser(rec *artifact.Record) {
	if len(b.users) == 0 {
		return
	}
	user := b.users[0]
	for _, u := range b.users {
		if strings.HasPrefix(u, "0:") {
			user = u
		}
	}
	for _, n := range []string{"installed", "hidden"} {
		if v, ok := attribute(user, n); ok {
			rec.Set(n, artifact.BoolValue(v == "true"))
		}
	}
	if v, ok := attribute(user, "enabled"); ok {
		if i, err := strconv.ParseInt(v, 10, 64); err == nil {
			rec.Set("enabled", artifact.IntValue(i))
		}
	}
}

// verifier reads "Required: com.android.vending (uid=10019)".
func (p *packageReading) verifier(s *section, line string) error {
	role, rest, ok := strings.Cut(line, ":")
	if !ok {
		return nil
	}
	rec := s.Start("verifier")
	rec.Set("role", artifact.TextOrNull(role))
	if name, _, _ := strings.Cut(strings.TrimSpace(rest), " "); name != "null" {
		setApp(rec, name)
	}
	return s.Give()
}
