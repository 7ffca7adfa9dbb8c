package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// trustAgents reads the services that may keep the phone unlocked.
type trustAgents struct{}

// Info implements artifact.Parser.
func (trustAgents) Info() artifact.Info {
	return artifact.Info{
		Name: "android.trust_agents", Version: 1, Summary: "Services that may keep the phone unlocked (trust agents).",
		Files: []string{"**/dumpsys/trust"},
		Kinds: []artifact.KindInfo{{Kind: "trust_agent", Doc: "A trust agent that is enabled for a user.", Fields: []artifact.FieldInfo{
			textField("component", "the service"), textField("package", "its app"), intField("user", "the user of the phone"),
		}}},
		Refs: []string{aosp("core/java/com/android/server/trust/TrustManagerService.java")},
	}
}

// Parse implements artifact.Parser.
func (trustAgents) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var user int64
	agents := false
	return readLines(ctx, in, func(r *lineReading) error {
		text, _ := r.body()
		switch {
		case strings.HasPrefix(text, "User "):
			agents = false
			if id, ok := valueOf(text, "id"); ok {
				user, _ = userOf(id)
			}
		case text == "Enabled agents:":
			agents = true
		case text == "Events:":
			agents = false
		case agents:
			if _, ok := component(text); ok {
				rec := r.Start("trust_agent")
				setComponent(rec, text)
				rec.Set("user", artifact.IntValue(user))
				return r.Give()
			}
		}
		return nil
	}, nil)
}
