package testevidence

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A stixObject is an object of STIX 2.1, in the order of keys that
// https://docs.oasis-open.org/cti/stix/v2.1/ uses.
type stixObject struct {
	Type        string      `json:"type"`
	SpecVersion string      `json:"spec_version"`
	ID          string      `json:"id"`
	Created     string      `json:"created"`
	Modified    string      `json:"modified"`
	Name        string      `json:"name,omitempty"`
	Description string      `json:"description,omitempty"`
	IsFamily    *bool       `json:"is_family,omitempty"`
	Types       []string    `json:"indicator_types,omitempty"`
	Pattern     string      `json:"pattern,omitempty"`
	PatternType string      `json:"pattern_type,omitempty"`
	ValidFrom   string      `json:"valid_from,omitempty"`
	Relation    string      `json:"relationship_type,omitempty"`
	SourceRef   string      `json:"source_ref,omitempty"`
	TargetRef   string      `json:"target_ref,omitempty"`
	Published   string      `json:"published,omitempty"`
	ReportTypes []string    `json:"report_types,omitempty"`
	ObjectRefs  []string    `json:"object_refs,omitempty"`
	References  []reference `json:"external_references,omitempty"`
}

type reference struct {
	SourceName string `json:"source_name"`
	URL        string `json:"url"`
}

const stixTime = "2025-01-01T00:00:00.000Z"

// A bundle is written object by object, so that a large one needs no memory.
type bundle struct {
	r    random
	file *os.File
	out  *bufio.Writer
	n    int
	err  error
}

func newBundle(name string, r random) (*bundle, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return nil, err
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	b := &bundle{r: r, file: f, out: bufio.NewWriterSize(f, 1<<16)}
	_, b.err = fmt.Fprintf(b.out, "{\"type\":\"bundle\",\"id\":\"%s\",\"objects\":[\n", b.id("bundle"))
	return b, nil
}

func (b *bundle) id(kind string) string { return kind + "--" + strings.ToLower(b.r.uuid()) }

// put writes an object, whose kind gives its identifier, and returns that.
func (b *bundle) put(o stixObject) string {
	if b.err != nil {
		return ""
	}
	o.SpecVersion, o.ID, o.Created, o.Modified = "2.1", b.id(o.Type), stixTime, stixTime
	var data []byte
	if data, b.err = json.Marshal(o); b.err != nil {
		return ""
	}
	if b.n++; b.n > 1 {
		data = append([]byte(",\n"), data...)
	}
	_, b.err = b.out.Write(data)
	return o.ID
}

func (b *bundle) indicator(kind, value string) string {
	return b.put(stixObject{
		Type: "indicator", Types: []string{"malicious-activity"}, Pattern: stixPattern(kind, value),
		PatternType: "stix", ValidFrom: stixTime,
	})
}

func (b *bundle) close() error {
	if b.err == nil {
		_, b.err = b.out.WriteString("\n]}\n")
	}
	return errors.Join(b.err, b.out.Flush(), b.file.Close())
}

// stixPattern compares with the property that mobile feeds use for a kind.
func stixPattern(kind, value string) string {
	property := map[string]string{
		"domain": "domain-name:value", "process": "process:name", "email": "email-addr:value", "path": "file:path",
		"name": "file:name", "sha256": "file:hashes.sha256", "app": "app:id", "profile": "configuration-profile:id",
		"property": "android-property:name", "cert": "app:cert.sha256",
	}[kind]
	value = strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)
	return fmt.Sprintf("[%s='%s']", property, value)
}

// WriteIndicators writes the bundle demo-published-traces.stix2 into dir: all
// published values that [WriteIOSBackup] plants, each report as their source.
func WriteIndicators(dir string) error {
	b, err := newBundle(filepath.Join(dir, "demo-published-traces.stix2"), newRandom(0, "indicators"))
	if err != nil {
		return err
	}
	for _, set := range []struct{ family, report, source string }{
		{"Pegasus", "Forensic Methodology Report: How to catch NSO Group's Pegasus", amnesty2021},
		{"Pegasus (Mexico)", "Reckless Exploit: Mexican Journalists, Lawyers, and a Child Targeted with NSO Spyware", reckless2017},
		{"Predator", "Pegasus vs. Predator", cytrox2021},
		{"DarkSword", "DarkSword iOS exploit chain", darkSword},
	} {
		b.set(set.family, set.report, set.source)
	}
	return b.close()
}

// set writes what one report published.
func (b *bundle) set(family, report, source string) {
	no := false
	malware := b.put(stixObject{Type: "malware", Name: family, Description: "Published traces of " + family, IsFamily: &no})
	refs := []string{malware}
	for _, p := range publishedValues {
		if p.source != source {
			continue
		}
		id := b.indicator(p.kind, p.value)
		refs = append(refs, id)
		b.put(stixObject{Type: "relationship", Relation: "indicates", SourceRef: id, TargetRef: malware})
	}
	b.put(stixObject{
		Type: "report", Name: report, Published: stixTime, ReportTypes: []string{"malware"}, ObjectRefs: refs,
		References: []reference{{SourceName: "published report", URL: source}},
	})
}

// WriteIndicatorFile writes n plausible random indicators, nearly all of them
// domains, as one bundle: the weight of a large feed for benchmarks. None of
// them matches what a backup holds.
func WriteIndicatorFile(name string, n int, seed uint64) error {
	if n < 1 || n > 10_000_000 {
		return fmt.Errorf("indicators: %d is not between 1 and 10,000,000", n)
	}
	b, err := newBundle(name, newRandom(seed, "indicator file"))
	if err != nil {
		return err
	}
	no := false
	malware := b.put(stixObject{Type: "malware", Name: "Synthetic", Description: "Random values for benchmarks", IsFamily: &no})
	for i := range n {
		id := b.indicator(b.randomValue(i))
		b.put(stixObject{Type: "relationship", Relation: "indicates", SourceRef: id, TargetRef: malware})
	}
	return b.close()
}

var (
	lureWords = []string{"news", "update", "secure", "mobile", "sms", "banco", "noticias", "cloud", "login", "track", "media", "start", "daily", "web", "alert", "online"}
	lureEnds  = []string{"com", "net", "org", "info", "mx", "com.mx", "co", "biz"}
)

func (b *bundle) randomValue(i int) (kind, value string) {
	r := b.r
	word := strings.ToLower(r.token(7))
	switch i % 50 {
	case 0:
		return "process", word + "d"
	case 1:
		return "email", word + "@mail." + pick(r, lureWords) + "-" + word + ".com"
	case 2:
		return "path", "/private/var/tmp/" + r.token(12)
	case 3:
		return "sha256", fmt.Sprintf("%x", r.bytes(32))
	case 4:
		return "app", "com." + word + "." + pick(r, lureWords)
	case 5:
		return "name", word + "." + pick(r, lureWords) + ".plist"
	}
	host := pick(r, lureWords) + "-" + pick(r, lureWords) + word + "." + pick(r, lureEnds)
	if i%10 == 9 {
		host = pick(r, lureWords) + "." + host
	}
	return "domain", host
}
