package android

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// opsHistory reads what stands behind the state of appops: single uses, and
// counts over spans of time.
type opsHistory struct {
	part                      string // discrete, history, table; "" before
	uid, pkg, op, attribution string
	begin, end                string
	columns                   []string
}

// begins reports whether the line begins one of the lists, and notes which.
func (h *opsHistory) begins(line string) bool {
	part := ""
	switch {
	case strings.HasPrefix(line, "Discrete accesses:"):
		part = "discrete"
	case line == "History:":
		part = "history"
	case strings.HasPrefix(line, "UID|PACKAGE_NAME|"):
		part = "table"
	default:
		return false
	}
	*h = opsHistory{part: part}
	if part == "table" {
		h.columns = strings.Split(line, "|")
	}
	return true
}

func (h *opsHistory) line(s *section, line string) error {
	if line == "" {
		return nil
	}
	switch h.part {
	case "table":
		return h.row(s, line)
	case "discrete":
		return h.discrete(s, line)
	default:
		return h.history(s, line)
	}
}

func (h *opsHistory) record(s *section, kind artifact.Kind) *artifact.Record {
	rec := s.Start(kind)
	setApp(rec, h.pkg)
	rec.Set("uid", artifact.TextOrNull(h.uid))
	rec.Set("operation", artifact.TextOrNull(h.op))
	if h.attribution != "null" {
		rec.Set("attribution", artifact.TextOrNull(h.attribution))
	}
	return rec
}

// discrete takes a line of DiscreteRegistry.dump of Android 12 to 15.
func (h *opsHistory) discrete(s *section, line string) error {
	name, value, ok := strings.Cut(line, ": ")
	switch {
	case ok && name == "Uid":
		h.uid, h.pkg, h.op = value, "", ""
	case ok && name == "Package":
		h.pkg, h.op = value, ""
	case ok && name == "Attribution":
		h.attribution = value
	case line == "Attribution:": // its tag is empty
		h.attribution = ""
	case strings.HasPrefix(line, "Access [") && h.op != "":
		return h.access(s, line)
	case h.pkg != "" && isOperationName(line):
		h.op, h.attribution = line, ""
	case s.indent() > 0 || strings.HasPrefix(line, "Largest chain id") || strings.HasPrefix(line, "mChainIdOffset"):
		s.notUnderstood()
	}
	return nil
}

func isOperationName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}

// access reads "Access [bg-s] at 2025-09-10 11:58:00.000 for 60000 milliseconds ".
func (h *opsHistory) access(s *section, line string) error {
	state, rest, _ := strings.Cut(strings.TrimPrefix(line, "Access ["), "] at ")
	at, duration, _ := strings.Cut(rest, " for ")
	at, _, _ = strings.Cut(at, " attributionFlags=") // since Android 13
	rec := h.record(s, "discrete")
	rec.Set("outcome", artifact.TextValue("access"))
	rec.Set("state", artifact.TextOrNull(state))
	setNumber(rec, "duration_ms", leadingNumber(duration))
	return h.give(s, rec, "access", strings.TrimSpace(at))
}

func (h *opsHistory) give(s *section, rec *artifact.Record, outcome, at string) error {
	if err := s.wall(rec, outcome, at); err != nil {
		return err
	}
	pkg, op := h.pkg, h.op
	summary(rec, "%s: %s (%s)", pkg, op, outcome)
	return s.Give()
}

// row takes a row of AppOpHistoryHelper.dump of Android 16. Values are told by
// the names of their columns.
func (h *opsHistory) row(s *section, line string) error {
	values := strings.Split(line, "|")
	if len(values) < 7 || len(values) != len(h.columns) {
		if !strings.HasPrefix(line, "----") {
			s.notUnderstood()
		}
		return nil
	}
	v := make(map[string]string, len(values))
	for i, column := range h.columns {
		if values[i] != "null" {
			v[column] = values[i]
		}
	}
	h.uid, h.pkg, h.op, h.attribution = v["UID"], v["PACKAGE_NAME"], v["OP_NAME"], v["ATTRIBUTION_TAG"]
	rec := h.record(s, "discrete")
	outcome := "access"
	if v["ACCESS_COUNTS"] == "0" && v["REJECT_COUNTS"] != "0" {
		outcome = "reject"
	}
	rec.Set("outcome", artifact.TextValue(outcome))
	rec.Set("device", artifact.TextOrNull(v["DEVICE_ID"]))
	rec.Set("state", artifact.TextOrNull(strings.Trim(v["UID_STATE"]+"-"+v["OP_FLAGS"], "-")))
	setNumber(rec, "duration_ms", v["DURATION"])
	setNumber(rec, "access_count", v["ACCESS_COUNTS"])
	setNumber(rec, "reject_count", v["REJECT_COUNTS"])
	return h.give(s, rec, outcome, v["ACCESS_TIME"])
}

// history takes a line of HistoricalRegistry's dump.
func (h *opsHistory) history(s *section, line string) error {
	name, value, _ := strings.Cut(line, " ")
	switch {
	case line == "snapshot:":
		*h = opsHistory{part: h.part}
	case name == "begin" || name == "end":
		at, _, _ := strings.Cut(strings.TrimPrefix(value, "= "), "  (")
		if name == "begin" {
			h.begin = at
		} else {
			h.end = at
		}
	case name == "Uid":
		h.uid, h.pkg, h.op, h.attribution = strings.TrimSuffix(value, ":"), "", "", ""
	case name == "Package":
		h.pkg, h.op, h.attribution = strings.TrimSuffix(value, ":"), "", ""
	case name == "Attribution":
		h.attribution, h.op = strings.TrimSuffix(value, ":"), ""
	case h.pkg != "" && isOperationName(strings.TrimSuffix(line, ":")) && strings.HasSuffix(line, ":"):
		h.op = strings.TrimSuffix(line, ":")
	case h.op != "" && strings.HasPrefix(line, "[") && strings.Contains(line, "] = "):
		return h.count(s, line)
	case h.uid == "": // how the history is kept
	default:
		s.notUnderstood()
	}
	return nil
}

// count reads "[bg-s] = access=3, reject=1, duration=+1m2s".
func (h *opsHistory) count(s *section, line string) error {
	state, counts, _ := strings.Cut(line, "] = ")
	rec := h.record(s, "history")
	rec.Set("state", artifact.TextOrNull(strings.TrimPrefix(state, "[")))
	for part := range strings.SplitSeq(counts, ", ") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "access", "reject":
			setNumber(rec, name+"_count", value)
		case "duration":
			rec.Set("duration", artifact.TextOrNull(value))
		}
	}
	if err := s.wall(rec, "begin", h.begin); err != nil {
		return err
	}
	if err := s.wall(rec, "end", h.end); err != nil {
		return err
	}
	pkg, op := h.pkg, h.op
	summary(rec, "%s: %s, counted", pkg, op)
	return s.Give()
}
