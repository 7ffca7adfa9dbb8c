package finding

import "time"

// State says how much of an artifact was read.
type State string

// The states of coverage.
const (
	Read    State = "read"    // all of it
	Partial State = "partial" // some of it; Errors say what was lost
	Refused State = "refused" // not readable by its nature: encrypted, unsupported
	Failed  State = "failed"  // should have been readable, and was not
	Absent  State = "absent"  // not in the evidence
)

// Coverage says for one artifact what was read, and of which span of time.
type Coverage struct {
	Artifact string     `json:"artifact"`
	State    State      `json:"state"`
	Files    []string   `json:"files"` // logical paths of the files that were read
	Records  int64      `json:"records"`
	Events   int64      `json:"events"` // dated
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	MS       int64      `json:"ms"`
	Error    string     `json:"error,omitempty"`  // the first of Errors
	Errors   []Problem  `json:"errors,omitempty"` // at most MaxErrors, and the rules that failed
	Lost     int64      `json:"lost,omitempty"`   // places that could not be read, in all
	// NotUnderstood are lines of text that its reader has no use for.
	NotUnderstood int64 `json:"not_understood,omitempty"`
	// Elsewhere says of an absent artifact that evidence of this kind never has it.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// MaxErrors is how many problems an artifact lists; Lost counts them all.
const MaxErrors = 20

// A Problem is something that could not be read, with its place and its cost,
// or a rule that could not tell of records that were read.
type Problem struct {
	Path  string `json:"path"`
	Place string `json:"place,omitempty"`
	Rule  string `json:"rule,omitempty"` // the id of a rule that failed
	Error string `json:"error"`
}

// Device holds what the evidence says of the phone. Empty means not said.
type Device struct {
	Name         string     `json:"name,omitempty"`
	Model        string     `json:"model,omitempty"`      // iPhone14,2
	ModelName    string     `json:"model_name,omitempty"` // iPhone 13 Pro
	OS           string     `json:"os"`
	Version      string     `json:"version,omitempty"`
	Build        string     `json:"build,omitempty"`
	Serial       string     `json:"serial,omitempty"`
	UDID         string     `json:"udid,omitempty"`
	IMEI         []string   `json:"imei,omitempty"`
	ICCID        string     `json:"iccid,omitempty"`
	PhoneNumber  string     `json:"phone_number,omitempty"`
	LastBackup   *time.Time `json:"last_backup,omitempty"`
	Outdated     *bool      `json:"outdated,omitempty"`       // nil: cannot tell
	NewestKnown  string     `json:"newest_known,omitempty"`   // newest version known for the model's line
	VersionsAsOf string     `json:"versions_as_of,omitempty"` // date of the list

	// What an Android phone says of itself beside.
	Manufacturer  string `json:"manufacturer,omitempty"`
	Fingerprint   string `json:"fingerprint,omitempty"`    // of the build: google/sailfish/sailfish:10/…
	SecurityPatch string `json:"security_patch,omitempty"` // a date, 2020-01-05
	TimeZone      string `json:"time_zone,omitempty"`      // Europe/Berlin
	Patch         *Patch `json:"patch,omitempty"`          // nil: cannot tell
}

// A Patch says how the security patch of an Android phone stood on the day on
// which the evidence was made.
type Patch struct {
	AgeDays int `json:"age_days"`
	// MissedBulletins are the security bulletins with fixes for the phone's
	// version that were out by then and that it lacks: at least so many.
	MissedBulletins int    `json:"missed_bulletins"`
	Newest          string `json:"newest,omitempty"` // newest patch level known that was out by then
	Ended           bool   `json:"ended,omitempty"`  // bulletins had no more fixes for the version
}

// Evidence says what was checked.
type Evidence struct {
	Kind      string    `json:"kind"` // ios-backup
	Path      string    `json:"path"` // as the user gave it
	Root      string    `json:"root"` // within Path, "" if Path itself
	Encrypted bool      `json:"encrypted"`
	Device    Device    `json:"device"`
	Files     int64     `json:"files"`    // entries that the evidence lists
	Problems  []Problem `json:"problems"` // of the evidence as a whole
	// Acquired is when the evidence was made, where it says so; of a backup
	// Device.LastBackup does.
	Acquired *time.Time `json:"acquired,omitempty"`
	// Unread are sections of a text report that no parser reads.
	Unread []Section `json:"unread_sections,omitempty"`
	// Packed are the archives that it lies in, the outermost first.
	Packed []Archive `json:"packed,omitempty"`
}

// An Archive is a file that evidence was packed into.
type Archive struct {
	Path   string `json:"path"`   // as the user gave it; of an inner one, within the one before
	Format string `json:"format"` // zip, tar, gzip, zstd, ab, ab_plain, age
}

// A Section is a part of a text report, by its logical path.
type Section struct {
	Path  string `json:"path"`
	Lines int64  `json:"lines"`
}

// IndicatorSet names one set of indicators that a run used.
type IndicatorSet struct {
	Name          string         `json:"name"`
	File          string         `json:"file"` // base name
	SHA256        string         `json:"sha256"`
	Format        string         `json:"format,omitempty"`    // what the file is: "stix2", "misp", "csv", …
	Publisher     string         `json:"publisher,omitempty"` // as far as the file or its catalogue says
	Reference     string         `json:"reference,omitempty"` // where the set was published
	Count         int            `json:"count"`
	Private       int            `json:"private,omitempty"` // of Count: never named in what leaves the machine
	Broad         int            `json:"broad,omitempty"`   // of Count: popular hosts, whose findings are lowered
	ByType        map[string]int `json:"by_type"`
	NotUnderstood []Unread       `json:"not_understood"`
	Notes         []string       `json:"notes,omitempty"`
}

// Unread is a part of a set that was not understood.
type Unread struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	Reason  string `json:"reason"`
}

// Run is one check of one evidence with one exact set of indicators and
// rules. It is run.json.
type Run struct {
	Schema     int            `json:"schema"` // of this file: 1
	Tool       string         `json:"tool"`
	Version    string         `json:"version"`
	Complete   bool           `json:"complete"` // false: interrupted, what is here is a part
	Evidence   Evidence       `json:"evidence"`
	Indicators []IndicatorSet `json:"indicators"`
	Rules      []RuleRef      `json:"rules"`
	RuleData   []RuleRef      `json:"rule_data,omitempty"` // reference data that the rules compare with
	LureData   []RuleRef      `json:"lure_data,omitempty"` // institutions and words that messages were read with
	Coverage   []Coverage     `json:"coverage"`
	Totals     Totals         `json:"totals"`
	Chains     []Chain        `json:"chains"`          // courses of events, the gravest first
	Since      *time.Time     `json:"since,omitempty"` // the timeline's window
	Until      *time.Time     `json:"until,omitempty"`
	Started    time.Time      `json:"started"`
	Ended      time.Time      `json:"ended"`
}

// RuleRef names a rule that the run applied, or reference data that it used.
type RuleRef struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // of the file that holds it
	// Texts are those of a rule that does not come with Amparo: a report must
	// be able to say what it means where the rule is not at hand.
	Texts *RuleTexts `json:"texts,omitempty"`
}

// RuleTexts says what a rule means, by language.
type RuleTexts struct {
	Title             map[string]string `json:"title"`
	Meaning           map[string]string `json:"meaning"`
	OtherExplanations map[string]string `json:"other_explanations"`
	NextStep          map[string]string `json:"next_step"`
	Measured          map[string]string `json:"measured"`
}

// Totals counts a run.
type Totals struct {
	Files      int64            `json:"files"` // read
	Bytes      int64            `json:"bytes"` // of those files, as stored
	Records    int64            `json:"records"`
	Events     int64            `json:"events"`
	Findings   int64            `json:"findings"`
	BySeverity map[string]int64 `json:"by_severity"`
}
