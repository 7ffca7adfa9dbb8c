package ios

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

func fileSample(name, path, data string) artifacttest.Sample {
	return artifacttest.Sample{Name: name, Path: path, Files: map[string][]byte{path: []byte(data)}}
}

// crashJSON is a crash as iOS 15 and later write it, after Apple's article
// "Interpreting the JSON format of a crash report" (see Refs).
const crashJSON = `{"app_name":"homed","timestamp":"2023-03-07 10:31:12.00 +0100","app_version":"","slice_uuid":"6aa30d2e-1111-3222-8333-0123456789ab","build_version":"","platform":2,"share_with_app_devs":0,"is_first_party":1,"bug_type":"309","os_version":"iPhone OS 16.1.2 (20B110)","roots_installed":0,"incident_id":"7C8D6A1F-0000-4000-8000-000000000001","name":"homed"}
{
  "uptime" : 420000,
  "procRole" : "Unspecified",
  "version" : 2,
  "userID" : 501,
  "deployVersion" : 210,
  "modelCode" : "iPhone14,2",
  "coalitionID" : 70,
  "osVersion" : {
    "isEmbedded" : true,
    "train" : "iPhone OS 16.1.2",
    "releaseType" : "User",
    "build" : "20B110"
  },
  "captureTime" : "2023-03-07 10:31:11.8821 +0100",
  "incident" : "7C8D6A1F-0000-4000-8000-000000000001",
  "pid" : 33317,
  "cpuType" : "ARM-64",
  "procLaunch" : "2023-03-07 10:30:59.1000 +0100",
  "procName" : "homed",
  "procPath" : "\/System\/Library\/PrivateFrameworks\/HomeKitDaemon.framework\/Support\/homed",
  "bundleInfo" : {"CFBundleShortVersionString":"1.0","CFBundleVersion":"1063","CFBundleIdentifier":"com.apple.homed"},
  "parentProc" : "launchd",
  "parentPid" : 1,
  "coalitionName" : "com.apple.homed",
  "crashReporterKey" : "0000000000000000000000000000000000000001",
  "isCorpse" : 1,
  "exception" : {"codes":"0x0000000000000001, 0x0000000000000010","rawCodes":[1,16],"type":"EXC_BAD_ACCESS","signal":"SIGSEGV","subtype":"KERN_INVALID_ADDRESS at 0x0000000000000010"},
  "termination" : {"flags":0,"code":11,"namespace":"SIGNAL","indicator":"Segmentation fault: 11","byProc":"exc handler","byPid":33317},
  "asi" : {"CoreFoundation":["*** Terminating app due to uncaught exception"]},
  "lastExceptionBacktrace" : [{"imageOffset":40184,"symbol":"__exceptionPreprocess","symbolLocation":220,"imageIndex":1}],
  "faultingThread" : 1,
  "threads" : [
    {"id":100,"queue":"com.apple.main-thread","frames":[{"imageOffset":2772,"symbol":"mach_msg2_trap","symbolLocation":8,"imageIndex":1}]},
    {"triggered":true,"id":101,"name":"parser","threadState":{"x":[{"value":0}],"flavor":"ARM_THREAD_STATE64"},"frames":[
      {"imageOffset":36180,"imageIndex":0},{"imageOffset":40184,"symbol":"objc_release","symbolLocation":16,"imageIndex":1},{"imageOffset":1,"imageIndex":99}]}
  ],
  "usedImages" : [
    {"source":"P","arch":"arm64e","base":4307353600,"size":16384,"uuid":"6aa30d2e-1111-3222-8333-0123456789ab","path":"\/System\/Library\/PrivateFrameworks\/HomeKitDaemon.framework\/Support\/homed","name":"homed"},
    {"source":"P","arch":"arm64e","base":6442450944,"size":999424,"uuid":"b1c2d3e4-1111-3222-8333-0123456789ab","path":"\/System\/Library\/Frameworks\/CoreFoundation.framework\/CoreFoundation","name":"CoreFoundation"},
    {"source":"P","arch":"arm64e","base":4400000000,"size":16384,"uuid":"c0ffee00-1111-3222-8333-0123456789ab","path":"\/private\/var\/tmp\/upgrade.dylib","name":"upgrade.dylib"},
    {"size":0,"source":"A","base":0,"uuid":"00000000-0000-0000-0000-000000000000"}
  ],
  "sharedCache" : {"base":6440747008,"size":3412705280,"uuid":"00000000-1111-3222-8333-0123456789ab"},
  "reportNotes" : ["dyld_process_snapshot_get_shared_cache failed"]
}
`

// crashText is a crash as iOS 14 and earlier write it.
const crashText = `{"app_name":"IMTranscoderAgent","timestamp":"2021-07-03 14:22:09.61 -0500","app_version":"1.0","slice_uuid":"1d6ea294-1444-3de8-841f-39c7b7c04ce2","is_first_party":true,"bug_type":"109","os_version":"iPhone OS 14.6 (18F72)","incident_id":"B5B4880A-0000-4000-8000-000000000002","name":"IMTranscoderAgent"}
Incident Identifier: B5B4880A-0000-4000-8000-000000000002
CrashReporter Key:   0000000000000000000000000000000000000001
Hardware Model:      iPhone12,1
Process:             IMTranscoderAgent [803]
Path:                /System/Library/PrivateFrameworks/IMTranscoding.framework/IMTranscoderAgent.xpc/IMTranscoderAgent
Identifier:          IMTranscoderAgent
Version:             1.0 (1000)
Code Type:           ARM-64 (Native)
Role:                Unspecified
Parent Process:      launchd [1]
Coalition:           com.apple.imtranscoderagent [379]


Date/Time:           2021-07-03 14:22:09.5578 -0500
Launch Time:         2021-07-03 14:22:08.0000 -0500
OS Version:          iPhone OS 14.6 (18F72)
Release Type:        User
Baseband Version:    3.03.04
Report Version:      104

Exception Type:  EXC_BAD_ACCESS (SIGSEGV)
Exception Subtype: KERN_INVALID_ADDRESS at 0x0000000040000000
VM Region Info: 0x40000000 is not in any region.
Termination Signal: Segmentation fault: 11
Termination Reason: Namespace SIGNAL, Code 0xb
Terminating Process: exc handler [803]
Triggered by Thread:  3

Last Exception Backtrace:
0   CoreFoundation                	0x1a2b3c4d0 __exceptionPreprocess + 220

Thread 0 name:  Dispatch queue: com.apple.main-thread
Thread 0:
0   libsystem_kernel.dylib        	0x00000001bd9a8cd4 mach_msg_trap + 8

Thread 3 name:  Dispatch queue: com.apple.IMTranscoding
Thread 3 Crashed:
0   CoreGraphics                  	0x00000001acf7d5c0 0x1acf77000 + 26048
1   An Image With Blanks          	0x00000001acf7d5c4 readSegments + 44
2   broken

Thread 3 crashed with ARM Thread State (64-bit):
    x0: 0x0000000000000000   x1: 0x0000000000000000

Binary Images:
0x1006bc000 - 0x1006bffff IMTranscoderAgent arm64  <1d6ea29414443de8841f39c7b7c04ce2> /System/Library/PrivateFrameworks/IMTranscoding.framework/IMTranscoderAgent.xpc/IMTranscoderAgent
0x1007bc000 - 0x1007bffff hook.dylib arm64  <2d6ea29414443de8841f39c7b7c04ce2> /private/var/db/stash/hook.dylib
0x1acf77000 - 0x1ad0fffff CoreGraphics arm64  <3d6ea29414443de8841f39c7b7c04ce2> /System/Library/Frameworks/CoreGraphics.framework/CoreGraphics
not an image

EOF
`

// resourceText is a report of much use of the processor, bug type 202.
const resourceText = `{"app_name":"backupd","timestamp":"2022-11-20 03:04:48.00 +0000","bug_type":"202","os_version":"iPhone OS 16.1 (20B82)","incident_id":"A0A0A0A0-0000-4000-8000-000000000003","name":"backupd","bundleID":"com.apple.backupd"}
Date/Time:        2022-11-20 03:03:11.500 +0000
End time:         2022-11-20 03:04:47.500 +0000
OS Version:       iPhone OS 16.1 (Build 20B82)
Architecture:     arm64e
Report Version:   37

Data Source:      Microstackshots

Command:          backupd
Path:             /System/Library/PrivateFrameworks/MobileBackup.framework/backupd
Parent:           launchd [1]
PID:              218

Event:            cpu usage
Action taken:     none
CPU:              48 seconds cpu time over 96 seconds (50% cpu average), exceeding limit of 50% cpu over 180 seconds

Heaviest stack for the target process:
  8  ??? (libsystem_pthread.dylib + 7456) [0x1f1b2c3d4]
`

func crashSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ios16", "crashes_and_spins/homed-2023-03-07-103112.ips", crashJSON),
		fileSample("ios14", "crashes_and_spins/IMTranscoderAgent-2021-07-03-142209.ips.synced", crashText),
		fileSample("resources", "crashes_and_spins/backupd.cpu_resource-2022-11-20-030448.ips", resourceText),
		// iOS 8 and before wrote no header.
		fileSample("ios8", "old.crash", crashText[strings.IndexByte(crashText, '\n')+1:]),
		fileSample("header", "crashes_and_spins/x.ips", `{"bug_type":211,"timestamp":"2021-02-02 00:30:21","os_version":"iPhone OS 14.4 (18D52)","incident_id":"C"}`+"\n{\"_marker\":\"<metadata-begin>\"}\n"),
		withBadValues(fileSample("bad", "bad.ips", `{"bug_type":"309","timestamp":7,"name":["x"]}`+`
{"pid":"seven","procName":{"a":1},"parentProc":5,"faultingThread":99,"threads":[7,{"frames":"none"}],"usedImages":{"x":1},"exception":[],"termination":{"code":1e999,"namespace":true,"reasons":[1,"why"]},"asi":{"lib":"text"}}`)),
	}
}

func TestCrashReports(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, crashReports{}, "testdata/crash_reports", crashSamples()...)
}

func FuzzCrashReports(f *testing.F) { artifacttest.Fuzz(f, crashReports{}, crashSamples()...) }

// TestCrashCutOff: a report that was cut off tells what stands before the cut,
// and that it was.
func TestCrashCutOff(t *testing.T) {
	t.Parallel()
	cut := crashJSON[:strings.Index(crashJSON, `"usedImages"`)+40]
	recs, errs := artifacttest.Parse(t, crashReports{}, fileSample("cut", "a.ips", cut))
	if len(recs) != 1 || recs[0].Kind != "crash" || recs[0].Text("process") != "homed" {
		t.Fatalf("%v", recs)
	}
	if len(errs) != 1 || !errors.Is(errs[0], limit.ErrCorrupt) {
		t.Errorf("errors %v", errs)
	}
}

func TestNoReport(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{"": limit.ErrCorrupt, "\x89PNG": limit.ErrUnsupported, "{\"a": limit.ErrCorrupt} {
		recs, errs := artifacttest.Parse(t, crashReports{}, fileSample("none", "a.ips", in))
		if len(recs) != 0 || len(errs) != 1 || !errors.Is(errs[0], want) {
			t.Errorf("%q: %d records, errors %v", in, len(recs), errs)
		}
	}
}

func TestTermination(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]any{
		"Namespace SIGNAL, Code 0xb":                         {"SIGNAL", int64(11)},
		"SIGNAL 11 Segmentation fault: 11":                   {"SIGNAL", int64(11)},
		"Namespace SPRINGBOARD, Code 0x8badf00d":             {"SPRINGBOARD", int64(0x8badf00d)},
		"Namespace <0xF>, Code <0xdead10cc>":                 {"<0xF>", int64(0xdead10cc)},
		"CODESIGNING; [2]":                                   {"CODESIGNING", int64(0)},
		"RUNNINGBOARD 0xd00d2bad":                            {"RUNNINGBOARD", int64(0xd00d2bad)},
		"DYLD, [0x1] Library missing":                        {"DYLD", int64(0)},
		"Namespace ASSERTIOND, Code 0xffffffffffffffffffff.": {"ASSERTIOND", int64(0)},
	} {
		c := &crashReport{reportReading: &reportReading{Reading: &input.Reading{In: artifact.NewInput("", nil, 0, nil)}}, values: map[string]artifact.Value{}}
		c.termination(in)
		code, _ := c.values["termination_code"].Int()
		namespace, _ := c.values["termination_namespace"].Str()
		if diff := cmp.Diff(want, []any{namespace, code}); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestTextFrame(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0   dyld                  \t0x1acf7d5c0 0x1acf77000 + 26048": "dyld + 26048",
		"12  My App  0x1 main + 4":                                    "My App main + 4",
		"0 a 0x1":                                                     "a",
		"x0: 0x0 x1: 0x0":                                             "",
		"0 a b":                                                       "",
		"":                                                            "",
	} {
		if got := textFrame(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
