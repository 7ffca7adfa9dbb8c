package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// notificationListeners reads which apps may read every notification: messages
// of all messengers pass there.
type notificationListeners struct{}

// Info implements artifact.Parser.
func (notificationListeners) Info() artifact.Info {
	return artifact.Info{
		Name: "android.notification_listeners", Version: 1, Summary: "Apps that may read all notifications, messages of every messenger among them.",
		Files: []string{"**/dumpsys/notification"},
		Kinds: []artifact.KindInfo{{Kind: "listener", Doc: "A service that may read, or reads, notifications.", Fields: []artifact.FieldInfo{
			textField("component", "the service"), textField("package", "its app"), intField("user", "the user of the phone, -1: all"),
			textField("state", "allowed: somebody gave it the right; live: it runs"), boolField("assistant", "it may also change notifications"),
			boolField("system", "the system itself bound it"),
		}}},
		Refs: []string{aosp("core/java/com/android/server/notification/ManagedServices.java")},
	}
}

// Parse implements artifact.Parser.
func (notificationListeners) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	state, assistant := "", false
	return readLines(ctx, in, func(r *lineReading) error {
		text, _ := r.body()
		if strings.HasSuffix(text, ":") && strings.Contains(text, "notification ") {
			state, assistant = listenerHeading(text)
			return nil
		}
		name, rest, _ := strings.Cut(text, " (user")
		if _, ok := component(name); !ok || state == "" {
			if state != "" && strings.HasSuffix(text, ":") {
				state = ""
			}
			return nil
		}
		rec := r.Start("listener")
		setComponent(rec, name)
		setNumber(rec, "user", leadingNumber(strings.TrimLeft(rest, ": ")))
		rec.Set("state", artifact.TextValue(state))
		rec.Set("assistant", artifact.BoolValue(assistant))
		if state == "live" {
			rec.Set("system", artifact.BoolValue(strings.HasSuffix(text, " SYSTEM")))
		}
		return r.Give()
	}, nil)
}

// listenerHeading says what a list is: those that are enabled for the current
// user are among the allowed ones.
func listenerHeading(text string) (state string, assistant bool) {
	assistant = strings.Contains(text, "notification assistant")
	if !assistant && !strings.Contains(text, "notification listeners") {
		return "", false
	}
	switch {
	case strings.HasPrefix(text, "Allowed "):
		return "allowed", assistant
	case strings.HasPrefix(text, "Live "):
		return "live", assistant
	}
	return "", assistant
}
