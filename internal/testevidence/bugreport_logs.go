package testevidence

import (
	"fmt"
	"strings"
	"time"
)

// reportLogs are the sections in which dumpstate copies logs and stacks.
func reportLogs() []reportSection {
	return []reportSection{
		{title: "MEMORY INFO", command: "/proc/meminfo", write: func(b *bugReport) { b.lines("MemTotal:        3780832 kB\nMemFree:         1523300 kB\n") }},
		{title: "CPU INFO", command: "top -b -n 1 -H -s 6 -o pid,tid,user,pr,ni,%cpu,s,virt,res,pcy,cmd,name", share: 10, write: topHead, more: topLine},
		{title: "PROCESSES AND THREADS", command: "ps -A -T -Z -O pri,nice,rtprio,sched,pcy,time", share: 15, write: processHead, more: processLine},
		{title: "KERNEL LOG", command: "logcat -b kernel -v threadtime -v printable -v uid -d *:v", share: 40, more: kernelLine},
		{title: "SYSTEM LOG", command: "logcat -v threadtime -v printable -v uid -d *:v", share: 300, write: logPlanted, more: logLine},
		{title: "EVENT LOG", command: "logcat -b events -v threadtime -v printable -v uid -d *:v", share: 60, write: eventPlanted, more: eventLine},
		{title: "RADIO LOG", command: "logcat -b radio -v threadtime -v printable -v uid -d *:v", share: 60, more: radioLine},
		{title: "VM TRACES JUST NOW", command: "/data/anr/dumptrace_EjasU0: 2025-09-10 12:29:50", share: 100, more: traceBlock},
		{title: "LAST LOGCAT", command: "logcat -L -b all -v threadtime -v printable -v uid -d *:v", share: 100, write: lastPlanted, more: logLine},
		{title: "VM TRACES AT LAST ANR", command: "/data/anr/anr_2025-09-10-11-40-00-000: 2025-09-10 11:40:01", write: (*bugReport).anrFile},
		{title: "BINDER STATE", command: "/sys/kernel/debug/binder/state", share: 20, more: func(b *bugReport) {
			b.line("  node %d: u%016x c%016x hs %d hw 1 ls 0 lw 0 is 1 iw 1 tr 1 proc %d", b.r.IntN(1<<20), b.r.Uint64(), b.r.Uint64(), b.r.IntN(2), b.r.IntN(30000))
		}},
	}
}

func topHead(b *bugReport) {
	b.lines(`
Threads: 4633 total,   1 running, 4632 sleeping,   0 stopped,   0 zombie
  Mem:      3.6G total,      2.0G used,      1.6G free,       22M buffers
 Swap:      512M total,         0 used,      512M free,      968M cached
800%cpu  38%user   1%nice  68%sys 682%idle   0%iow   6%irq   4%sirq   0%host
  PID   TID USER         PR  NI[%CPU]S VIRT  RES PCY CMD             NAME
`)
}

func topLine(b *bugReport) {
	a := b.app()
	b.line("%5d %5d %-12s 20   0  %d.%d S %dM  %dM  bg %-15.15s %s", b.r.IntN(30000), b.r.IntN(30000), "u0_a"+fmt.Sprint(a.uid%10000), b.r.IntN(9), b.r.IntN(10), b.r.IntN(9000), b.r.IntN(400), a.name, a.name)
}

func processHead(b *bugReport) {
	b.line("LABEL                          USER           PID   TID  PPID     VSZ    RSS WCHAN            ADDR S PRI  NI RTPRIO SCH PCY     TIME CMD            ")
	b.line("u:r:init:s0                    root             1     1     0   51308   6620 do_epoll_wait       0 S  19   0      -   0  fg 00:00:02 init")
	b.line("u:r:untrusted_app_27:s0:c45,c2 u0_a301       4242  4242   777 5200000  98765 do_epoll_wait       0 S  19   0      -   0  fg 00:00:02 com.fintur.support")
	b.line("u:r:untrusted_app_27:s0:c46,c2 u0_a302       4243  4243   777 5200000  98765 do_epoll_wait       0 S  19   0      -   0  fg 00:00:02 com.fintur.supports")
	b.plant("process", "android.dumpstate_processes", reportSpy, reportSpy)
	b.decoy("process one letter longer", "android.dumpstate_processes")
}

func processLine(b *bugReport) {
	a := b.app()
	pid := 5000 + b.r.IntN(25000)
	b.line("u:r:untrusted_app:s0:c%d,c256    u0_a%-8d %5d %5d   777 %7d %6d do_epoll_wait       0 S  19   0      -   0  bg 00:00:%02d %s", b.r.IntN(256), a.uid%10000, pid, pid+b.r.IntN(60), 5_000_000+b.r.IntN(900_000), b.r.IntN(200_000), b.r.IntN(60), pick(b.r, []string{a.name, "RenderThread", "Binder:1_2", "HeapTaskDaemon", "FinalizerDaemon", "Profile Saver"}))
}

func kernelLine(b *bugReport) {
	b.line("%s %s %s: %s 0x%08x", b.stamp(50*time.Millisecond, 1000), pick(b.r, []string{"I", "W", "E"}),
		pick(b.r, []string{"sec_bat_monitor_work", "cfg80211", "binder", "thermal_zone0", "ufshcd"}), pick(b.r, []string{"status changed to", "Interrupted resume", "request completed", "voltage now"}), b.r.Uint32())
}

// stamp begins an entry of a log: time, user, process, thread.
func (b *bugReport) stamp(most time.Duration, uid int) string {
	return fmt.Sprintf("%s %5d %5d %5d", b.tick(most).Format("01-02 15:04:05.000"), uid, 1000+b.r.IntN(30000), 1000+b.r.IntN(30000))
}

// logPlanted are entries that name an app, a link, and a process that died.
func logPlanted(b *bugReport) {
	b.line("--------- beginning of main")
	const artifact = "android.logcat"
	b.line("%s I ActivityTaskManager: START u0 {act=android.intent.action.VIEW dat=https://cdn.android-apps.tech/... flg=0x10000000 cmp=com.android.chrome/com.google.android.apps.chrome.Main} from uid 10200", b.stamp(time.Second, 1000))
	b.plant("link in a log", artifact, "android-apps.tech", "https://cdn.android-apps.tech/...")
	b.line("%s E AndroidRuntime: FATAL EXCEPTION: main", b.stamp(time.Second, reportSpyUID))
	b.line("%s E AndroidRuntime: Process: com.fintur.support, PID: 4242", b.stamp(time.Second, reportSpyUID))
	b.plant("crash in a log", artifact, reportSpy, reportSpy)
	b.line("%s I PackageManager: Package com.androidservices.support uninstalled by uid 2000", b.stamp(time.Second, 1000))
	b.plant("removal in a log", artifact, reportGone, reportGone)
	b.line("%s W ActivityManager: Scheduling restart of crashed service com.fintur.support/.Watch in 1000ms for start-requested", b.stamp(time.Second, 1000))
	b.line("%s W ActivityManager: Scheduling restart of crashed service com.fintur.supports/.Watch in 1000ms for start-requested", b.stamp(time.Second, 1000))
	b.decoy("app in a log", artifact)
	b.line("%s D NetworkMonitor/100: PROBE_DNS free247downloads.com 9ms OK 203.0.113.9", b.stamp(time.Second, 1073))
	b.plant("host without a scheme in a log", "android.named", "free247downloads.com", "free247downloads.com")
}

var logTags = []string{
	"ActivityManager", "WindowManager", "ConnectivityService", "NetworkController", "WifiHAL", "SurfaceFlinger", "BufferQueueProducer", "GmsClient", "ViewRootImpl",
	"InputDispatcher", "JobScheduler", "AlarmManager", "PowerManagerService", "SensorService", "audio_hw_primary", "OpenGLRenderer", "chromium", "BluetoothAdapter",
}

func logLine(b *bugReport) {
	a := b.app()
	b.line("%s %s %s: %s", b.stamp(40*time.Millisecond, a.uid), pick(b.r, []string{"D", "I", "V", "W", "E"}), pick(b.r, logTags), b.logText(a))
}

func (b *bugReport) logText(a reportApp) string {
	switch b.r.IntN(9) {
	case 0:
		return fmt.Sprintf("Delaying start of: ServiceRecord{%x u0 %s/.sync.SyncService}", b.r.Uint32(), a.name)
	case 1:
		return fmt.Sprintf("[%s/%s.MainActivity#%d](f:0,a:%d) acquireNextBufferLocked size=1080x2408 mFrameNumber=%d applyTransaction=true mTimestamp=%d", a.name, a.name, b.r.IntN(9), b.r.IntN(4), b.r.IntN(100000), b.r.Uint64()>>16)
	case 2:
		return fmt.Sprintf("relayoutVisibleWindow: Window{%x u0 %s/%s.MainActivity} type=1 cls=DRAW duration=%d", b.r.Uint32(), a.name, a.name, b.r.IntN(900))
	case 3:
		return fmt.Sprintf("Uid %d procstate %d wake lock %q released, held for %d ms", a.uid, b.r.IntN(20), "*job*/"+a.name, b.r.IntN(10000))
	case 4:
		return fmt.Sprintf("onReceive: action=android.net.conn.CONNECTIVITY_CHANGE netId=%d score=%d token=%s", b.r.IntN(200), b.r.IntN(100), b.r.token(20))
	case 5:
		return fmt.Sprintf("avc: granted { read } for pid=%d comm=%q path=/data/data/%s/files/%s", b.r.IntN(30000), "binder", a.name, b.r.token(9))
	case 6:
		return fmt.Sprintf("Request finished GET /v1/%s/%d in %d ms, %d bytes", b.r.token(8), b.r.IntN(1e6), b.r.IntN(4000), b.r.IntN(90000))
	default:
		return fmt.Sprintf("%s state %d -> %d, battery=%d, heap=%dKB, id=%08x%08x", pick(b.r, []string{"updating", "rescheduling", "frame skipped", "callback"}), b.r.IntN(9), b.r.IntN(9), b.r.IntN(100), b.r.IntN(500000), b.r.Uint32(), b.r.Uint32())
	}
}

func eventPlanted(b *bugReport) {
	b.line("--------- beginning of events")
	const artifact = "android.logcat"
	b.line("%s I am_proc_start: [0,4242,%d,com.fintur.support,service,{com.fintur.support/com.fintur.support.Watch}]", b.stamp(time.Second, 1000), reportSpyUID)
	b.plant("start in the log of events", artifact, reportSpy, reportSpy)
	b.line("%s I am_proc_start: [0,4243,10302,com.fintur.supports,service,{com.fintur.supports/.Watch}]", b.stamp(time.Second, 1000))
	b.line("%s I am_crash: [4244,0,com.androidservices.support,948452932,java.lang.IllegalStateException,gone,Watch.java,120]", b.stamp(time.Second, 1000))
	b.plant("crash in the log of events", artifact, reportGone, reportGone)
	b.line("%s I wm_create_activity: [0,122130381,33,com.fintur.support/.Hidden,android.intent.action.MAIN,NULL,NULL,268435456]", b.stamp(time.Second, 1000))
}

func eventLine(b *bugReport) {
	a := b.app()
	at := b.stamp(60*time.Millisecond, 1000)
	switch b.r.IntN(6) {
	case 0:
		b.line("%s I am_proc_start: [0,%d,%d,%s,service,{%s/%s.sync.SyncService}]", at, b.r.IntN(30000), a.uid, a.name, a.name, a.name)
	case 1:
		b.line("%s I wm_set_resumed_activity: [0,%s/.MainActivity,resumeTopActivity]", at, a.name)
	case 2:
		b.line("%s I am_pss  : [%d,%d,%s,%d,%d,%d,%d,0,0,%d]", at, b.r.IntN(30000), a.uid, a.name, b.r.IntN(1<<28), b.r.IntN(1<<28), b.r.IntN(1<<20), b.r.IntN(1<<28), b.r.IntN(30))
	default:
		b.line("%s I sysui_multi_action: [757,%d,758,%d,826,%d,827,%d]", at, b.r.IntN(2000), b.r.IntN(9), b.r.IntN(999), b.r.IntN(9999))
	}
}

func radioLine(b *bugReport) {
	b.line("%s D %s: [%04d]> %s RIL_REQUEST %d [SUB0] {%08x}", b.stamp(100*time.Millisecond, 1001), pick(b.r, []string{"RILJ", "ServiceStateTracker", "DataNetworkController"}), b.r.IntN(9999), pick(b.r, []string{"GET_CELL_INFO_LIST", "SIGNAL_STRENGTH", "OPERATOR", "DATA_REGISTRATION_STATE"}), b.r.IntN(200), b.r.Uint32())
}

func lastPlanted(b *bugReport) {
	b.line("--------- beginning of last")
	b.line("%s I PackageManager: Removing package com.androidservices.support from user 0", b.stamp(time.Second, 1000))
	b.plant("removal before the last start", "android.logcat", reportGone, reportGone)
}

// traceBlock is a process with its stacks, as ART and debuggerd print them.
func traceBlock(b *bugReport) {
	a := b.app()
	pid := 1000 + b.r.IntN(30000)
	b.line("\n----- pid %d at 2025-09-10 12:29:%02d -----\nCmd line: %s\nBuild fingerprint: '%s'\nABI: 'arm64'\n", pid, b.r.IntN(60), a.name, reportPrint)
	for i := range 6 + b.r.IntN(30) {
		b.line("%q daemon prio=5 tid=%d Native\n  | group=\"system\" sCount=1 ucsCount=0 flags=1 obj=0x%08x self=0x%012x\n  | sysTid=%d nice=0 cgrp=default sched=0/0 handle=0x%012x", "Binder:"+fmt.Sprint(i), i, b.r.Uint32(), b.r.Uint64()>>16, pid+i, b.r.Uint64()>>16)
		for f := range 4 + b.r.IntN(10) {
			b.line("  native: #%02d pc %016x  /apex/com.android.runtime/lib64/bionic/libc.so (__ioctl+%d) (BuildId: %s)", f, b.r.IntN(1<<20), b.r.IntN(4000), "5812256023147338b8a9538321d4c456")
		}
		b.line("  at android.os.MessageQueue.nativePollOnce(Native method)\n  at android.os.Looper.loop(Looper.java:%d)\n  at %s.MainThread.run(MainThread.java:%d)\n", b.r.IntN(400), a.name, b.r.IntN(900))
	}
	b.line("----- end %d -----", pid)
}

// anrFile is what is kept of an app that did not answer.
func (b *bugReport) anrFile() {
	b.lines(strings.ReplaceAll(`
Subject: Broadcast of Intent { act=android.intent.action.BOOT_COMPLETED cmp=SPY/.Boot }

----- pid 4242 at 2025-09-10 11:40:00.123456789-0600 -----
Cmd line: SPY
Build fingerprint: '`+reportPrint+`'
ABI: 'arm64'

"main" prio=5 tid=1 Native
  native: #00 pc 00000000000cee94  /data/local/tmp/wd/pred.so (run+16)
  at android.os.MessageQueue.nativePollOnce(Native method)

----- end 4242 -----
`, "SPY", reportSpy))
	path := "FS/data/anr/anr_2025-09-10-11-40-00-000"
	if b.section != "" {
		path = reportName
	}
	b.plantAt("app that did not answer", "android.anr", path, reportSpy)
	b.plantAt("code in its stack", "android.anr", path, "/data/local/tmp/wd/pred.so")
}

func (b *bugReport) plantAt(name, artifact, path, indicator string) {
	b.truth.Planted = append(b.truth.Planted, Trace{Name: name, Artifact: artifact, Path: path, Indicator: indicator, Value: indicator, Severity: "critical", Source: rcsLab2022})
}

func (b *bugReport) tombstoneFile() {
	b.lines(`
*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: '` + reportPrint + `'
Revision: '5'
ABI: 'arm64'
Timestamp: 2025-09-10 11:58:00.000000000-0600
Process uptime: 2s
Cmdline: com.fintur.support
pid: 4242, tid: 4250, name: worker  >>> com.fintur.support <<<
uid: 10301
signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x10

backtrace:
      #00 pc 0000000000001000  /data/local/tmp/wd/pred.so (run+16)
`)
	b.plantAt("crash of an app", "android.tombstones", "FS/data/tombstones/tombstone_00", reportSpy)
	b.plantAt("code in its crash", "android.tombstones", "FS/data/tombstones/tombstone_00", "/data/local/tmp/wd/pred.so")
}
