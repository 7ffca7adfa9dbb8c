package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// accessibility reads services that may see and act for the owner.
type accessibility struct{}

var accessibilityInfo = artifact.Info{
	Name:    "android.accessibility",
	Version: 1,
	Summary: "Accessibility services: which are installed, switched on, running.",
	Files:   []string{"**/dumpsys/accessibility"},
	Kinds: []artifact.KindInfo{{
		Kind: "service", Doc: "A service, once for each list that has it.",
		Fields: []artifact.FieldInfo{
			textField("package_name", "package of the service"), textField("component", "package and class"),
			textField("label", "name that people see, of those that run: their list names nothing else"),
			textField("state", "the list: installed, enabled, bound, binding, crashed, or running: the only one of Android 6 to 9"),
			textField("user", "number of the user"),
		},
	}},
	Caveats: []string{"Lists of bound services name the label alone; those of enabled ones name the service. Android 6 to 9 list only services that run."},
	Refs:    []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/accessibility/java/com/android/server/accessibility/AccessibilityUserState.java"},
}

// Info implements artifact.Parser.
func (accessibility) Info() artifact.Info { return accessibilityInfo }

// Parse implements artifact.Parser.
func (accessibility) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var a accessibilityReading
	return readSection(ctx, in, a.line, nil)
}

type accessibilityReading struct {
	user, list string // list: the one that goes on in the next lines, "" outside
}

// accessibilityLists are the headings of lists, in lower case.
var accessibilityLists = map[string]string{
	"installed services": "installed", "enabled services": "enabled", "bound services": "bound", "binding services": "binding", "crashed services": "crashed",
}

func (a *accessibilityReading) line(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	if i := strings.Index(line, "attributes:{id="); i >= 0 {
		a.user, _ = attribute(line[i+len("attributes:"):], "id")
		return nil
	}
	if strings.HasPrefix(line, "services:{") {
		a.list = "running"
	}
	if (a.list == "running" || a.list == "bound") && strings.Contains(line, "Service[label=") {
		return a.labels(s, line)
	}
	head, rest, ok := strings.Cut(line, ":")
	if name := accessibilityLists[strings.ToLower(strings.TrimSpace(head))]; ok && name != "" {
		a.list = name
		if strings.HasSuffix(strings.TrimSpace(rest), "}") {
			defer func() { a.list = "" }() // the list is this line
		}
		if name == "bound" {
			return a.labels(s, rest)
		}
		return a.components(s, rest)
	}
	switch {
	case a.list != "" && strings.HasPrefix(line, "}"):
		a.list = ""
	case a.list != "":
		return a.components(s, line)
	case line != "" && !strings.HasPrefix(line, "ACCESSIBILITY MANAGER"):
		s.notUnderstood()
	}
	return nil
}

// components gives each component in a text; the text of older versions has
// "0 : com.example/.Service", that of newer ones "{{com.example/.Service}, …}".
func (a *accessibilityReading) components(s *section, text string) error {
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(" \t{}[],=", c) }) {
		if !isComponent(word) {
			continue
		}
		rec := s.Start("service")
		setAppPart(rec, word)
		rec.Set("state", artifact.TextValue(a.list))
		rec.Set("user", artifact.TextOrNull(a.user))
		if err := s.Give(); err != nil {
			return err
		}
	}
	return nil
}

// labels gives the services that are named by their label alone:
// "Service[label=Watcher, feedbackType[…], capabilities=1, eventTypes=…".
func (a *accessibilityReading) labels(s *section, text string) error {
	for {
		_, after, ok := strings.Cut(text, "Service[label=")
		if !ok {
			return nil
		}
		label, rest, ok := strings.Cut(after, ", feedbackType[")
		if !ok {
			s.notUnderstood()
			return nil
		}
		rec := s.Start("service")
		rec.Set("label", artifact.TextOrNull(label))
		rec.Set("state", artifact.TextValue(a.list))
		rec.Set("user", artifact.TextOrNull(a.user))
		if err := s.Give(); err != nil {
			return err
		}
		text = rest
	}
}
