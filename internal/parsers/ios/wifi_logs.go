package ios

import (
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// wifiLogs reads the texts about networks in a sysdiagnose.
type wifiLogs struct{}

var wifiLogsInfo = artifact.Info{
	Name:    "ios.wifi_logs",
	Version: 1,
	Summary: "Networks in a sysdiagnose: what the Wi-Fi daemon logged, the state of the connections, and the addresses that were connected to.",
	Files: []string{
		"**/WiFi/*.log", "**/WiFi/*.txt", "**/wifi*.log", "**/ifconfig.txt", "**/netstat*.txt", "**/get-network-info.txt",
		"**/network_status*.txt", "**/arp.txt", "**/scutil*.txt",
	},
	Kinds: []artifact.KindInfo{
		{
			Kind: "entry",
			Doc:  "An entry of a log.",
			Fields: slices.Concat([]artifact.FieldInfo{
				{Name: "message", Type: artifact.Text, Doc: "what was written, further lines included"},
				{Name: "clock", Type: artifact.Text, Doc: "time as it is written, where the log has no year or date"},
				{Name: "ssid", Type: artifact.Text, Doc: "name of the network in the text"},
				{Name: "bssid", Type: artifact.Text, Doc: "first hardware address in the text"},
			}, namedFields),
			Times: []string{"logged"},
		},
		{
			Kind: "fact",
			Doc:  "A line without a time: a state of the network when the sysdiagnose was made.",
			Fields: slices.Concat([]artifact.FieldInfo{
				{Name: "section", Type: artifact.Text, Doc: "heading above it: an interface of ifconfig, a part of the list"},
				{Name: "entry", Type: artifact.Text, Doc: "name of the fact, where the line has one"},
				{Name: "message", Type: artifact.Text, Doc: "its value, or the line"},
				{Name: "ssid", Type: artifact.Text, Doc: "name of the network in the text"},
				{Name: "bssid", Type: artifact.Text, Doc: "first hardware address in the text"},
			}, namedFields),
		},
	},
	Caveats: []string{
		"Addresses of a home network and of Apple's servers are the most of those listed.",
		"Since iOS 14 the phone shows each network another hardware address of its own.",
	},
	Refs: []string{
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/tree/main/src/sysdiagnose/parsers",
		"https://github.com/apple-oss-distributions/network_cmds (ifconfig, netstat)",
	},
}

// Info implements artifact.Parser.
func (wifiLogs) Info() artifact.Info { return wifiLogsInfo }

// Parse implements artifact.Parser.
func (wifiLogs) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	w := &wifiReading{}
	w.log = textLog{describe: w.describe, plain: w.fact}
	return readLines(ctx, in, w.log.line, w.log.last)
}

// A wifiReading is the heading above the line that it has come to.
type wifiReading struct {
	log     textLog
	section string
}

var (
	// networkName is the name of a network: "SSID : Home", "SSID='Home'", "ssid="Home"".
	networkName = regexp.MustCompile(`(?i)(?:^|[^B\w])SSID["']?\s*[:=]\s*(?:'([^']{1,64})'|"([^"]{1,64})"|([^\s,;(){}'"]{1,64}))`)
	hardware    = regexp.MustCompile(`\b[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}\b`)
	// factLine is "Name : value" or "name=value"; ifconfig's and netstat's lines are none.
	factLine = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9 ._()/-]{0,60}?)\s*(?::\s+|:$|\s=\s?|=)(.*)$`)
)

// describe sets what an entry tells of its network.
func (w *wifiReading) describe(rec *artifact.Record, message string) {
	if w.log.at.at.IsZero() {
		rec.Set("clock", artifact.TextOrNull(w.log.at.raw))
	}
	setNetwork(rec, message)
}

func setNetwork(rec *artifact.Record, text string) {
	if m := networkName.FindStringSubmatch(text); m != nil {
		rec.Set("ssid", artifact.TextOrNull(firstText(m[1:]...)))
	}
	rec.Set("bssid", artifact.TextOrNull(hardware.FindString(text)))
}

// fact gives a line without a time, or takes it for a heading.
func (w *wifiReading) fact(r *lineReading, text string) error {
	line := strings.TrimSpace(text)
	if line == "" || strings.Trim(line, "-=*#_ ") == "" {
		return nil
	}
	entry, value := "", line
	if m := factLine.FindStringSubmatch(text); m != nil {
		entry, value = m[1], strings.TrimSpace(m[2])
	}
	indented := text[0] == ' ' || text[0] == '\t'
	ruled := strings.ContainsRune("-=*#_", rune(line[0])) && strings.HasPrefix(line[1:], line[:1])
	if !indented && (ruled || value == "" || strings.Contains(value, "flags=")) {
		w.section = strings.Trim(firstText(entry, line), "-=*#_ :")
	}
	rec := r.Start("fact")
	rec.Set("section", artifact.TextOrNull(r.Cut(w.section)))
	rec.Set("entry", artifact.TextOrNull(entry))
	rec.Set("message", artifact.TextOrNull(value))
	if strings.EqualFold(entry, "SSID") {
		// The value is the whole name, blanks too.
		rec.Set("ssid", artifact.TextOrNull(value))
	} else {
		setNetwork(rec, line)
	}
	setNamed(rec, line)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "network: ", line) }
	return r.Give()
}
