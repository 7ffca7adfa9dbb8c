package android

import (
	"context"
	"iter"
	"regexp"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// environment reads what AndroidQF asked the shell: whether SELinux is on, the
// variables of its environment, and the services of the system.
type environment struct{}

var environmentInfo = artifact.Info{
	Name:    "android.environment",
	Version: 1,
	Summary: "State of SELinux, variables of the shell, and services of the system.",
	Files:   []string{"**/selinux.txt", "**/env.txt", "**/services.txt"},
	Kinds: []artifact.KindInfo{
		{
			Kind:   "selinux",
			Doc:    "State of SELinux, which keeps programs apart.",
			Fields: []artifact.FieldInfo{{Name: "status", Type: artifact.Text, Doc: "enforcing, permissive or disabled"}},
		},
		{
			Kind: "variable",
			Doc:  "A variable of the shell's environment.",
			Fields: []artifact.FieldInfo{
				{Name: "name", Type: artifact.Text, Doc: "name"},
				{Name: "value", Type: artifact.Text, Doc: "value"},
			},
		},
		{
			Kind: "service",
			Doc:  "A service of the system.",
			Fields: []artifact.FieldInfo{
				{Name: "name", Type: artifact.Text, Doc: "name"},
				{Name: "interface", Type: artifact.Text, Doc: "interface that it offers"},
			},
		},
	},
	Caveats: []string{"Makers of phones add services of their own."},
	Refs:    []string{"https://github.com/mvt-project/androidqf (modules/selinux.go, env.go, services.go)"},
}

// Info implements artifact.Parser.
func (environment) Info() artifact.Info { return environmentInfo }

// Parse implements artifact.Parser.
func (environment) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		switch baseName(in.Path) {
		case "selinux.txt":
			return r.lines(r.selinux)
		case "env.txt":
			return r.lines(r.variable)
		default:
			return r.lines(r.service)
		}
	})
}

func (r *fileReading) selinux(l textLine) error {
	status := strings.ToLower(strings.TrimSpace(l.text))
	switch status {
	case "":
		return nil
	case "enforcing", "permissive", "disabled":
	default:
		r.notUnderstood()
		return nil
	}
	rec := r.startLine("selinux", l)
	r.set("status", status)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "SELinux is ", status) }
	return r.Give()
}

func (r *fileReading) variable(l textLine) error {
	name, value, ok := cutFound(l.text, "=")
	if !ok {
		if strings.TrimSpace(l.text) != "" {
			r.notUnderstood()
		}
		return nil
	}
	rec := r.startLine("variable", l)
	r.set("name", name)
	r.set("value", value)
	for path := range strings.SplitSeq(value, ":") {
		if strings.HasPrefix(path, "/") {
			rec.Observe(artifact.FilePath, path, "value")
		}
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "variable ", name, "=", value) }
	return r.Give()
}

// serviceLine is a line of the command service: "12	activity: [android.app.IActivityManager]".
var serviceLine = regexp.MustCompile(`^\d+\s+(\S.*?): \[(.*)\]$`)

func (r *fileReading) service(l textLine) error {
	m := serviceLine.FindStringSubmatch(strings.TrimSpace(l.text))
	if m == nil {
		if s := strings.TrimSpace(l.text); s != "" && !strings.HasPrefix(s, "Found ") {
			r.notUnderstood()
		}
		return nil
	}
	rec := r.startLine("service", l)
	r.set("name", m[1])
	r.set("interface", m[2])
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "service ", m[1]) }
	return r.Give()
}
