package testevidence

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// iShutdown2024 found Pegasus, Predator and Reign in what delays a reboot.
const iShutdown2024 = "https://securelist.com/shutdown-log-lightweight-ios-malware-detection-method/111734/"

// WriteAttackedSysdiagnose writes a small sysdiagnose of a phone on which the
// published traces of a program lie that runs: from the staging folder of
// updates, from a temporary folder, and under a name that is almost one of
// iOS. It returns what it planted.
func WriteAttackedSysdiagnose(name string, seed uint64) (*Truth, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	unpacked := gzip.NewWriter(f)
	s := &sysdiagnose{out: tar.NewWriter(unpacked), r: newRandom(seed, "attacked sysdiagnose")}
	var l ledger
	s.attacked(&l)
	if err := errors.Join(s.err, s.out.Close(), unpacked.Close(), f.Close()); err != nil {
		return nil, fmt.Errorf("write a synthetic sysdiagnose: %w", err)
	}
	t := l.sorted()
	t.Seed = seed
	return t, nil
}

const (
	stagedProgram    = "/private/var/db/com.apple.xpc.roleaccountd.staging/rolexd"
	temporaryProgram = "/private/var/tmp/UserEventAgent"
)

func (s *sysdiagnose) attacked(l *ledger) {
	plant := func(name, rule, severity, artifact, path, value, source string) {
		l.plant(Trace{Name: name, Artifact: artifact, Path: path, Value: value, Rule: rule, Severity: severity, Source: source})
	}
	s.psHeader()
	for i := range 40 {
		s.ps(i+1, s.daemon(i))
	}
	s.ps(912, stagedProgram)
	s.ps(913, temporaryProgram)
	s.ps(914, "/usr/libexec/neagentd")
	s.file("ps.txt")
	plant("ps_staging", "process_staging_folder", "high", "ios.ps", "ps.txt", stagedProgram, amnesty2021)
	plant("ps_temporary", "process_temporary_folder", "high", "ios.ps", "ps.txt", temporaryProgram, cytrox2021)
	plant("ps_mimic", "process_mimics_ios", "low", "ios.ps", "ps.txt", "neagentd", amnesty2021)

	const shutdown = "system_logs.logarchive/Extra/shutdown.log"
	s.reboot(last.Add(-72*time.Hour), 1, s.daemon(3))
	s.reboot(last.Add(-24*time.Hour), 6, stagedProgram)
	s.reboot(last.Add(-2*time.Hour), 2, temporaryProgram)
	s.file(shutdown)
	s.file("system_logs.logarchive/Extra/shutdown.0.log") // that iOS would have appended to
	plant("shutdown_staging", "shutdown_odd_client", "high", "ios.shutdown_log", shutdown, stagedProgram, iShutdown2024)
	plant("shutdown_delays", "shutdown_many_delays", "low", "ios.shutdown_log", shutdown, "6 notices", iShutdown2024)
	plant("shutdown_empty", "shutdown_log_empty", "low", "ios.shutdown_log", "system_logs.logarchive/Extra/shutdown.0.log", "0 bytes", "https://iverify.io/blog")

	s.crashOf("IMTranscoderAgent", "/System/Library/PrivateFrameworks/IMTranscoding.framework/IMTranscoderAgent", last.Add(-26*time.Hour), "")
	s.file("crashes_and_spins/IMTranscoderAgent-2025-09-09-163000.ips")
	s.crashOf("mediaserverd", "/usr/sbin/mediaserverd", last.Add(-25*time.Hour), "/private/var/tmp/upgrade.dylib")
	s.file("crashes_and_spins/mediaserverd-2025-09-09-173000.ips")
	plant("crash_transcoder", "crash_zero_click_process", "low", "ios.crash_reports", "crashes_and_spins/IMTranscoderAgent-2025-09-09-163000.ips", "IMTranscoderAgent", forcedEntry2021)
	plant("crash_image", "crash_odd_image", "medium", "ios.crash_reports", "crashes_and_spins/mediaserverd-2025-09-09-173000.ips", "/private/var/tmp/upgrade.dylib",
		"https://github.com/mvt-project/mvt-indicators/tree/main/2026-03-03_coruna")
}

// reboot writes a shutdown that a client delays several times.
func (s *sysdiagnose) reboot(at time.Time, notices int, client string) {
	id := s.r.uuid()
	for i := range notices {
		s.line("After %.2fs, these clients are still here:", 1.26+float64(i))
		s.line("\t\tremaining client pid: 912 (%s/%s)", client, id)
	}
	s.line("SIGTERM: [%d] All buffers flushed", at.Unix())
}

// WriteAttackedDump adds to a dump the programs of the system, and a program
// in the staging folder of updates, and returns what it planted: that, and the
// program of a process that used the network and is no longer there.
func WriteAttackedDump(dir string) (*Truth, error) {
	var l ledger
	for _, name := range []string{
		"System/Library/LaunchDaemons/com.apple.locationd.plist", "usr/libexec/locationd", "usr/libexec/apsd",
		strings.TrimPrefix(stagedProgram, "/"),
	} {
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), strings.NewReader("synthetic\n")); err != nil {
			return nil, err
		}
	}
	l.plant(Trace{
		Name: "file_staged", Artifact: "ios.filesystem", Path: strings.TrimPrefix(stagedProgram, "/"), Value: stagedProgram,
		Rule: "file_staging_folder", Severity: "high", Source: amnesty2021,
	})
	l.plant(Trace{
		Name: "program_gone", Artifact: "ios.missing_programs", Path: "private/var/wireless/" + usagePath, Value: "bh",
		Rule: "program_not_on_disk", Severity: "medium", Source: amnesty2021,
	})
	return l.sorted(), nil
}
