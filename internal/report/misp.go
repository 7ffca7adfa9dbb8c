package report

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// The core format of MISP: https://www.misp-standard.org/rfc/misp-standard-core.html
type (
	mispEvent struct {
		UUID         string          `json:"uuid"`
		Info         string          `json:"info"`
		Date         string          `json:"date"`
		Timestamp    string          `json:"timestamp"`
		Analysis     string          `json:"analysis"`        // 2: completed
		Threat       string          `json:"threat_level_id"` // 1 high … 4 undefined
		Distribution string          `json:"distribution"`    // 0: your organisation only
		Published    bool            `json:"published"`
		Attributes   []mispAttribute `json:"Attribute"`
	}
	mispAttribute struct {
		UUID         string         `json:"uuid"`
		Type         string         `json:"type"`
		Category     string         `json:"category"`
		Value        string         `json:"value"`
		Comment      string         `json:"comment"`
		ToIDs        bool           `json:"to_ids"`
		Distribution string         `json:"distribution"` // 5: as the event
		Timestamp    string         `json:"timestamp"`
		FirstSeen    string         `json:"first_seen,omitempty"`
		LastSeen     string         `json:"last_seen,omitempty"`
		Sightings    []mispSighting `json:"Sighting"`
	}
	mispSighting struct {
		UUID   string `json:"uuid"`
		Type   string `json:"type"` // 0: seen
		Source string `json:"source"`
		Date   string `json:"date_sighting"` // seconds since 1970
	}
)

// mispTypes are the attribute type and category of each type of indicator.
var mispTypes = map[string][2]string{
	"domain": {"domain", "Network activity"}, "url": {"url", "Network activity"}, "ip": {"ip-dst", "Network activity"},
	"email": {"email-src", "Payload delivery"}, "file_name": {"filename", "Payload installation"},
	"file_path": {"filename", "Payload installation"}, "app_id": {"mobile-application-id", "Payload installation"},
	"process": {"text", "Artifacts dropped"}, "profile_id": {"text", "Artifacts dropped"},
	"android_property": {"text", "Artifacts dropped"}, "phone": {"phone-number", "Other"},
}

// MISP writes the published indicators that matched as one MISP event with
// sightings. It is not published and goes to nobody's community until a person
// decides so, and names no person, phone, message or file of the evidence.
func MISP(w io.Writer, res *Result) error {
	list, err := sightings(res)
	if err != nil {
		return err
	}
	run := &res.Run
	ended := strconv.FormatInt(run.Ended.Unix(), 10)
	event := mispEvent{
		UUID: exchangeID("misp", runKey(run)), Info: "Mercenary spyware: published indicators seen on a phone",
		Date: run.Ended.UTC().Format(time.DateOnly), Timestamp: ended, Analysis: "2", Threat: mispThreat(run),
		Distribution: "0", Attributes: []mispAttribute{},
	}
	for _, s := range list {
		if a, ok := s.misp(run, ended); ok {
			event.Attributes = append(event.Attributes, a)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Event mispEvent `json:"Event"`
	}{event})
}

func mispThreat(run *finding.Run) string {
	switch {
	case run.Totals.BySeverity[finding.Critical.String()] > 0:
		return "1"
	case run.Totals.BySeverity[finding.High.String()] > 0:
		return "2"
	default:
		return "4"
	}
}

func (s *sighted) misp(run *finding.Run, ended string) (mispAttribute, bool) {
	t, ok := mispTypes[s.Type]
	switch s.Type {
	case "file_hash":
		t, ok = [2]string{mispHash(s.Value), "Payload installation"}, true
	case "cert_hash":
		t, ok = [2]string{"x509-fingerprint-" + mispHash(s.Value), "Payload installation"}, true
	}
	if !ok {
		return mispAttribute{}, false
	}
	id := exchangeID("misp", runKey(run), s.Type, s.Value, s.SetSHA256, s.ID)
	a := mispAttribute{
		UUID: id, Type: t[0], Category: t[1], Value: s.Value, ToIDs: t[0] != "text", Distribution: "5", Timestamp: ended,
		Comment:   strings.Join(nonEmpty(s.Set, strings.Join(s.Threats, ", "), s.Reference, s.seenIn()), "; "),
		Sightings: []mispSighting{},
	}
	for i, at := range []*time.Time{s.First, s.Last} {
		if at == nil || i == 1 && at.Equal(*s.First) {
			continue
		}
		a.Sightings = append(a.Sightings, mispSighting{
			UUID: exchangeID("misp-sighting", id, strconv.Itoa(i)), Type: "0", Source: "Amparo", Date: strconv.FormatInt(at.Unix(), 10),
		})
	}
	if s.First != nil {
		a.FirstSeen, a.LastSeen = s.First.UTC().Format(time.RFC3339Nano), s.Last.UTC().Format(time.RFC3339Nano)
	}
	return a, true
}

// mispHash names a hash by its length, as MISP spells it.
func mispHash(value string) string {
	return strings.ToLower(strings.ReplaceAll(strings.Trim(hashName(value), "'"), "-", ""))
}

func nonEmpty(list ...string) []string {
	out := list[:0]
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
