package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// inputMethods reads the keyboards: one that is not the phone's own sees all
// that is typed.
type inputMethods struct{}

// Info implements artifact.Parser.
func (inputMethods) Info() artifact.Info {
	return artifact.Info{
		Name: "android.input_methods", Version: 1, Summary: "Keyboards: who could see what is typed.",
		Files: []string{"**/dumpsys/input_method"},
		Kinds: []artifact.KindInfo{
			{Kind: "input_method", Doc: "A keyboard that is installed.", Fields: []artifact.FieldInfo{
				textField("component", "the service"), textField("package", "its app"), textField("source", "path of the app on the phone"),
			}},
			{Kind: "current_input_method", Doc: "The keyboard in use.", Fields: []artifact.FieldInfo{
				textField("component", "the service"), textField("package", "its app"),
			}},
		},
		Refs: []string{aosp("core/java/com/android/server/inputmethod/InputMethodManagerService.java")},
	}
}

// Parse implements artifact.Parser.
func (inputMethods) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var m methodReading
	return readLines(ctx, in, m.line, m.last)
}

// methodReading is the keyboard whose details stand in the lines that follow.
type methodReading struct {
	id, source string
	offset     int64
	open       bool
}

func (m *methodReading) line(r *lineReading) error {
	text, _ := r.body()
	if id, ok := valueOf(text, "mId"); ok {
		if err := m.last(r); err != nil {
			return err
		}
		m.id, m.source, m.offset, m.open = id, "", r.Offset, true
		return nil
	}
	if source, ok := strings.CutPrefix(text, "sourceDir="); ok && m.open && m.source == "" {
		m.source = source
	}
	for _, key := range []string{"mCurMethodId", "mSelectedMethodId"} {
		id, ok := valueOf(text, key)
		if !ok {
			continue
		}
		if err := m.last(r); err != nil {
			return err
		}
		rec := r.Start("current_input_method")
		if setComponent(rec, id) {
			return r.Give()
		}
	}
	return nil
}

// last gives the keyboard at hand, if any.
func (m *methodReading) last(r *lineReading) error {
	if !m.open {
		return nil
	}
	m.open = false
	rec := r.Start("input_method")
	rec.Loc.Offset, rec.Loc.Length = m.offset, max(r.Offset-m.offset, 1)
	if !setComponent(rec, m.id) {
		return nil
	}
	rec.Set("source", artifact.TextOrNull(m.source))
	rec.Observe(artifact.FilePath, m.source, "source")
	return r.Give()
}
