package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// appOps reads which app used which sensitive operation, and when.
type appOps struct{}

var appOpsInfo = artifact.Info{
	Name:       "android.appops",
	Version:    2,
	Summary:    "Sensitive operations (microphone, camera, location, messages, installs…): which app is allowed, and when it last used or was refused them.",
	Files:      []string{"**/dumpsys/appops"},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{
		{
			Kind: "operation", Doc: "An operation of an app, with what is allowed.",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package of the app"), textField("uid", "user id, as the dump writes it (u0a104)"),
				textField("operation", "name of the operation"), textField("mode", "allow, ignore, deny, default, foreground"),
			},
		},
		{
			Kind: "use", Doc: "A use or a refusal (a line Access or Reject), or one that still goes on.",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package of the app"), textField("uid", "user id, as the dump writes it (u0a104)"),
				textField("operation", "name of the operation"), textField("mode", "allow, ignore, deny, default, foreground"),
				textField("outcome", "access, reject or running"), textField("state", "where the app was: [pers-s], [top-s], [bg-s]…"),
				textField("duration", "how long it used it"), textField("attribution", "part of the app that used it, since Android 11"),
				textField("proxy", "app for which it was used"),
			},
			Times: []string{"access", "reject"},
		},
		{
			Kind: "uid_mode", Doc: "What is allowed to all apps of a user id (a line \"NAME: mode=ignore\").",
			Fields: []artifact.FieldInfo{
				textField("uid", "user id, as the dump writes it (u0a104)"), textField("operation", "name of the operation"), textField("mode", "allow, ignore, deny, default, foreground"),
			},
		},
		{
			Kind: "discrete", Doc: "One use of camera, microphone, location and the like (below \"Discrete accesses\" of Android 12 to 15, or in the table of Android 16).",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package of the app"), textField("uid", "user id"), textField("operation", "name of the operation"),
				textField("outcome", "access or reject"), textField("attribution", "part of the app that used it"), textField("device", "device that it was used on, since Android 16"),
				textField("state", "where the app was, and on whose behalf: bg-s"), intField("duration_ms", "how long it used it, in milliseconds"),
				intField("access_count", "how often within the minute, since Android 16"), intField("reject_count", "how often it was refused, since Android 16"),
			},
			Times: []string{"access", "reject"},
		},
		{
			Kind: "history", Doc: "Uses of an operation counted over a span of time (below \"History\").",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package of the app"), textField("uid", "user id, as the dump writes it"), textField("operation", "name of the operation"),
				textField("attribution", "part of the app that used it"), textField("state", "where the app was, and on whose behalf"),
				intField("access_count", "how often it was used"), intField("reject_count", "how often it was refused"), textField("duration", "how long in all"),
			},
			Times: []string{"begin", "end"},
		},
	},
	Caveats: []string{
		"Only the last use is kept for each state of the app.",
		"Entries may outlive the app that they speak of.",
		"Most phones write the discrete uses of the last hour at most, and the history only where it was asked for.",
	},
	Refs: []string{
		aosp("core/java/com/android/server/appop/AppOpsService.java"), aosp("core/java/com/android/server/appop/DiscreteRegistry.java"),
		aosp("core/java/com/android/server/appop/HistoricalRegistry.java"), aosp("core/java/com/android/server/appop/AppOpHistoryHelper.java"),
	},
}

// Info implements artifact.Parser.
func (appOps) Info() artifact.Info { return appOpsInfo }

// Parse implements artifact.Parser.
func (appOps) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var a appOpsReading
	return readSection(ctx, in, a.line, nil)
}

type appOpsReading struct {
	uid, pkg, op, mode, attribution string
	outcome                         string // of the lines of Android 9 that follow
	within                          bool   // after the first "Uid"
	past                            opsHistory
}

func (a *appOpsReading) line(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	if a.past.begins(line) {
		return nil
	}
	if a.past.part != "" {
		return a.past.line(s, line)
	}
	switch name, rest, _ := strings.Cut(line, " "); {
	case strings.HasPrefix(line, "Uid ") && strings.HasSuffix(line, ":"):
		*a = appOpsReading{uid: strings.TrimSuffix(rest, ":"), within: true}
	case !a.within:
		// Lists of watchers and constants of the service.
		if line != "" && s.indent() == 0 && !strings.HasPrefix(line, "Current AppOps Service state") {
			s.notUnderstood()
		}
	case name == "Package" && strings.HasSuffix(line, ":"):
		a.pkg, a.op, a.attribution = strings.TrimSuffix(rest, ":"), "", ""
	case a.op != "" && a.isOldUse(line):
		return a.oldUse(s, line)
	case strings.HasPrefix(line, "Access: ") || strings.HasPrefix(line, "Reject: "):
		return a.use(s, line)
	case strings.HasPrefix(line, "Running start at"):
		return a.running(s, line)
	case a.pkg != "" && isOperation(line):
		a.op, a.mode, _ = strings.Cut(strings.TrimRight(line, ": "), " (")
		a.mode = strings.TrimSuffix(a.mode, ")")
		return a.operation(s)
	case a.op != "" && strings.HasSuffix(line, "=["):
		a.attribution = strings.TrimSuffix(line, "=[")
	case a.pkg == "" && isUIDMode(line):
		return a.uidMode(s, line)
	case isUIDMode(line):
		return a.oldOperation(s, line)
	case a.pkg == "" || line == "" || line == "]" || strings.HasPrefix(line, "startNesting=") || strings.HasPrefix(line, "duration="):
	default:
		s.notUnderstood()
	}
	return nil
}

// isOperation reports whether a line names an operation: "WAKE_LOCK (allow):".
func isOperation(line string) bool {
	name, rest, ok := strings.Cut(line, " (")
	return ok && strings.Contains(rest, ")") && strings.HasSuffix(strings.TrimRight(line, " "), ":") && strings.ToUpper(name) == name && !strings.Contains(name, " ")
}

// isUIDMode reports whether a line says what all apps of a user id may do.
func isUIDMode(line string) bool {
	name, _, ok := strings.Cut(line, ": mode=")
	return ok && name != "" && strings.ToUpper(name) == name && !strings.Contains(name, " ")
}

func (a *appOpsReading) uidMode(s *section, line string) error {
	name, mode, _ := strings.Cut(line, ": mode=")
	rec := s.Start("uid_mode")
	rec.Set("uid", artifact.TextOrNull(a.uid))
	rec.Set("operation", artifact.TextValue(name))
	rec.Set("mode", artifact.TextOrNull(opMode(mode)))
	return s.Give()
}

func (a *appOpsReading) set(rec *artifact.Record) {
	setApp(rec, a.pkg)
	rec.Set("uid", artifact.TextOrNull(a.uid))
	rec.Set("operation", artifact.TextOrNull(a.op))
	rec.Set("mode", artifact.TextOrNull(a.mode))
}

func (a *appOpsReading) operation(s *section) error {
	a.attribution, a.outcome = "", ""
	a.set(s.Start("operation"))
	return s.Give()
}

// use reads "Access: [top-s] 2022-02-02 23:20:13.096 (-14h43m52s765ms) duration=+1s proxy[uid=0, pkg=null]".
func (a *appOpsReading) use(s *section, line string) error {
	outcome, rest, _ := strings.Cut(line, ": ")
	outcome = strings.ToLower(outcome)
	state, rest, _ := strings.Cut(rest, "]")
	at, rest, _ := strings.Cut(strings.TrimSpace(rest), " (")
	rec := s.Start("use")
	a.set(rec)
	rec.Set("outcome", artifact.TextValue(outcome))
	rec.Set("state", artifact.TextOrNull(strings.TrimPrefix(state, "[")))
	duration, _ := attribute(rest, "duration")
	rec.Set("duration", artifact.TextOrNull(duration))
	rec.Set("attribution", artifact.TextOrNull(a.attribution))
	if _, proxy, ok := strings.Cut(rest, "proxy["); ok {
		if pkg, _ := attribute(proxy, "pkg"); pkg != "null" {
			rec.Set("proxy", artifact.TextOrNull(pkg))
			rec.Observe(artifact.AppID, pkg, "proxy")
		}
	}
	if err := s.wall(rec, outcome, at); err != nil {
		return err
	}
	pkg, op := a.pkg, a.op
	summary(rec, "%s: %s (%s)", pkg, op, outcome)
	return s.Give()
}

func (a *appOpsReading) running(s *section, line string) error {
	rec := s.Start("use")
	a.set(rec)
	rec.Set("outcome", artifact.TextValue("running"))
	_, since, _ := strings.Cut(line, ": ")
	rec.Set("duration", artifact.TextOrNull(since))
	return s.Give()
}
