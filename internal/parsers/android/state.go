package android

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// What services print of their state is indented lines for people. These are
// the few forms in which they do.

// body is the line without its indentation, and how deep that was.
func (r *lineReading) body() (text string, indent int) {
	trimmed := bytes.TrimLeft(r.Line, " \t")
	return string(bytes.TrimRight(trimmed, " \t")), len(r.Line) - len(trimmed)
}

// footer reports whether the line is the one that dumpsys ends a section with.
func (r *lineReading) footer() bool {
	return r.blank() || bytes.HasPrefix(r.Line, []byte("--------- "))
}

// valueOf returns what follows "key=" in a list of such pairs, up to the next
// space, comma or bracket, or the text in quotes.
func valueOf(text, key string) (string, bool) {
	for from := 0; ; {
		i := strings.Index(text[from:], key+"=")
		if i < 0 {
			return "", false
		}
		i += from
		from = i + len(key) + 1
		if i > 0 && !strings.ContainsRune(" ,{[(\t", rune(text[i-1])) {
			continue // the end of a longer key
		}
		rest := text[from:]
		if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
			if end := strings.IndexByte(rest[1:], rest[0]); end >= 0 {
				return rest[1 : 1+end], true
			}
			return rest[1:], true
		}
		if end := strings.IndexAny(rest, " ,}])\t"); end >= 0 {
			rest = rest[:end]
		}
		return rest, true
	}
}

// component takes a name "package/class" apart; the class may begin with a dot.
// ok says whether the text is one.
func component(text string) (pkg string, ok bool) {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "ComponentInfo{"), "}")
	pkg, class, found := strings.Cut(text, "/")
	return pkg, found && pkg != "" && class != "" && !strings.ContainsAny(text, " \t") && strings.Contains(pkg, ".")
}

// setComponent sets the component and its package, which is observed.
func setComponent(rec *artifact.Record, text string) bool {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "ComponentInfo{"), "}")
	pkg, ok := component(text)
	if !ok {
		return false
	}
	rec.Set("component", artifact.TextValue(text))
	setPackage(rec, pkg)
	return true
}

func setPackage(rec *artifact.Record, pkg string) {
	rec.Set("package", artifact.TextOrNull(pkg))
	rec.Observe(artifact.AppID, pkg, "package")
}

// userOf returns the number in "UserInfo{0:Owner:13}" or "User 10" or "user 0".
func userOf(text string) (int64, bool) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "UserInfo{"), "User ")
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	n, err := strconv.ParseInt(text[:end], 10, 32)
	return n, err == nil
}

// leadingNumber is the integer that text begins with, "" where there is none.
func leadingNumber(text string) string {
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && text[0] == '-') {
		end++
	}
	return text[:end]
}

// setNumber sets an integer where the text is one.
func setNumber(rec *artifact.Record, name, text string) {
	if text == "" {
		return
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		rec.Set(name, artifact.IntValue(n))
	}
}

func setBool(rec *artifact.Record, name, text string) {
	if b, err := strconv.ParseBool(text); err == nil {
		rec.Set(name, artifact.BoolValue(b))
	}
}

// wallClock reads "2020-01-08 15:29:43", with a T or with parts of a second, by
// the phone's clock.
func wallClock(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// fields is how most parsers of this kind document their kinds.
func textField(name, doc string) artifact.FieldInfo {
	return artifact.FieldInfo{Name: name, Type: artifact.Text, Doc: doc}
}

func intField(name, doc string) artifact.FieldInfo {
	return artifact.FieldInfo{Name: name, Type: artifact.Int, Doc: doc}
}

func boolField(name, doc string) artifact.FieldInfo {
	return artifact.FieldInfo{Name: name, Type: artifact.Bool, Doc: doc}
}

// aosp is where the source of a service stands that prints a section.
func aosp(path string) string {
	return "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/" + path
}

// whenMillis adds a time in milliseconds since 1970. The largest number there
// is stands for "never".
func whenMillis(rec *artifact.Record, meaning, text string) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n > 0 && n != 1<<63-1 {
		rec.When(meaning, artifact.UnixMilliseconds, artifact.IntValue(n))
	}
}
