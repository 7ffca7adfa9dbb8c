package tombstone

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// crash is a tombstone as debuggerd of Android 13 writes it (see the package
// comment), of an invented process.
const crash = `*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: 'google/oriole/oriole:13/TQ3A.230805.001/10316531:user/release-keys'
Revision: 'MP1.0'
ABI: 'arm64'
Timestamp: 2024-02-03 10:11:12.123456789+0100
Process uptime: 17s
Cmdline: /data/local/tmp/agent --quiet
pid: 4242, tid: 4243, name: worker  >>> /data/local/tmp/agent <<<
uid: 0
tagged_addr_ctrl: 0000000000000001 (PR_TAGGED_ADDR_ENABLE)
signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0000000000000010
Cause: null pointer dereference
Abort message: 'check failed:
second line'
    x0  0000000000000000  x1  0000000000000001  x2  0000000000000002  x3  0000000000000003

backtrace:
      #00 pc 000000000004f2a0  /data/local/tmp/lib agent.so (offset 0x1000) (run(int, char**)+16) (BuildId: 0011aabb)
      #01 pc 0000000000001000  /apex/com.android.runtime/lib64/bionic/libc.so (__libc_init+96)

memory near x0:
    0000000000000000 0000000000000000 0000000000000000  ................

memory map (3 entries):
    0000006f'3a400000-0000006f'3a44cfff r--         0     4d000  /data/local/tmp/lib agent.so (BuildId: 0011aabb)
    0000006f'3a44d000-0000006f'3a4cbfff r-x     4d000     7f000  /data/local/tmp/lib agent.so (BuildId: 0011aabb) (load bias 0x1000)
--->0000006f'3a4d0000-0000006f'3a4dffff r-x         0     10000  [anon:code]
open files:
    fd 0: /dev/null (unowned)
    fd 7: socket:[4711] (owned by unique_fd 0x1)
--------- tail end of log main
02-03 10:11:12.000  4242  4243 E agent   : connect: c2.example.org
--- --- --- --- --- --- --- --- --- --- --- --- --- --- --- ---
pid: 4242, tid: 4242, name: agent  >>> /data/local/tmp/agent <<<
backtrace:
      #00 pc 0000000000000010  /system/lib64/other.so
`

func want() *Tombstone {
	return &Tombstone{
		Arch: "arm64", BuildFingerprint: "google/oriole/oriole:13/TQ3A.230805.001/10316531:user/release-keys",
		Revision: "MP1.0", Timestamp: "2024-02-03 10:11:12.123456789+0100", PID: 4242, TID: 4243, Uptime: 17,
		CommandLine: []string{"/data/local/tmp/agent --quiet"}, ThreadName: "worker", BinaryPath: "/data/local/tmp/agent",
		Signal:       Signal{Number: 11, Name: "SIGSEGV", Code: 1, CodeName: "SEGV_MAPERR", FaultAddress: "0x0000000000000010"},
		AbortMessage: "check failed:\nsecond line",
		Causes:       []string{"null pointer dereference"},
		Backtrace: []Frame{
			{PC: 0x4f2a0, File: "/data/local/tmp/lib agent.so", Function: "run(int, char**)", Offset: 16, BuildID: "0011aabb"},
			{PC: 0x1000, File: "/apex/com.android.runtime/lib64/bionic/libc.so", Function: "__libc_init", Offset: 96},
		},
		Threads: 2, Mapped: []string{"/data/local/tmp/lib agent.so"}, OpenFiles: []string{"/dev/null", "socket:[4711]"},
		Logs: []Log{{Buffer: "main", Timestamp: "02-03 10:11:12.000", Tag: "agent", Message: "connect: c2.example.org", PID: 4242, TID: 4243}},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"lf": crash, "crlf": strings.ReplaceAll(crash, "\n", "\r\n")} {
		got, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want(), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if at, ok := got.Time(); !ok || at.Unix() != 1706951472 {
			t.Errorf("time %v %v", at, ok)
		}
	}
}

func TestSender(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte(string(stars) + "\npid: 1, tid: 1, name: x  >>> com.example.app:remote <<<\nsignal 6 (SIGABRT), code -6 (SI_TKILL from pid 77, uid 2000), fault addr --------\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Signal; !s.Sender || s.SenderPID != 77 || s.SenderUID != 2000 || s.FaultAddress != "" || s.Code != -6 {
		t.Errorf("%+v", s)
	}
	if got.Executable() != "com.example.app:remote" {
		t.Error(got.Executable())
	}
}

// sub appends a message.
func sub(b []byte, num protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), inner)
}

func txt(b []byte, num protowire.Number, s string) []byte { return sub(b, num, []byte(s)) }

func vint(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// protoCrash is the same crash by tombstone.proto.
func protoCrash() []byte {
	w := want()
	b := vint(nil, 1, 1)
	b = txt(b, 2, w.BuildFingerprint)
	b = txt(b, 3, w.Revision)
	b = txt(b, 4, w.Timestamp)
	b = vint(vint(b, 5, 4242), 6, 4243)
	b = txt(b, 8, "u:r:shell:s0")
	b = txt(txt(b, 9, "/data/local/tmp/agent"), 9, "--quiet")
	b = sub(b, 10, vint(txt(vint(txt(vint(vint(nil, 1, 11), 3, 1), 2, "SIGSEGV"), 8, 1), 4, "SEGV_MAPERR"), 9, 16))
	b = txt(b, 14, w.AbortMessage)
	b = sub(b, 15, txt(nil, 1, w.Causes[0]))
	frame := txt(vint(txt(vint(nil, 1, 0x4f2a0), 4, "run(int, char**)"), 5, 16), 6, "/data/local/tmp/lib agent.so")
	frame = txt(frame, 8, "0011aabb")
	second := txt(vint(txt(vint(nil, 1, 0x1000), 4, "__libc_init"), 5, 96), 6, "/apex/com.android.runtime/lib64/bionic/libc.so")
	b = sub(b, 16, sub(vint(nil, 1, 4243), 2, sub(sub(txt(vint(nil, 1, 4243), 2, "worker"), 4, frame), 4, second)))
	b = sub(b, 16, sub(vint(nil, 1, 4242), 2, txt(nil, 2, "agent")))
	b = sub(b, 17, txt(vint(nil, 6, 1), 7, "/data/local/tmp/lib agent.so"))
	b = sub(b, 17, txt(nil, 7, "/data/local/tmp/data"))
	log := vint(vint(txt(nil, 1, "02-03 10:11:12.000"), 2, 4242), 3, 4243)
	b = sub(b, 18, sub(txt(nil, 1, "main"), 2, txt(txt(log, 5, "agent"), 6, "connect: c2.example.org")))
	b = sub(sub(b, 19, txt(nil, 2, "/dev/null")), 19, txt(nil, 2, "socket:[4711]"))
	b = vint(b, 20, 17)
	return sub(b, 21, txt(txt(nil, 1, "state"), 2, "7"))
}

func TestProto(t *testing.T) {
	t.Parallel()
	got, err := Parse(protoCrash())
	if err != nil {
		t.Fatal(err)
	}
	w := want()
	w.Protobuf, w.BinaryPath, w.SELinuxLabel = true, "", "u:r:shell:s0"
	w.UID = 0
	w.CommandLine = []string{"/data/local/tmp/agent", "--quiet"}
	w.Signal.FaultAddress = "0x10"
	w.Details = []Detail{{"state", "7"}}
	if d := cmp.Diff(w, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	nested := txt(nil, 2, "deep")
	for range 10_000 {
		nested = sub(nil, 16, nested)
	}
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "stars": stars,
		"nested": nested, "groups": []byte(strings.Repeat("\x0b", 20_000)),
		"long": {0x12, 0xff, 0xff, 0xff, 0xff, 0x0f},
	} {
		if got, err := Parse(data); err == nil && got.BuildFingerprint == "" {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	whole := protoCrash()
	got, err := Parse(whole[:len(whole)-40])
	if err != nil || got.Damage == nil || got.PID != 4242 {
		t.Errorf("cut: %+v, %v", got, err)
	}
	recursive := append(txt(nil, 2, "f"), nested...)
	if got, err := Parse(recursive); err != nil || got.Threads != 1 {
		t.Errorf("recursive: %+v, %v", got, err)
	}
}

// TestReal reads the same crash of a public phone in both forms.
func TestReal(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = "../../../../shared"
	}
	dir = filepath.Join(dir, "evidence/android/android_data")
	text, err := os.ReadFile(filepath.Join(dir, "tombstone_process.txt"))
	if err != nil {
		t.Skip("no public evidence here:", err)
	}
	proto, err := os.ReadFile(filepath.Join(dir, "tombstone_process.pb"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse(proto)
	if err != nil {
		t.Fatal(err)
	}
	// The two forms agree in all but what only one of them has.
	a.Protobuf, a.BinaryPath, a.SELinuxLabel = b.Protobuf, b.BinaryPath, b.SELinuxLabel
	a.Signal.FaultAddress = b.Signal.FaultAddress
	if d := cmp.Diff(b, a); d != "" {
		t.Errorf("text differs from protocol buffer (-proto +text):\n%s", d)
	}
	if len(b.Backtrace) == 0 || len(b.Mapped) == 0 || b.Threads < 1 {
		t.Errorf("%d frames, %d files, %d threads", len(b.Backtrace), len(b.Mapped), b.Threads)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(crash))
	f.Add(protoCrash())
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Parse(data)
		if err == nil && (len(got.Backtrace) > maxFrames || len(got.Mapped) > maxMapped || len(got.Logs) > maxLogs) {
			t.Error("a list is longer than its bound")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, data := range map[string][]byte{"text": []byte(crash), "proto": protoCrash()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
