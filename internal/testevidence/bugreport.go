package testevidence

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// BugReport says what bugreport to write.
type BugReport struct {
	Seed uint64
	// Size is that of the text, in bytes, at least. 0 writes each section once,
	// with what is planted and little else.
	Size int64
}

// The apps of a bugreport. The removed one is nowhere but in what outlives it.
const (
	reportSpy     = "com.fintur.support"
	reportGone    = "com.androidservices.support"
	reportDecoy   = "com.fintur.supports"
	reportZone    = "America/Mexico_City"
	reportName    = "bugreport-a14xub-UP1A.231005.007-2025-09-10-12-30-00.txt"
	reportPrint   = "samsung/a14xub/a14x:14/UP1A.231005.007/A146MUBS5:user/release-keys"
	reportSpyUID  = 10301
	reportGoneUID = 10303
)

// WriteBugReport writes into a new file a bugreport as phones make it: the
// archive with the report of dumpstate, its log, and files copied from the
// phone. Every section that can hold a trace has one of a published app, and
// a near miss.
//
// Layout: dumpstate (frameworks/native/cmds/dumpstate, bugreport-format.md);
// sections as a Pixel with Android 10 and others print them, and as the dump
// methods of the services in frameworks/base write them.
func WriteBugReport(name string, o BugReport) (*Truth, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	truth, err := writeBugReport(f, o)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("write a synthetic bugreport: %w", err)
	}
	return truth, nil
}

func writeBugReport(w io.Writer, o BugReport) (*Truth, error) {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) })
	r := &bugReport{r: newRandom(o.Seed, "bugreport"), size: o.Size, truth: &Truth{Seed: o.Seed}, at: last.In(reportLocation()).Add(-10 * time.Minute)}
	r.apps()
	for _, file := range []struct {
		name  string
		write func(*bugReport)
	}{
		{"version.txt", func(b *bugReport) { b.text("2.0") }},
		{"FS/data/anr/anr_2025-09-10-11-40-00-000", (*bugReport).anrFile},
		{"FS/data/tombstones/tombstone_00", (*bugReport).tombstoneFile},
		{"FS/data/misc/recovery/last_log", func(b *bugReport) { b.line("Starting recovery on Tue Sep  2 10:00:00 2025") }},
		{"dumpstate_log.txt", (*bugReport).dumpstateLog},
		{reportName, (*bugReport).report},
		{"main_entry.txt", func(b *bugReport) { b.text(reportName) }},
	} {
		to, err := z.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: last})
		if err != nil {
			return nil, err
		}
		r.out = bufio.NewWriterSize(to, 1<<18)
		file.write(r)
		if err := errors.Join(r.err, r.out.Flush()); err != nil {
			return nil, err
		}
		r.truth.Files++
	}
	r.truth.Bytes = r.written
	return r.truth, z.Close()
}

// bugReport is one that is being written.
type bugReport struct {
	r       random
	size    int64
	out     *bufio.Writer
	buf     []byte
	written int64
	err     error // the first
	truth   *Truth
	section string
	shares  int64     // of all sections
	at      time.Time // of the phone's clock, as sections go on
	list    []reportApp
}

// A reportApp is an app of the phone.
type reportApp struct {
	name   string
	uid    int
	system bool
}

// uid is the user id as dumps write it.
func (a reportApp) short() string { return uidText(a.uid) }

func uidText(uid int) string {
	if uid >= 10000 {
		return fmt.Sprintf("u0a%d", uid-10000)
	}
	return fmt.Sprint(uid)
}

// apps makes the phone's apps: some of the system, more of others.
func (b *bugReport) apps() {
	b.list = []reportApp{
		{"android", 1000, true},
		{"com.android.systemui", 10087, true},
		{"com.android.phone", 1001, true},
		{"com.android.settings", 1000, true},
		{"com.android.vending", 10102, true},
		{"com.google.android.gms", 10101, true},
		{"com.sec.android.app.launcher", 10090, true},
		{"com.android.chrome", 10110, true},
		{"com.whatsapp", 10200, false},
	}
	for i := range 300 {
		b.list = append(b.list, reportApp{fmt.Sprintf("%s.%s%d.app", pick(b.r, []string{"com", "mx.com", "org", "net"}), pick(b.r, []string{"example", "tienda", "banco", "juego", "radio", "noticias"}), i), 10400 + i, i%3 == 0})
	}
}

func (b *bugReport) app() reportApp { return b.list[b.r.IntN(len(b.list))] }

// text writes without the end of a line.
func (b *bugReport) text(s string) {
	if b.err == nil {
		var n int
		n, b.err = b.out.WriteString(s)
		b.written += int64(n)
	}
}

func (b *bugReport) line(format string, args ...any) {
	b.buf = append(fmt.Appendf(b.buf[:0], format, args...), '\n')
	if b.err == nil {
		var n int
		n, b.err = b.out.Write(b.buf)
		b.written += int64(n)
	}
}

func (b *bugReport) lines(text string) { b.text(strings.TrimPrefix(text, "\n")) }

// tick moves the clock on and returns it.
func (b *bugReport) tick(most time.Duration) time.Time {
	b.at = b.at.Add(time.Duration(b.r.Int64N(int64(most)/1000)) * 1000)
	return b.at
}

// plant notes a trace in the section that is being written.
func (b *bugReport) plant(name, artifact, indicator, value string) {
	b.truth.Planted = append(b.truth.Planted, Trace{
		Name: name, Artifact: artifact, Path: reportName, Table: b.section, Indicator: indicator, Value: value, Severity: "critical", Source: rcsLab2022,
	})
}

// behave notes a trace that a rule must find.
func (b *bugReport) behave(rule, artifact, severity, value string) {
	b.truth.Planted = append(b.truth.Planted, Trace{Name: rule, Artifact: artifact, Path: reportName, Table: b.section, Rule: rule, Value: value, Severity: severity})
}

func (b *bugReport) decoy(name, artifact string) {
	b.truth.Decoys = append(b.truth.Decoys, Trace{Name: name, Artifact: artifact, Path: reportName, Table: b.section, Value: reportDecoy})
}

// reportLocation is the phone's zone: Mexico has no summer time since 2022.
func reportLocation() *time.Location { return time.FixedZone(reportZone, -6*3600) }

// A reportSection is a section: by dumpstate itself, or of a service.
type reportSection struct {
	title, command string // of dumpstate
	service        string
	share          int // of a large report, beside those of the others
	write          func(*bugReport)
	more           func(*bugReport) // a further block, until the share is full
	end            func(*bugReport)
}

// report writes the main text.
func (b *bugReport) report() {
	b.lines(`
========================================================
== dumpstate: 2025-09-10 12:30:00
========================================================

Build: UP1A.231005.007.A146MUBS5
Build fingerprint: '` + reportPrint + `'
Bootloader: A146MUBS5
Radio: A146MUBS5
Network: Telcel
Module Metadata version: 341010000
Android SDK version: 34
SDK extensions: r:7 s:7 ad_services:7
Kernel: Linux version 5.15.104-android13-8 (build-user@build-host) (Android clang version 17.0.2) #1 SMP PREEMPT
Command line: console=null androidboot.verifiedbootstate=green
Uptime: up 2 days, 0 hours, 1 minutes, load average: 9.33, 9.20, 9.01
Bugreport format version: 2.0
Dumpstate info: id=1 pid=21000 dry_run=0 parallel_run=1 args=/system/bin/dumpstate -S bugreport_mode=

`)
	sections := slices.Concat(reportLogs(), reportState(), reportUse(), reportServices())
	for _, s := range sections {
		b.shares += int64(s.share)
	}
	dumpsys := false
	for _, s := range sections {
		if s.service != "" && !dumpsys {
			dumpsys = true
			b.line("========================================================\n== Android Framework Services\n========================================================\n")
		}
		b.write(s)
	}
	b.line("========================================================\n== Final progress (pid 21000): 5002/5000 (estimated 5000)\n========================================================\n== dumpstate: done (id 1)\n========================================================")
}

// write writes a section with its heading and its end.
func (b *bugReport) write(s reportSection) {
	start := b.written
	if s.service != "" {
		b.section = "dumpsys/" + s.service
		b.line("%s\nDUMP OF SERVICE %s:", strings.Repeat("-", 79), s.service)
	} else {
		b.section = "dumpstate/" + s.title
		b.line("------ %s (%s) ------", s.title, s.command)
	}
	if s.write != nil {
		s.write(b)
	}
	for most := b.part(s.share); s.more != nil && b.err == nil && b.written-start < most; {
		s.more(b)
	}
	if s.end != nil {
		s.end(b)
	}
	b.at = last.In(reportLocation())
	took := float64(b.r.IntN(3000)) / 1000
	if s.service != "" {
		b.line("--------- %.3fs was the duration of dumpsys %s, ending at: %s", took, s.service, b.at.Format(time.DateTime))
	} else {
		b.line("------ %.3fs was the duration of '%s' ------\n", took, s.title)
	}
	b.at = last.In(reportLocation()).Add(-10 * time.Minute)
}

// part is how many bytes a share of a large report is.
func (b *bugReport) part(share int) int64 { return b.size * int64(share) / max(b.shares, 1) }

func (b *bugReport) dumpstateLog() {
	for i := range 40 {
		b.line("%s: Adding zip entry FS/proc/%d", b.tick(time.Second).Format("01-02 15:04:05.000"), i)
	}
}
