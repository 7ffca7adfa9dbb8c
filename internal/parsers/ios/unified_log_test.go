package ios

import (
	"encoding/binary"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/format/tracev3"
	"github.com/amparo-project/amparo/internal/format/tracev3/tracev3test"
)

var (
	logBoot    = tracev3.UUID{0xb0, 0x07}
	logLaunchd = tracev3.UUID{0x1a, 0x01}
	logStaged  = tracev3.UUID{0x57, 0xa6, 0xed}
	logCache   = tracev3.UUID{0xdc}
	logKernel  = tracev3.UUID{0xae}
	logCalls   = tracev3.UUID{0xca, 0x11}
)

// Lines of the log as Apple's programs write them: launchd and the kernel on
// processes, libnetwork on hosts.
var (
	launchdLines = []string{"Successfully spawned %{public}s[%d] because %{public}s", "%{public}s exited due to %d"}
	stagedLines  = []string{"request to %{public}s", "path %{network:sockaddr}.*P", "opened %{public}s", "private %{private}s"}
)

// logCallsText is a line of callservicesd of a phone in Lockdown Mode.
const logCallsText = "Not updating handoff advertisement because lockdown mode is enabled"

const logKernelText = "memorystatus: killing process 2143 [bh] in high band - memorystatus_available_pages: 1000"

// unifiedLogFile is a log with a process from a staging folder.
func unifiedLogFile(stored bool) []byte {
	off := func(lines []string, i int) uint32 {
		n := uint32(0x1000)
		for _, l := range lines[:i] {
			n += uint32(len(l)) + 1
		}
		return n
	}
	text, num := tracev3test.Text, tracev3test.Int
	launchd := func(i int, args ...tracev3test.Arg) tracev3test.Entry {
		return tracev3test.Log(0, off(launchdLines, i), 0x20, 1, args...)
	}
	staged := func(i int, args ...tracev3test.Arg) tracev3test.Entry {
		return tracev3test.Log(0x10, off(stagedLines, i), 0x20, 1, args...)
	}
	address := []byte{16, 2, 1, 187, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0}
	f := tracev3test.File{
		Boot: logBoot, Num: 125, Den: 3, Ticks: 1000, Wall: time.Date(2021, 3, 27, 8, 30, 0, 0, time.UTC), Stored: stored,
		Processes: []tracev3test.Process{
			{PID: 1, Image: logLaunchd, Subsystems: [][2]string{{"com.apple.xpc.launchd", "process"}}},
			{PID: 2143, Image: logStaged, Cache: logCache, Subsystems: [][2]string{{"com.apple.network", "connection"}}},
			{PID: 0, Image: logKernel},
			{PID: 88, Image: logCalls, Subsystems: [][2]string{{"com.apple.calls.callservicesd", "Default"}}},
		},
		Buffers: []tracev3test.Buffer{
			{Process: 0, Base: 1000, Entries: []tracev3test.Entry{
				launchd(0, text("/private/var/db/com.apple.xpc.roleaccountd.staging/bh"), num(2143), text("ipc (mach)")).After(24_000_000),
				launchd(1, text("com.apple.nothing"), num(9)).After(48_000_000),
			}},
			{Process: 1, Base: 50_000_000, Entries: []tracev3test.Entry{
				staged(0, text("https://bad.example.net/x?y=1")),
				staged(0, text("https://bad.example.net/x?y=1")).After(24_000_000),
				staged(0, text("cdn.example.org.")),
				staged(0, text("com.apple.network")),
				staged(1, tracev3test.Count(16), tracev3test.Data(address)),
				staged(2, text("/var/tmp/x.dat, /System/Library/y and /usr/lib/z")),
				staged(3, tracev3test.Gone()),
				{Type: tracev3.Log, Flags: tracev3test.SharedCache, Format: 0x5000, Body: append([]byte{0, 4, 0, 0}, tracev3test.Args(text("198.51.100.9:443"))...)},
				{Type: tracev3.Loss, Body: binary.LittleEndian.AppendUint64(make([]byte, 16), 63)},
			}},
			{Process: 3, Base: 120_000_000, Entries: []tracev3test.Entry{tracev3test.Log(0, 0x1000, 0x20, 1)}},
		},
		Chunks: [][]byte{
			tracev3test.State(1, 2000, 1, "FBScene", []byte("bplist00")),
			tracev3test.Simple(2, 3000, "", logKernelText),
		},
	}
	return f.Bytes()
}

func unifiedLogSample(name, root, strs string, stored, synced bool) artifacttest.Sample {
	file := path.Join(root, "Persist", "0000000000000001.tracev3")
	s := artifacttest.Sample{Name: name, Path: file, Files: map[string][]byte{
		file: unifiedLogFile(stored),
		path.Join(strs, tracev3.UUIDTextPath(logLaunchd)): tracev3test.UUIDText(0x1000, "/sbin/launchd", launchdLines...),
		path.Join(strs, tracev3.UUIDTextPath(logStaged)): tracev3test.UUIDText(
			0x1000, "/private/var/db/com.apple.xpc.roleaccountd.staging/bh", stagedLines...),
		path.Join(strs, tracev3.UUIDTextPath(logCalls)): tracev3test.UUIDText(
			0x1000, "/System/Library/PrivateFrameworks/TelephonyUtilities.framework/callservicesd", logCallsText),
	}}
	if synced {
		start := time.Date(2021, 3, 27, 9, 0, 0, 0, time.UTC).UnixNano()
		s.Files[path.Join(root, "timesync", "0000000000000001.timesync")] = tracev3test.Timesync(logBoot, 125, 3, start)
		s.Files[path.Join(strs, tracev3.SharedCachePath(logCache))] = tracev3test.SharedCache1(tracev3test.CacheImage{
			ID: tracev3.UUID{1}, Path: "/usr/lib/libnetwork.dylib", Text: 0, Size: 0x1000, Strings: 0x5000, Formats: []string{"host %{public}s"},
		})
	}
	return s
}

func unifiedLogSamples() []artifacttest.Sample {
	const archive, phone = "system_logs.logarchive", "private/var/db/diagnostics"
	return []artifacttest.Sample{
		unifiedLogSample("archive", archive, archive, false, true),
		unifiedLogSample("phone", phone, "private/var/db/uuidtext", true, false),
	}
}

func TestUnifiedLog(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, unifiedLog{}, "testdata/unified_log", unifiedLogSamples()...)
}

func FuzzUnifiedLog(f *testing.F) { artifacttest.Fuzz(f, unifiedLog{}, unifiedLogSamples()...) }

func TestLogWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, host, ip string }{
		{"gsp64-ssl.ls.apple.com.", "gsp64-ssl.ls.apple.com", ""},
		{"evil.example.mx:443", "evil.example.mx", ""},
		{"com.apple.network", "", ""},
		{"file.plist", "", ""},
		{"a..com", "", ""},
		{"192.0.2.7", "", "192.0.2.7"},
		{"192.0.2.7:80", "", "192.0.2.7"},
		{"[2001:db8::1]:80", "", "2001:db8::1"},
		{"127.0.0.1", "", ""},
		{"::", "", ""},
		{"co.uk", "", ""},
	} {
		if host, ip := wholeHost([]byte(tt.in)), wholeIP([]byte(tt.in)); host != tt.host || ip != tt.ip {
			t.Errorf("%s: host %q, address %q", tt.in, host, ip)
		}
	}
	got := filePaths(`cache=/var/mobile/x "file:///private/var/tmp/y." a/tmp/z /tmp/ /System/a (/tmp/q)`, nil)
	want := []string{"/private/var/mobile/x", "/private/var/tmp/y", "/private/var/tmp/q"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := filePaths(strings.Repeat(" /tmp/a", 1000), nil); len(got) != maxLogPaths {
		t.Errorf("%d paths", len(got))
	}
}

// realLog is the real log with what belongs to it.
func realLog(tb testing.TB) artifacttest.Sample {
	tb.Helper()
	const root = "x.logarchive"
	read := func(name string, elem ...string) (string, []byte) {
		return path.Join(root, name), readEvidence(tb, append([]string{"unified_logging"}, elem...)...)
	}
	s := artifacttest.Sample{Path: root + "/Persist/0000000000000f85.tracev3", Files: map[string][]byte{}}
	for name, elem := range map[string][]string{
		"Persist/0000000000000f85.tracev3":   {"0000000000000f85.tracev3"},
		"timesync/0000000000000002.timesync": {"timesync", "0000000000000002.timesync"},
	} {
		p, data := read(name, elem...)
		s.Files[p] = data
	}
	return s
}

// TestRealUnifiedLog counts what the real log of an iPad gives.
func TestRealUnifiedLog(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, unifiedLog{}, realLog(t))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got := map[string]int64{}
	for _, r := range recs {
		key := string(r.Kind)
		if r.Kind == "named" {
			key += " " + r.Text("type")
		}
		got[key]++
		if r.Kind == "log" {
			got["entries"], _ = r.Get("entries").Int()
			got["no_process"], _ = r.Get("no_process").Int()
		}
	}
	want := map[string]int64{
		"entries": 8654, "no_process": 0,
		"log": 1, "process_seen": 65, "named file_path": 200, "named url": 38, "named domain": 2, "named ip": 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkUnifiedLog reads the real log on as many cores as there are: an
// archive has hundreds of such files.
func BenchmarkUnifiedLog(b *testing.B) {
	s := realLog(b)
	b.SetBytes(int64(len(s.Files[s.Path])))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for _, err := range artifact.Run(b.Context(), unifiedLog{}, s.Input()) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
