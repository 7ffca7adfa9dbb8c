package ios

import (
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// sysdiagnoseLog reads the log of the making of a sysdiagnose.
type sysdiagnoseLog struct{}

var sysdiagnoseLogInfo = artifact.Info{
	Name:    "ios.sysdiagnose_log",
	Version: 1,
	Summary: "When and in which time zone the sysdiagnose was made, by which version of iOS, and how.",
	Files:   []string{"**/sysdiagnose.log"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "sysdiagnose",
			Doc:  "The sysdiagnose as a whole, by the name that the phone gave it.",
			Fields: []artifact.FieldInfo{
				{Name: "name", Type: artifact.Text, Doc: "its name"},
				{Name: "utc_offset", Type: artifact.Text, Doc: "offset of the phone's clock from UTC: -07:00"},
				{Name: "system", Type: artifact.Text, Doc: "system: iPhone-OS"},
				{Name: "device", Type: artifact.Text, Doc: "kind of device: iPhone"},
				{Name: "build", Type: artifact.Text, Doc: "build of the system: 19H349"},
			},
			Times: []string{"made"},
		},
		{
			Kind:   "entry",
			Doc:    "An entry of the log.",
			Fields: slices.Concat([]artifact.FieldInfo{{Name: "message", Type: artifact.Text, Doc: "what was written, further lines included"}}, namedFields),
			Times:  []string{"logged"},
		},
		{
			Kind:   "line",
			Doc:    "A line without a time.",
			Fields: slices.Concat([]artifact.FieldInfo{{Name: "message", Type: artifact.Text, Doc: "the line"}}, namedFields),
		},
	},
	Caveats: []string{"Times of entries without a time zone are read in that of the sysdiagnose's name, once a line has told it."},
	Refs: []string{
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/utils/base.py",
		"https://github.com/mvt-project/mvt/pull/917",
	},
}

// Info implements artifact.Parser.
func (sysdiagnoseLog) Info() artifact.Info { return sysdiagnoseLogInfo }

// Parse implements artifact.Parser.
func (sysdiagnoseLog) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	s := &sysdiagnoseReading{log: textLog{describe: func(*artifact.Record, string) {}, plain: plainLine}}
	return readLines(ctx, in, s.line, s.log.last)
}

// plainLine gives a line that belongs to no entry.
func plainLine(r *lineReading, text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	rec := r.Start("line")
	rec.Set("message", artifact.TextValue(text))
	setNamed(rec, text)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "log: ", text) }
	return r.Give()
}

// A sysdiagnoseReading looks for the name of the sysdiagnose.
type sysdiagnoseReading struct {
	log  textLog
	told bool
}

// sysdiagnoseName is the name that the phone gives its archive:
// sysdiagnose_2023.05.24_13-29-15-0700_iPhone-OS_iPhone_19H349.
var sysdiagnoseName = regexp.MustCompile(`sysdiagnose_(\d{4}\.\d\d\.\d\d_\d\d-\d\d-\d\d[+-]\d{4})(?:_([A-Za-z-]{1,40})_([A-Za-z]{1,40})_([0-9A-Za-z]{1,12}))?`)

func (s *sysdiagnoseReading) line(r *lineReading) error {
	if !s.told {
		if m := sysdiagnoseName.FindStringSubmatch(string(r.Line)); m != nil {
			if err := s.name(r, m); err != nil {
				return err
			}
		}
	}
	return s.log.line(r)
}

func (s *sysdiagnoseReading) name(r *lineReading, m []string) error {
	at, err := time.Parse("2006.01.02_15-04-05-0700", m[1])
	if err != nil {
		return nil
	}
	// The name can stand first in a line that is more of an earlier entry.
	s.log.r = r
	if err := s.log.flush(); err != nil {
		return err
	}
	s.told = true
	_, offset := at.Zone()
	s.log.zone = time.FixedZone("", offset)
	rec := r.Start("sysdiagnose")
	rec.Set("name", artifact.TextValue(m[0]))
	rec.Set("utc_offset", artifact.TextValue(at.Format("-07:00")))
	rec.Set("system", artifact.TextOrNull(m[2]))
	rec.Set("device", artifact.TextOrNull(m[3]))
	rec.Set("build", artifact.TextOrNull(m[4]))
	rec.WhenAt("made", at)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "sysdiagnose made: ", m[0]) }
	return r.Give()
}
