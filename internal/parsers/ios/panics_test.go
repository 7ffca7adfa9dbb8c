package ios

import (
	"errors"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

// panicText is a panic as the kernel and the crash reporter write it.
const panicText = `{"bug_type":"210","timestamp":"2021-10-08 00:25:30.00 +0300","os_version":"iPhone OS 13.5 (17F75)","incident_id":"3F0AA8BC-0000-4000-8000-000000000001"}
{
  "build" : "iPhone OS 13.5 (17F75)",
  "product" : "iPhone10,3",
  "kernel" : "Darwin Kernel Version 19.5.0: Tue Apr 28 22:25:26 PDT 2020; root:xnu-6153.122.1~1\/RELEASE_ARM64_T8015",
  "incident" : "3F0AA8BC-0000-4000-8000-000000000001",
  "crashReporterKey" : "0000000000000000000000000000000000000001",
  "date" : "2021-10-08 00:25:24.68 +0300",
  "panicString" : "panic(cpu 2 caller 0xfffffff01f29d57c): \"os_refcnt: used unsafely when zero\"\nDebugger message: panic\nMemory ID: 0xff\nOS version: 17F75\nKernel slide:     0x0000000017bb8000\nEpoch Time:        sec       usec\n  Boot    : 0x6155ef8b 0x000ddbbe\n  Sleep   : 0x00000000 0x00000000\n  Wake    : 0x615e7bb7 0x00094da7\n  Calendar: 0x615f65a6 0x000d2f77\n\nPanicked task 0xffffffe000a0b5b0: 3274 pages, 9 threads: pid 377: bh\nPanicked thread: 0xffffffe003c47520, backtrace: 0xffffffe022d7bb20, tid: 3501\n",
  "panicFlags" : "0x2",
  "memoryStatus" : {"pageSize":16384},
  "processByPid" : {
    "0" : {"timesThrottled":0,"procname":"kernel_task","pid":0,"userTimeTask":12.5,"systemTimeTask":1,"residentMemoryBytes":31457280,"threadById":{"1":{"id":1},"2":{"id":2}}},
    "377" : {"procname":"bh","pid":377,"threadById":{}}
  }
}
`

// stackshotText is a stackshot, which has no panic.
const stackshotText = `{"bug_type":"288","timestamp":"2022-03-01 10:00:01.00 +0000","os_version":"iPhone OS 15.3.1 (19D52)","incident_id":"A"}
{"build":"iPhone OS 15.3.1 (19D52)","product":"iPhone12,1","date":"2022-03-01 10:00:00.20 +0000","reason":"Siri","processByPid":{"1":{"procname":"launchd","pid":1,"threadById":{"9":{}}}}}
`

func panicSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ios13", "crashes_and_spins/Panics/panic-full-2021-10-08-002530.ips", panicText),
		fileSample("stackshot", "crashes_and_spins/stacks-2022-03-01-100001.ips.synced", stackshotText),
		fileSample("reset", "forceReset-full-2017-05-17-111842.000.ips", `{"bug_type":"151","timestamp":"2017-05-17 11:18:42.43 -0500","os_version":"iPhone OS 10.2 (14C92)"}
{"product":"iPhone7,1","string":"panic(cpu 0 caller 0x<ptr>): btn_rst\nPanicked task 0xfffffff000c31550: 34529 pages, 195 threads: pid 0: kernel_task\n"}`),
		withBadValues(fileSample("bad", "panic-base.ips", `{"bug_type":210,"timestamp":["x"]}
{"date":"then","panicString":"Panicked task : pid x: y\nEpoch Time:\n Boot : 1 2","processByPid":{"1":7,"2":{"procname":7,"pid":"two","threadById":[],"userTimeTask":"long"}},"kernel":{}}`)),
	}
}

func TestPanics(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, panics{}, "testdata/panics", panicSamples()...)
}

func FuzzPanics(f *testing.F) { artifacttest.Fuzz(f, panics{}, panicSamples()...) }

// jetsamText is an event as Apple's article shows it, with what iOS 18 added.
const jetsamText = `{"bug_type":"298","timestamp":"2025-05-28 01:35:47.00 -0500","os_version":"iPhone OS 18.5 (22F76)","roots_installed":0,"incident_id":"E9D646D1-0000-4000-8000-000000000001"}
{
  "build" : "iPhone OS 18.5 (22F76)",
  "product" : "iPhone14,7",
  "kernel" : "Darwin Kernel Version 24.5.0: Tue Apr 22 20:37:55 PDT 2025; root:xnu-11417.122.4~1\/RELEASE_ARM64_T8110",
  "incident" : "E9D646D1-0000-4000-8000-000000000001",
  "crashReporterKey" : "0000000000000000000000000000000000000001",
  "date" : "2025-05-28 01:35:47.63 -0500",
  "bug_type" : "298",
  "timeDelta" : 7,
  "memoryStatus" : {
  "pageSize" : 16384,
  "memoryPages" : {
    "active" : 133350,
    "free" : 3870
  }
},
  "largestProcess" : "kernel_task",
  "genCounter" : 0,
  "processes" : [
  {
    "uuid" : "81f979f9-c7ee-3fbb-9ff8-e26ac5e68a9d",
    "states" : [
      "daemon",
      "idle"
    ],
    "csFlags" : 570434305,
    "purgeable" : 0,
    "age" : 79372329207,
    "fds" : 25,
    "coalition" : 116,
    "csTrustLevel" : 8,
    "rpages" : 127,
    "priority" : 0,
    "pid" : 86,
    "cpuTime" : 0.034783000000000001,
    "name" : "OTACrashCopier",
    "lifetimeMax" : 132
  },
  {
    "uuid" : "c0ffee00-0000-3000-8000-000000000001",
    "states" : [
      "daemon"
    ],
    "rpages" : 960,
    "reason" : "per-process-limit",
    "killDelta" : 13593,
    "pid" : 4624,
    "cpuTime" : 1223,
    "name" : "rolexd"
  }
  ]
}
`

func jetsamSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ios18", "crashes_and_spins/JetsamEvent-2025-05-28-013547.ips", jetsamText),
		withBadValues(fileSample("bad", "JetsamEvent-1.ips", `{"bug_type":"298"}
{"processes":[7,{"name":5,"pid":"x","states":"none","cpuTime":"long"},{"name":"last"}],"largestProcess":[],"date":"then"}`)),
	}
}

func TestJetsam(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, jetsam{}, "testdata/jetsam", jetsamSamples()...)
}

func FuzzJetsam(f *testing.F) { artifacttest.Fuzz(f, jetsam{}, jetsamSamples()...) }

// TestListCutOff: processes before the end of a list that was cut off are
// read, and that it was is told.
func TestListCutOff(t *testing.T) {
	t.Parallel()
	whole := artifact.Parser(jetsam{})
	recs, errs := artifacttest.Parse(t, whole, fileSample("cut", "JetsamEvent-1.ips", `{"bug_type":"298"}
{"largestProcess":"a","processes":[{"name":"b","pid":1},{"name":"c"`))
	if len(recs) != 1 || len(errs) == 0 || !errors.Is(errs[0], limit.ErrCorrupt) {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
}

func TestReportOfText(t *testing.T) {
	t.Parallel()
	for _, p := range []artifact.Parser{panics{}, jetsam{}} {
		recs, errs := artifacttest.Parse(t, p, fileSample("text", "a.ips", "{}\nIncident Identifier: 7\n"))
		if len(recs) != 0 || len(errs) != 1 || !errors.Is(errs[0], limit.ErrUnsupported) {
			t.Errorf("%s: %d records, errors %v", p.Info().Name, len(recs), errs)
		}
	}
}
