package android

import (
	"context"
	"iter"
	"regexp"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// holders reads the apps that hold a power of the phone: each artifact is a
// list of another service, read in its own way.
type holders struct {
	info *artifact.Info
	line func(*holderReading, *section, string) error
}

func holderInfo(name, summary, doc, ref string, files ...string) *artifact.Info {
	return &artifact.Info{
		Name: "android." + name, Version: 1, Summary: summary, Files: files,
		Kinds: []artifact.KindInfo{{
			Kind: "holder", Doc: doc,
			Fields: []artifact.FieldInfo{
				textField("package_name", "package"), textField("component", "package and class, where the list has it"), textField("what", "what it holds: the role, the list, the overlay's target"),
				textField("state", "allowed, enabled, live, current, disabled…"), textField("user", "number of the user"), textField("text", "the line"),
			},
		}},
		Refs: []string{"https://android.googlesource.com/platform/" + ref},
	}
}

const serverCode = "frameworks/base/+/refs/heads/main/services/core/java/com/android/server/"

// foregroundInfo is of the services that run.
var foregroundInfo = holderInfo("background_services", "Services of apps that ran when the evidence was made.",
	"A running service.", serverCode+"am/ServiceRecord.java", "**/dumpsys/activity", "**/dumpstate/APP SERVICES*")

// Info implements artifact.Parser.
func (h holders) Info() artifact.Info { return *h.info }

// Parse implements artifact.Parser.
func (h holders) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var r holderReading
	return readSection(ctx, in, func(s *section) error { return h.line(&r, s, strings.TrimSpace(string(s.Line))) }, nil)
}

// holderReading is what the lines so far said.
type holderReading struct {
	what, state, user string
}

// give gives a holder: a component, or a package.
func (r *holderReading) give(s *section, name, text string) error {
	rec := s.Start("holder")
	if isComponent(name) {
		setAppPart(rec, name)
	} else {
		setApp(rec, name)
	}
	rec.Set("what", artifact.TextOrNull(r.what))
	rec.Set("state", artifact.TextOrNull(r.state))
	rec.Set("user", artifact.TextOrNull(r.user))
	rec.Set("text", artifact.TextOrNull(text))
	return s.Give()
}

var serviceRecord = regexp.MustCompile(`^\* ServiceRecord\{\w+ (u\d+) ([^\s}]+)`)

func runningServiceLine(r *holderReading, s *section, line string) error {
	m := serviceRecord.FindStringSubmatch(line)
	if m == nil || !isComponent(m[2]) {
		return nil
	}
	r.what, r.state, r.user = "service", "running", strings.TrimPrefix(m[1], "u")
	return r.give(s, m[2], "")
}
