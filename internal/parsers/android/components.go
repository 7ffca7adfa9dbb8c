package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// components reads which parts of apps answer to which intents.
type components struct {
	info  *artifact.Info
	table string // heading in the dump
}

func componentInfo(name, summary, what string) *artifact.Info {
	return &artifact.Info{
		Name: "android." + name, Version: 1, Summary: summary, Files: []string{"**/dumpsys/package"},
		Kinds: []artifact.KindInfo{{
			Kind: "component", Doc: "A " + what + " and an intent that it answers to.",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package"), textField("component", "package and class"), textField("intent", "action, scheme or type"),
				textField("by", "what the list is ordered by: Non-Data Actions, Schemes, Full MIME Types…"),
			},
		}},
		Refs: []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/IntentResolver.java"},
	}
}

var (
	activitiesInfo = componentInfo("activities", "Screens of apps and the intents that open them.", "screen (activity)")
	receiversInfo  = componentInfo("receivers", "Parts of apps that are told of events: messages, calls, the start of the phone.", "receiver")
	servicesInfo   = componentInfo("services", "Parts of apps that run in the background, and the intents that start them.", "service")
)

// Info implements artifact.Parser.
func (c components) Info() artifact.Info { return *c.info }

// Parse implements artifact.Parser.
func (c components) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	r := componentReading{table: c.table}
	return readSection(ctx, in, r.line, nil)
}

type componentReading struct {
	table, by, intent string
	within            bool
}

func (c *componentReading) line(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	indent := s.indent()
	switch {
	case line == "":
	case indent == 0:
		c.within = strings.TrimSuffix(line, ":") == c.table
		c.by, c.intent = "", ""
	case !c.within:
	case indent == 2 && strings.HasSuffix(line, ":"):
		c.by = strings.TrimSuffix(line, ":")
	case indent == 6 && strings.HasSuffix(line, ":"):
		c.intent = strings.TrimSuffix(line, ":")
	default:
		return c.component(s, line)
	}
	return nil
}

// component reads "8880983 com.example/.Main (2 filters)". What filters say in
// detail stands in lines of its own, below.
func (c *componentReading) component(s *section, line string) error {
	_, rest, ok := strings.Cut(line, " ")
	name, _, _ := strings.Cut(rest, " ")
	if !ok || !isComponent(name) {
		if s.indent() <= 8 {
			s.notUnderstood()
		}
		return nil
	}
	rec := s.Start("component")
	setAppPart(rec, name)
	rec.Set("intent", artifact.TextOrNull(c.intent))
	rec.Set("by", artifact.TextOrNull(c.by))
	return s.Give()
}
