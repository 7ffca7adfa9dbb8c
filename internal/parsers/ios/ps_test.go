package ios

import (
	"errors"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

// psText has the columns of ps.txt in a sysdiagnose since iOS 14.
const psText = `USER              UID PRSNA   PID  PPID        F  %CPU %MEM PRI NI      VSZ    RSS WCHAN    TT  STAT STARTED      TIME COMMAND
root                0     -     1     0     4004   0.0  0.4  37  0  4309952  12368 -        ??  Ss   Mon08PM   1:02.43 /sbin/launchd
mobile            501  1000   211     1     4004   0.2  0.5  31  0  4309952   9000 -        ??  Ss   23Oct23   0:01.02 /private/var/containers/Bundle/Application/4D2A5F0E-0000-4000-8000-000000000001/An App.app/An App -launched by.user
root                0     -  2143     1     4004   0.0  0.0   0  0        0      0 -        ??  Z     1:25PM   0:00.00 (rolexd)
root                0     -  2144     1     4004   x    0.0   0  0        0      0 -        ??  S     1:25PM   0:00.00 /private/var/db/com.apple.xpc.roleaccountd.staging/rolexd
`

// psOldText has those of ps aux.
const psOldText = `USER       PID  %CPU %MEM      VSZ    RSS   TT  STAT STARTED      TIME COMMAND
mobile      59   0.0  1.5   720000  15000   ??  Ss   12:01PM   0:05.00 /System/Library/CoreServices/SpringBoard.app/SpringBoard
root         1   0.0
`

const psThreadText = `USER     PID   TT   %CPU STAT PRI     STIME     UTIME COMMAND
root       1   ??    0.0 S    31T   0:00.11   0:00.02 /sbin/launchd
           1         0.0 S    37T   0:00.02   0:00.00
`

func psSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		withBadValues(fileSample("ios14", "ps.txt", psText)),
		fileSample("old", "psaux.txt", psOldText),
		fileSample("threads", "sysdiagnose/ps_thread.txt", psThreadText),
	}
}

func TestPs(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, processStatus{}, "testdata/ps", psSamples()...)
}

func FuzzPs(f *testing.F) { artifacttest.Fuzz(f, processStatus{}, psSamples()...) }

// TestNoPs: an Android phone's list is not taken for one, nor is an empty file
// taken for a phone without processes.
func TestNoPs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"": limit.ErrCorrupt,
		"USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME\nroot 1 0 1 1 0 0 S init\n": limit.ErrUnsupported,
	} {
		recs, errs := artifacttest.Parse(t, processStatus{}, fileSample("none", "ps.txt", in))
		if len(recs) != 0 || len(errs) != 1 || !errors.Is(errs[0], want) {
			t.Errorf("%q: %d records, errors %v", in, len(recs), errs)
		}
	}
	data := readEvidence(t, "android", "androidqf", "ps.txt")
	if recs, errs := artifacttest.Parse(t, processStatus{}, fileSample("android", "ps.txt", string(data))); len(recs) != 0 || len(errs) != 1 {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
}

func TestSplitCommand(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"/sbin/launchd":                         {"/sbin/launchd", ""},
		"/usr/libexec/a -b c":                   {"/usr/libexec/a", "-b c"},
		"/x/My App.app/My App":                  {"/x/My App.app/My App", ""},
		"/x/My App.app/My App --to /y/B.app/B":  {"/x/My App.app/My App", "--to /y/B.app/B"},
		"/x/My App.app/PlugIns/E F.appex/E F -": {"/x/My App.app/PlugIns/E F.appex/E F", "-"},
		"/x/My App.app/Other":                   {"/x/My", "App.app/Other"},
		"(rolexd)":                              {"(rolexd)", ""},
		"/usr/bin/a /x/C D.app/C D":             {"/usr/bin/a", "/x/C D.app/C D"},
		"a.app/a b":                             {"a.app/a", "b"},
	} {
		if path, arguments := splitCommand(in); path != want[0] || arguments != want[1] {
			t.Errorf("%s: %q %q", in, path, arguments)
		}
	}
}

// taskText is a list as the kernel's tool writes it: a block a process, its
// threads below.
const taskText = `num tasks: 2


process: "launchd" [1] [unique ID: 1]
architecture: arm64e
executable uuid: 4D2A5F0E-0000-3000-8000-000000000001
suspend count: 0
run time: 420000 s
CPU usage (over last tick): 0%
threads:
	thread ID: 0xf2e6f / 994927
	user/system time: 0.000466 s / 0.000000 s
	suspend count: 7
	thread ID: 0xf2e70 / 994928


process: "a "quoted" name" [2143]
run time: x
threads:
`

func taskSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("two", "taskinfo.txt", taskText),
		fileSample("odd", "taskinfo.txt", "process: \"\nrun time: 1 s\nprocess: nobody\nnum tasks: 7\n"),
	}
}

func TestTaskInfo(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, taskInfo{}, "testdata/taskinfo", taskSamples()...)
}

func FuzzTaskInfo(f *testing.F) { artifacttest.Fuzz(f, taskInfo{}, taskSamples()...) }

const spindumpText = `Date/Time:        2023-05-24 13:29:15.759 -0700
End time:         2023-05-24 13:29:17.757 -0700
OS Version:       iPhone OS 15.7.6 (Build 19H349)
Architecture:     arm64
Report Version:   35.1

Data Source:      Stackshots
Hardware model:   iPhone10,1

------------------------------------------------------------
Heavy format: stacks are sorted by count
Use -i and -timeline to re-report with chronological sorting
------------------------------------------------------------

Process:          accessoryd [176]
UUID:             BDBDD550-2B15-382C-BB61-1798AFD60460
Path:             /System/Library/PrivateFrameworks/CoreAccessories.framework/Support/accessoryd
Shared Cache:     6D5223AF-7B75-3593-9CC4-5DBD74C56497 slid base address 0x180734000, slide 0x734000
Architecture:     arm64
Parent:           launchd [1]
UID:              501
Sudden Term:      Tracked (allows idle exit)
Footprint:        3792 KB
Time Since Fork:  201s
Num samples:      8 (1-8)

  Thread 0x8b6    DispatchQueue "com.apple.main-thread"(1)    8 samples (1-8)    priority 31 (base 31)
  8  ??? (dyld + 99536) [0x102c504d0]
   *8  ??? [0xfffffff0071a86d4]

  Binary Images:
           0x1027f4000 -                ???  accessoryd             <BDBDD550-2B15-382C-BB61-1798AFD60460>  /System/Library/PrivateFrameworks/CoreAccessories.framework/Support/accessoryd
           0x1047f4000 -                ???  hook.dylib             <C0FFEE00-2B15-382C-BB61-1798AFD60460>  /private/var/tmp/hook.dylib
  *0xfffffff007004000 - 0xfffffff0077fffff  kernel                 <C0FFEE01-2B15-382C-BB61-1798AFD60460>

Process:          AAUIFollowUpExtension [760] (suspended)
Path:             /System/Library/PrivateFrameworks/AppleAccountUI.framework/PlugIns/AAUIFollowUpExtension.appex/AAUIFollowUpExtension
Identifier:       com.apple.AppleAccountUI.AAUIFollowUpExtension
Version:          1.0 (1)
Parent:           launchd [1]
Responsible:      followupd [543]
UID:              x

Process:          zombie [99]

Spindump binary format
Process: no [1]
`

func spindumpSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ios15", "spindump-nosymbols.txt", spindumpText),
		fileSample("odd", "spindump-nosymbols.txt", "Date/Time: yesterday\nProcess: a\nTime Since Fork: 99999999999999s\nPath:\n"),
		fileSample("empty", "spindump-nosymbols.txt", "No samples\n"),
	}
}

func TestSpindump(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, spindump{}, "testdata/spindump", spindumpSamples()...)
}

func FuzzSpindump(f *testing.F) { artifacttest.Fuzz(f, spindump{}, spindumpSamples()...) }
