package android

import (
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// opModes are the names that Android 9 and later print for the modes that older
// versions number.
var opModes = map[string]string{"0": "allow", "1": "ignore", "2": "deny", "3": "default", "4": "foreground"}

func opMode(mode string) string {
	if name := opModes[mode]; name != "" {
		return name
	}
	return mode
}

// oldOperation reads what Android 6 to 8 print of an operation in one line:
// "CAMERA: mode=0; time=+1d2h3m4s5ms ago; rejectTime=+5m0s0ms ago; duration=+13s4ms".
func (a *appOpsReading) oldOperation(s *section, line string) error {
	name, rest, _ := strings.Cut(line, ": mode=")
	line, running := strings.CutSuffix(rest, " (running)")
	mode, values, _ := strings.Cut(line, "; ")
	a.op, a.mode = name, opMode(mode)
	if err := a.operation(s); err != nil {
		return err
	}
	var duration string
	uses := [][2]string{{"access", ""}, {"reject", ""}}
	for value := range strings.SplitSeq(values, "; ") {
		switch name, v, _ := strings.Cut(value, "="); name {
		case "time":
			uses[0][1] = v
		case "rejectTime":
			uses[1][1] = v
		case "duration":
			duration = v
		}
	}
	for _, u := range uses {
		if u[1] == "" {
			continue
		}
		rec := s.Start("use")
		a.set(rec)
		rec.Set("outcome", artifact.TextValue(u[0]))
		if u[0] == "access" {
			rec.Set("duration", artifact.TextOrNull(duration))
		}
		if err := s.ago(rec, u[0], u[1]); err != nil {
			return err
		}
		pkg, op, outcome := a.pkg, a.op, u[0]
		summary(rec, "%s: %s (%s)", pkg, op, outcome)
		if err := s.Give(); err != nil {
			return err
		}
	}
	if running {
		return a.running(s, "")
	}
	return nil
}

// ago sets the time of "+1d2h3m4s5ms ago", by when the report was made.
func (s *section) ago(rec *artifact.Record, meaning, raw string) error {
	before, ok := strings.CutSuffix(raw, " ago")
	d, known := parseElapsed(before)
	if !ok || !known {
		s.notUnderstood()
		return nil
	}
	c, err := s.clock()
	if !c.made.IsZero() {
		// The head tells seconds, and the section was written after it.
		c.set(rec, meaning, c.made.Add(-d).Truncate(time.Second), raw)
	}
	return err
}

// oldUse reads what Android 9 prints: "Access: fg    = 2018-05-01 10:00:00.000
// (-1d5h)", and the same without its first word for each other state of the app.
func (a *appOpsReading) oldUse(s *section, line string) error {
	outcome, line := useOutcome(line)
	if outcome != "" {
		a.outcome = outcome
	}
	state, at, _ := strings.Cut(line, "=")
	return a.use(s, a.outcome+": ["+strings.TrimSpace(state)+"]"+at)
}

// isOldUse reports whether a line is of those that oldUse reads.
func (a *appOpsReading) isOldUse(line string) bool {
	outcome, rest := useOutcome(line)
	state, at, ok := strings.Cut(rest, "=")
	at, _, _ = strings.Cut(at, " (")
	_, dated := parseWall(strings.TrimSpace(at))
	return ok && dated && !strings.ContainsAny(strings.TrimSpace(state), " [:") && (outcome != "" || a.outcome != "")
}

// useOutcome cuts the word that a line of uses begins with, "" where it has none.
func useOutcome(line string) (outcome, rest string) {
	for _, outcome := range []string{"Access", "Reject"} {
		if rest, ok := strings.CutPrefix(line, outcome+": "); ok {
			return outcome, rest
		}
	}
	return "", line
}
