package ios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const shutdownPath = "system_logs.logarchive/Extra/shutdown.log"

// shutdownText is a log as logd writes it: "After %.02fs, these clients are
// still here:", clients below with two tabs, path and UUID, "SIGTERM: [%ld]
// All buffers flushed" (see Refs; the formats stand in the program itself).
const shutdownText = `After 1.26s, these clients are still here:
		remaining client pid: 155 (/usr/libexec/nfcd/EBFB3E7F-4CA4-3656-8E9C-8CCF5995C34A)
		remaining client pid: 2143 (/private/var/db/com.apple.xpc.roleaccountd.staging/rolexd/AAAA1111-B896-3E7F-A6CC-577F0A547BB1)
After 1.77s, these clients are still here:
		remaining client pid: 2143 (/private/var/db/com.apple.xpc.roleaccountd.staging/rolexd/AAAA1111-B896-3E7F-A6CC-577F0A547BB1)
SIGTERM: [1648457014] All buffers flushed
SIGTERM: [1648543414] All buffers flushed
After 1.05s, these clients are still here:
		remaining client pid: 99 (/usr/libexec/nfcd/EBFB3E7F-4CA4-3656-8E9C-8CCF5995C34A)
After 6.30s, these clients are still here:
		remaining client pid: 99 (/usr/libexec/nfcd/EBFB3E7F-4CA4-3656-8E9C-8CCF5995C34A)
After 1.01s, these clients are still here:
		remaining client pid: 100 (/private/var/containers/Bundle/Application/4D2A5F0E-0000-4000-8000-000000000001/An App (beta).app/An App (beta))
SIGTERM: [1648629814] All buffers flushed
After 1.02s, these clients are still here:
		remaining client pid: 7 (/kernel/E178C635-97A0-38AC-B350-9A2AB735BA2A)
`

func shutdownSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ios15", shutdownPath, shutdownText),
		fileSample("one_line", "private/var/db/diagnostics/shutdown.log",
			"After 0.1s, remaining client pid: 155 (/usr/libexec/nfcd)\r\nSIGTERM: @1600000000\r\n"),
		fileSample("rotated", "system_logs.logarchive/Extra/shutdown.0.log", "SIGTERM: [1767489112] (shutdown)\nSIGTERM: [1789843019]\n"),
		fileSample("empty", "shutdown.log", ""),
		fileSample("wiped", shutdownPath, strings.Repeat("\x00", 100)),
		fileSample("odd", shutdownPath, `After soon, these clients are still here:
After 1e300s, these clients are still here:
remaining client pid: x (/a)
remaining client pid: 7 /a
remaining client pid: 8 ()
remaining client pid: 9 (/usr/bin/`+"\xff"+`b)
SIGTERM: [now]
SIGTERM: [99999999999999999999]
SIGTERM: [0]
hello
`),
	}
}

func TestShutdownLog(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, shutdownLog{}, "testdata/shutdown_log", shutdownSamples()...)
}

func FuzzShutdownLog(f *testing.F) { artifacttest.Fuzz(f, shutdownLog{}, shutdownSamples()...) }

func TestShutdownLine(t *testing.T) {
	t.Parallel()
	const uuid = "EBFB3E7F-4CA4-3656-8E9C-8CCF5995C34A"
	for in, want := range map[string]string{
		"After 1.26s, these clients are still here:":      "1.26 0",
		"\t\tremaining client pid: 1 (/a/b/" + uuid + ")": "0 /a/b " + uuid + " 1",
		"remaining client pid: 1 (/a (b)/c)":              "0 /a (b)/c  1",
		"remaining client pid: 1 (/" + uuid + ")":         "0 /" + uuid + "  1",
		"remaining client pid: 99999999999 (/a)":          "none",
		"After -1s, these clients are still here:":        "none",
		"SIGTERM: [12] All buffers flushed":               "0   0 12 All buffers flushed",
		"SIGTERM: @12":                                    "0   0 12",
		"SIGTERM":                                         "none",
		"":                                                "0   0",
	} {
		l, ok := parseShutdownLine([]byte(in))
		got := "none"
		if ok {
			at := ""
			if n, is := l.sigterm.Int(); is {
				at = fmt.Sprint(n)
			}
			got = fmt.Sprint(l.delay, " ", l.path, " ", l.uuid, " ", l.pid, " ", at, " ", l.note)
		}
		if diff := cmp.Diff(strings.Fields(want), strings.Fields(got)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

// TestManyClients: a forged log costs no more memory than its bound, and the
// rest of it is read.
func TestManyClients(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range maxShutdownClients + 5 {
		fmt.Fprintf(&b, "remaining client pid: %d (/a)\n", i)
	}
	b.WriteString("SIGTERM: [1600000000]\nremaining client pid: 1 (/b)\nSIGTERM: [1600000001]\n")
	recs, errs := artifacttest.Parse(t, shutdownLog{}, fileSample("many", shutdownPath, b.String()))
	if want := maxShutdownClients + 1 + 2 + 1; len(recs) != want || len(errs) != 1 {
		t.Errorf("%d records, want %d; errors %v", len(recs), want, errs)
	}
}
