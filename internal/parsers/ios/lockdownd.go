package ios

import (
	"context"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// lockdownd reads the log of the daemon that talks to computers.
type lockdownd struct{}

var lockdowndInfo = artifact.Info{
	Name:    "ios.lockdownd",
	Version: 1,
	Summary: "What computers asked the phone for, and when they were paired with it.",
	Files:   []string{"**/lockdownd.log*"},
	Kinds: []artifact.KindInfo{{
		Kind: "entry",
		Doc:  "One entry of the log.",
		Fields: []artifact.FieldInfo{
			{Name: "pid", Type: artifact.Int, Doc: "number of the daemon's process"},
			{Name: "originator", Type: artifact.Text, Doc: "function of the daemon that wrote it"},
			{Name: "message", Type: artifact.Text, Doc: "what it wrote"},
			{Name: "action", Type: artifact.Text, Doc: "what happened: pair, unpair, asked, service; absent for all else"},
			{Name: "client", Type: artifact.Text, Doc: "program on the computer that asked"},
			{Name: "wanted", Type: artifact.Text, Doc: "value or service that it asked for"},
		},
		Times: []string{"logged"},
	}},
	Caveats: []string{
		"Times are those of the phone's clock, in a time zone that the log does not tell.",
		"Which computer asked is not said by name.",
	},
	Refs: []string{"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/text_plugins/ios_lockdownd.py"},
}

// Info implements artifact.Parser.
func (lockdownd) Info() artifact.Info { return lockdowndInfo }

// Parse implements artifact.Parser.
func (lockdownd) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	d := &daemonLog{parse: parseLockdownLine, describe: describeLockdown}
	return readLines(ctx, in, d.line, d.last)
}

// lockdownLine is "10/13/21 07:57:42.865446 pid=69 mglog: libMobileGestalt…".
var lockdownLine = regexp.MustCompile(`^(\d\d/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) pid=(\d{1,9}) ([A-Za-z0-9_]+):? ?(.*)$`)

var (
	lockdownAsked   = regexp.MustCompile(`^(.+?) attempting to (?:get|set) (.+)$`)
	lockdownService = regexp.MustCompile(`(?:start(?:ing)?|spawn(?:ing)?) (?:service )?[\[<"(]?(com\.apple\.[A-Za-z0-9._-]+)`)
)

func parseLockdownLine(line []byte) (head daemonHead, message string, ok bool) {
	m := lockdownLine.FindSubmatch(line)
	if m == nil {
		return head, "", false
	}
	head.raw, head.originator = string(m[1]), string(m[3])
	head.pid, _ = decimal(string(m[2]))
	if wall, err := time.Parse("01/02/06 15:04:05.999999", head.raw); err == nil {
		head.wall = wall
	}
	return head, string(m[4]), true
}

func describeLockdown(rec *artifact.Record, head *daemonHead, message string) {
	lower := strings.ToLower(head.originator)
	switch {
	case strings.Contains(lower, "unpair"):
		rec.Set("action", artifact.TextValue("unpair"))
	case strings.Contains(lower, "pair"):
		rec.Set("action", artifact.TextValue("pair"))
	}
	if m := lockdownAsked.FindStringSubmatch(message); m != nil {
		rec.Set("action", artifact.TextValue("asked"))
		rec.Set("client", artifact.TextValue(m[1]))
		rec.Set("wanted", artifact.TextValue(m[2]))
	} else if m := lockdownService.FindStringSubmatch(message); m != nil && rec.Text("action") == "" {
		rec.Set("action", artifact.TextValue("service"))
		rec.Set("wanted", artifact.TextValue(m[1]))
	}
}
