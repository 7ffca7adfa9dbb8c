package testevidence

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// WriteSysdiagnose writes into a new file a sysdiagnose of the synthetic phone
// as iOS packs it, a tar compressed by gzip of at least size bytes: lists of
// processes, crash reports, logs, and the dumps that make up most of one and no
// parser reads. The unified log is left out: it is measured by itself.
//
// Names and forms: the parsers of
// https://github.com/EC-DIGIT-CSIRC/sysdiagnose, and Apple's adv_cmds (ps) and
// "Interpreting the JSON format of a crash report".
func WriteSysdiagnose(name string, size int64, seed uint64) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	packed := &counted{w: f}
	unpacked := gzip.NewWriter(packed)
	s := &sysdiagnose{out: tar.NewWriter(unpacked), r: newRandom(seed, "sysdiagnose")}
	s.lists()
	for i := 0; s.err == nil && packed.n < size; i++ {
		s.round(i)
	}
	if err := errors.Join(s.err, s.out.Close(), unpacked.Close(), f.Close()); err != nil {
		return fmt.Errorf("write a synthetic sysdiagnose: %w", err)
	}
	return nil
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// sysdiagnose is one archive that is being written.
type sysdiagnose struct {
	out *tar.Writer
	r   random
	buf []byte
	err error // the first
}

const sysdiagnoseTop = "sysdiagnose_2025.09.10_18-30-00+0000_iPhone-OS_iPhone_22G100/"

// file writes what buf holds.
func (s *sysdiagnose) file(name string) {
	if s.err == nil {
		s.err = s.out.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: sysdiagnoseTop + name, Mode: 0o644, Size: int64(len(s.buf)), ModTime: last, Format: tar.FormatUSTAR,
		})
	}
	if s.err == nil {
		_, s.err = s.out.Write(s.buf)
	}
	s.buf = s.buf[:0]
}

func (s *sysdiagnose) line(format string, args ...any) {
	s.buf = append(fmt.Appendf(s.buf, format, args...), '\n')
}

var daemons = []string{
	"backboardd", "SpringBoard", "locationd", "wifid", "apsd", "identityservicesd", "imagent", "mediaserverd", "nsurlsessiond",
	"cloudd", "trustd", "powerd", "symptomsd", "runningboardd", "bluetoothd", "CommCenter", "sharingd", "assistantd", "biomed", "rapportd",
}

func (s *sysdiagnose) daemon(i int) string { return "/usr/libexec/" + daemons[i%len(daemons)] }

// lists writes what each sysdiagnose has once.
func (s *sysdiagnose) lists() {
	const processes = 600
	s.psHeader()
	for i := range processes {
		s.ps(i+1, s.daemon(i))
	}
	s.file("ps.txt")
	for i := range 400 {
		s.line("After %d.%02ds, these clients are still here:", 1+s.r.IntN(3), s.r.IntN(100))
		s.line("\t\tremaining client pid: %d (%s/%s)", 100+s.r.IntN(900), s.daemon(i), s.r.uuid())
		s.line("SIGTERM: [%d] All buffers flushed", first.Add(time.Duration(i)*90*time.Hour).Unix())
	}
	s.file("system_logs.logarchive/Extra/shutdown.log")
	at := last.Add(-30 * 24 * time.Hour)
	for i := range 20_000 {
		at = at.Add(time.Duration(s.r.IntN(240)) * time.Second)
		s.line("%s [%d] <notice> (0x%x) -[MIClientConnection installURL]: Install Successful for (Placeholder:org.example.app%d)",
			at.Format("Mon Jan _2 15:04:05 2006"), 200+s.r.IntN(200), s.r.Uint32(), i%300)
	}
	s.file("logs/MobileInstallation/mobile_installation.log.0")
}

func (s *sysdiagnose) psHeader() {
	s.line("USER              UID PRSNA   PID  PPID        F  %%CPU %%MEM PRI NI      VSZ    RSS WCHAN    TT  STAT STARTED      TIME COMMAND")
}

// ps writes a line of the list of processes.
func (s *sysdiagnose) ps(pid int, program string) {
	s.line("mobile            501     - %5d     1     4004   0.%d  0.%d  31  0 %8d %6d -        ??  Ss   Mon08PM   0:%02d.%02d %s",
		pid, s.r.IntN(10), s.r.IntN(10), 4_000_000+s.r.IntN(500_000), s.r.IntN(90_000), s.r.IntN(60), s.r.IntN(100), program)
}

// round writes a part of what a sysdiagnose has much of, about 20 MB unpacked
// and 9 MB packed.
func (s *sysdiagnose) round(n int) {
	for i := range 12 {
		s.crash(12*n + i)
		s.file(fmt.Sprintf("crashes_and_spins/%s-2025-09-%02d-1%05d.ips", daemons[i%len(daemons)], 1+n%9, 12*n+i))
	}
	s.registry(6 << 20)
	s.file(fmt.Sprintf("ioreg/IOService_%d.txt", n))
	s.log(3 << 20)
	s.file(fmt.Sprintf("logs/itunesstored/itunesstored_%d.log", n))
	s.log(1 << 20)
	s.file(fmt.Sprintf("WiFi/wifi-buf-%d.log", n))
	s.binary(10 << 20)
	s.file(fmt.Sprintf("logs/tailspindb/tailspin_%d.tailspin", n))
}

// crash makes a crash report of about 100 KiB.
func (s *sysdiagnose) crash(n int) {
	s.crashOf(daemons[n%len(daemons)], s.daemon(n), last.Add(-time.Duration(n)*time.Hour), "")
}

// crashOf makes the crash report of a program, with a library of its own if
// one is given.
func (s *sysdiagnose) crashOf(name, program string, when time.Time, library string) {
	at := when.Format("2006-01-02 15:04:05.00 -0700")
	s.line(`{"app_name":%q,"timestamp":%q,"app_version":"","slice_uuid":%q,"bug_type":"309","os_version":"iPhone OS 18.6.2 (22G100)","name":%q,"incident_id":%q}`,
		name, at, s.r.uuid(), name, s.r.uuid())
	s.line("{\n  \"uptime\" : %d,\n  \"procName\" : %q,\n  \"procPath\" : %q,\n  \"pid\" : %d,\n  \"captureTime\" : %q,", 1000, name, program, 100, at)
	s.line(`  "exception" : {"codes":"0x0000000000000001, 0x0000000000000000","type":"EXC_BAD_ACCESS","signal":"SIGSEGV","subtype":"KERN_INVALID_ADDRESS at 0x0000000000000000"},`)
	s.line(`  "faultingThread" : 0,` + "\n" + `  "threads" : [`)
	for thread := range 16 {
		s.buf = fmt.Appendf(s.buf, `{"id":%d,"frames":[`, 4000+thread)
		for frame := range 40 {
			s.buf = fmt.Appendf(s.buf, `{"imageOffset":%d,"symbol":"%s","symbolLocation":%d,"imageIndex":%d},`, s.r.IntN(9_000_000), word(s.r), s.r.IntN(900), frame)
		}
		s.buf = append(s.buf[:len(s.buf)-1], "]},"...)
	}
	s.buf = append(s.buf[:len(s.buf)-1], "],\n  \"usedImages\" : [\n"...)
	for image := range 120 {
		s.buf = fmt.Appendf(s.buf, `  {"source":"P","arch":"arm64e","base":%d,"size":%d,"uuid":"%s","path":"/System/Library/PrivateFrameworks/%s.framework/%[4]s","name":"%[4]s"},`+"\n",
			6_000_000_000+int64(image)<<20, s.r.IntN(1<<20), s.r.uuid(), word(s.r))
	}
	if library != "" {
		s.buf = fmt.Appendf(s.buf, `  {"source":"P","arch":"arm64e","base":%d,"size":%d,"uuid":"%s","path":"%s","name":"library"},`+"\n",
			5_000_000_000, 1<<16, s.r.uuid(), library)
	}
	s.buf = append(s.buf[:len(s.buf)-2], "\n]\n}\n"...)
}

// registry makes a dump of the I/O registry.
func (s *sysdiagnose) registry(size int) {
	for depth := 0; len(s.buf) < size; depth = (depth + 1) % 12 {
		s.line("%*s+-o %s  <class %s, id 0x%x, registered, matched, active, busy 0 (%d ms), retain %d>",
			2*depth, "", word(s.r), word(s.r), s.r.Uint32(), s.r.IntN(900), s.r.IntN(50))
		for range 6 {
			s.line("%*s|   %q = <%x>", 2*depth, "", word(s.r), s.r.Uint64())
		}
	}
}

// log makes lines of a log, of which the beginnings are much alike.
func (s *sysdiagnose) log(size int) {
	at := last.Add(-48 * time.Hour)
	for len(s.buf) < size {
		at = at.Add(time.Duration(s.r.IntN(500)) * time.Millisecond)
		s.line("%s %s[%d] <Notice>: %s %s for %s: %s 0x%x", at.Format("01/02/2006 15:04:05.000000"),
			daemons[s.r.IntN(len(daemons))], 100+s.r.IntN(400), word(s.r), word(s.r), word(s.r), word(s.r), s.r.Uint32())
	}
}

// binary makes records of numbers, such as samples: they pack to two thirds.
func (s *sysdiagnose) binary(size int) {
	for len(s.buf) < size {
		s.buf = append(s.buf, s.r.bytes(20)...)
		s.buf = append(s.buf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0)
	}
	s.buf = s.buf[:size]
}

// word returns a name as programs have them, of some thousands.
func word(r random) string {
	return pick(r, []string{"Apple", "IO", "NS", "CF", "PM", "WiFi", "BT", "Location", "Media", "Accessory"}) +
		pick(r, []string{"Device", "Service", "Power", "Session", "Channel", "Request", "State", "Client", "Network", "Sensor", "Audio", "Display"}) +
		pick(r, []string{"Manager", "Interface", "Driver", "Controller", "Notification", "UserClient", "Handler", "Assertion", "Update", "Report", "Error", "Policy"})
}
