package report

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// stixObject is one object of a STIX 2.1 bundle
// (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html).
type stixObject struct {
	Type           string         `json:"type"`
	SpecVersion    string         `json:"spec_version"`
	ID             string         `json:"id"`
	CreatedBy      string         `json:"created_by_ref,omitempty"`
	Created        string         `json:"created"`
	Modified       string         `json:"modified"`
	Name           string         `json:"name,omitempty"`
	Description    string         `json:"description,omitempty"`
	IdentityClass  string         `json:"identity_class,omitempty"`
	Pattern        string         `json:"pattern,omitempty"`
	PatternType    string         `json:"pattern_type,omitempty"`
	ValidFrom      string         `json:"valid_from,omitempty"`
	MalwareTypes   []string       `json:"malware_types,omitempty"`
	IsFamily       *bool          `json:"is_family,omitempty"`
	Relationship   string         `json:"relationship_type,omitempty"`
	Source         string         `json:"source_ref,omitempty"`
	Target         string         `json:"target_ref,omitempty"`
	SightingOf     string         `json:"sighting_of_ref,omitempty"`
	FirstSeen      string         `json:"first_seen,omitempty"`
	LastSeen       string         `json:"last_seen,omitempty"`
	Count          int64          `json:"count,omitempty"`
	ExternalSource []stixExternal `json:"external_references,omitempty"`
}

type stixExternal struct {
	SourceName string `json:"source_name"`
	URL        string `json:"url,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
}

// STIX writes the published indicators that matched as a STIX 2.1 bundle of
// sightings. It names no person, phone, message or file of the evidence. The
// same result folder gives the same bytes.
func STIX(w io.Writer, res *Result) error {
	list, err := sightings(res)
	if err != nil {
		return err
	}
	b := newStixBundle(&res.Run)
	for _, s := range list {
		b.sighting(s)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Type    string       `json:"type"`
		ID      string       `json:"id"`
		Objects []stixObject `json:"objects"`
	}{"bundle", "bundle--" + exchangeID("bundle", runKey(&res.Run)), b.objects})
}

type stixBundle struct {
	run     string
	at      string // when the run ended
	creator string
	objects []stixObject
	malware map[string]string // name → id
}

// stixTime has milliseconds, as the specification asks for of "created".
func stixTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func newStixBundle(run *finding.Run) *stixBundle {
	b := &stixBundle{run: runKey(run), at: stixTime(run.Ended), malware: map[string]string{}}
	b.creator = "identity--" + exchangeID("identity", "amparo")
	b.add(stixObject{Type: "identity", ID: b.creator, Name: "Amparo " + run.Version, IdentityClass: "system"})
	return b
}

func (b *stixBundle) add(o stixObject) {
	o.SpecVersion, o.Created, o.Modified = "2.1", b.at, b.at
	if o.ID != b.creator {
		o.CreatedBy = b.creator
	}
	b.objects = append(b.objects, o)
}

// sighting adds the indicator, the threats that it indicates, and that it was seen.
func (b *stixBundle) sighting(s *sighted) {
	pattern := stixPattern(s.Type, s.Value)
	if pattern == "" {
		return
	}
	id := "indicator--" + exchangeID("indicator", b.run, s.Type, s.Value, s.SetSHA256, s.ID)
	external := []stixExternal{{SourceName: firstOf(s.Set, s.SetSHA256), URL: webURL(s.Reference), ExternalID: s.ID}}
	b.add(stixObject{
		Type: "indicator", ID: id, Name: s.Value, Pattern: pattern, PatternType: "stix", ValidFrom: b.at, ExternalSource: external,
	})
	for _, threat := range s.Threats {
		b.add(stixObject{
			Type: "relationship", ID: "relationship--" + exchangeID("relationship", b.run, id, threat),
			Relationship: "indicates", Source: id, Target: b.threat(threat),
		})
	}
	o := stixObject{
		Type: "sighting", ID: "sighting--" + exchangeID("sighting", b.run, id), SightingOf: id,
		Count: min(s.Count, 999_999_999), Description: s.seenIn(), // the specification's bound of count
	}
	if s.First != nil {
		o.FirstSeen, o.LastSeen = stixTime(*s.First), stixTime(*s.Last)
	}
	b.add(o)
}

// threat returns the id of the malware with the name, and adds it once.
func (b *stixBundle) threat(name string) string {
	if id, ok := b.malware[name]; ok {
		return id
	}
	id := "malware--" + exchangeID("malware", b.run, name)
	b.malware[name] = id
	family := true
	b.add(stixObject{Type: "malware", ID: id, Name: name, MalwareTypes: []string{"spyware"}, IsFamily: &family})
	return id
}

// webURL returns s where it is an address on the web: the specification allows
// nothing else as "url".
func webURL(s string) string {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return s
	}
	return ""
}

// stixPaths are the object paths of the types of indicators, as publishers of
// this field write them; app, configuration-profile and android-property are
// custom objects that MVT's indicators brought up.
var stixPaths = map[string]string{
	"domain": "domain-name:value", "url": "url:value", "process": "process:name", "email": "email-addr:value",
	"file_name": "file:name", "file_path": "file:path", "app_id": "app:id", "profile_id": "configuration-profile:id",
	"android_property": "android-property:name",
}

// stixPattern returns the pattern of one indicator, "" where its type has none.
func stixPattern(kind, value string) string {
	path := stixPaths[kind]
	switch kind {
	case "ip":
		path = "ipv4-addr:value"
		if strings.Contains(value, ":") {
			path = "ipv6-addr:value"
		}
	case "file_hash":
		path = "file:hashes." + hashName(value)
	case "cert_hash":
		path = "app:cert." + strings.ToLower(strings.Trim(strings.ReplaceAll(hashName(value), "-", ""), "'"))
	}
	if path == "" {
		return ""
	}
	return "[" + path + " = '" + stixQuote.ReplaceAllString(value, `\$0`) + "']"
}

// stixQuote are the characters that a string constant escapes.
var stixQuote = regexp.MustCompile(`['\\]`)

// hashName names a hash by its length, as STIX spells it in a path.
func hashName(value string) string {
	switch len(value) {
	case 32:
		return "MD5"
	case 40:
		return "'SHA-1'"
	default:
		return "'SHA-256'"
	}
}
