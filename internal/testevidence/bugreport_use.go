package testevidence

import (
	"fmt"
	"time"
)

// reportUse are the sections that tell which app did what, and how much.
func reportUse() []reportSection {
	return []reportSection{
		{title: "CHECKIN BATTERYSTATS", command: "/system/bin/dumpsys -T 30000 batterystats -c", share: 40, write: checkinHead, more: checkinBlock},
		{title: "CHECKIN PROCSTATS", command: "/system/bin/dumpsys -T 30000 procstats -c", share: 25, write: func(b *bugReport) { b.line("vers,5\nperiod,2025-09-08-12-29-00,7464,165619,partial") }, more: checkinProcess},
		{service: "appops", end: appOpsEnd, share: 10, write: appOpsHead, more: appOpsBlock},
		{service: "batterystats", share: 50, write: batteryHead, more: batteryBlock},
		{service: "dbinfo", share: 10, write: dbHead, more: dbBlock},
		{service: "dropbox", write: dropHead},
		{service: "netstats", share: 15, write: netHead, more: netBlock},
		{service: "procstats", share: 50, write: procHead, more: procBlock},
		{service: "usagestats", share: 12, write: usageHead, more: usageLine},
	}
}

func checkinHead(b *bugReport) {
	b.line("9,0,i,vers,36,216,UP1A.231005.007,UP1A.231005.007")
	b.line(`9,hsp,0,%d,"com.fintur.support/.Upload"`, reportSpyUID)
	b.line(`9,hsp,1,%d,"*job*/com.androidservices.support/.Upload"`, reportGoneUID)
	b.line("9,h,0:RESET:TIME:1757440800000\n9,h,0,+r,+j=0\n9,h,5000,-j=0,+w=1")
	for _, a := range b.list[:20] {
		b.line("9,0,i,uid,%d,%s", a.uid, a.name)
	}
	b.line("9,0,i,uid,%d,com.fintur.support\n9,0,i,uid,10302,com.fintur.supports", reportSpyUID)
	b.line("9,%d,l,nt,10240,99000,5000,880000,10,20,30,40,0,0,0,0,0,0", reportSpyUID)
	b.line("9,%d,l,wl,*job*/com.fintur.support/.Upload,0,f,0,0,0,0,6600,p,12,0,60,60,0,bp,0,0,0,0,0,w,0,0,0,0", reportSpyUID)
	b.line(`9,%d,l,jb,"com.fintur.support/.Upload",52042,9,52042,9`, reportSpyUID)
	b.line("9,%d,l,apk,3,com.fintur.support,com.fintur.support.Watch,0,4,9", reportSpyUID)
	b.line("9,%d,l,apk,1,com.androidservices.support,com.androidservices.support.Watch,0,1,1", reportGoneUID)
	b.line("9,%d,l,pwi,uid,12.5,0,13.1,0.6", reportSpyUID)
	const artifact = "android.battery_apps"
	b.plant("battery by app", artifact, reportSpy, reportSpy)
	b.plant("battery by app removed", artifact, reportGone, reportGone)
	b.decoy("battery by another app", artifact)
}

func checkinBlock(b *bugReport) {
	a := b.app()
	b.line("9,%d,l,cpu,%d,%d,0", a.uid, b.r.IntN(90000), b.r.IntN(90000))
	b.line("9,%d,l,wl,*job*/%s/.sync.SyncJob,0,f,0,0,0,0,%d,p,%d,0,%d,%d,0,bp,%d,%d,0,%d,%d,w,0,0,0,0", a.uid, a.name, b.r.IntN(90000), b.r.IntN(99), b.r.IntN(9000), b.r.IntN(9000), b.r.IntN(9000), b.r.IntN(99), b.r.IntN(9000), b.r.IntN(9000))
	b.line("9,%d,l,apk,%d,%s,%s.sync.SyncService,%d,%d,%d", a.uid, b.r.IntN(9), a.name, a.name, b.r.IntN(9000), b.r.IntN(99), b.r.IntN(99))
	b.line("9,0,l,kwl,%q,%d,%d", "IPA_WS_"+b.r.token(5), b.r.IntN(9000), b.r.IntN(99))
}

func checkinProcess(b *bugReport) {
	a := b.app()
	b.line("pkgproc,%s,%d,%d,,0np:%d,0mp:%d,1np:%d,1cp:%d", a.name, a.uid, b.r.IntN(999), b.r.IntN(99999), b.r.IntN(9999), b.r.IntN(999999), b.r.IntN(9999))
	b.line("pkgpss,%s,%d,%d,,0cp:1:%d:%d:%d:12476:12476:12476:70900:70900:70900", a.name, a.uid, b.r.IntN(999), b.r.IntN(99999), b.r.IntN(99999), b.r.IntN(99999))
}

func appOpsHead(b *bugReport) {
	b.line("Current AppOps Service state:\n  Settings:\n    top_state_settle_time=+5s0ms\n    fg_service_state_settle_time=+5s0ms\n    bg_state_settle_time=+1s0ms\n\n  Uid 1000:\n    state=pers\n    Package android:\n      WAKE_LOCK (allow): ")
	access := func(op, mode string, at time.Time) {
		b.line("      %s (%s): \n        null=[\n          Access: [bg-s] %s (-1h2m3s4ms) duration=+12s345ms\n        ]", op, mode, at.Format("2006-01-02 15:04:05.000"))
	}
	b.line("  Uid u0a301:\n    state=bg\n    capability=---N\n    Package com.fintur.support:")
	access("RECORD_AUDIO", "allow", b.at)
	access("REQUEST_INSTALL_PACKAGES", "allow", b.at.Add(-time.Minute))
	b.line("  Uid u0a302:\n    state=bg\n    Package com.fintur.supports:")
	access("VIBRATE", "allow", b.at)
	// The app is gone; what it used is kept until the next start.
	b.line("  Uid u0a303:\n    state=gone\n    Package com.androidservices.support:")
	access("READ_SMS", "allow", b.at.Add(-30*time.Hour))
	b.line("  Uid 2000:\n    state=bg\n    Package com.android.shell:")
	access("READ_SMS", "allow", b.at.Add(-31*time.Hour))
	const artifact = "android.appops"
	b.plant("use of the microphone", artifact, reportSpy, reportSpy)
	b.plant("use of messages by an app that is gone", artifact, reportGone, reportGone)
	b.decoy("use by another app", artifact)
	b.behave("android_appops_install", artifact, "medium", reportSpy)
	b.behave("android_appops_shell", artifact, "medium", "com.android.shell")
}

func appOpsBlock(b *bugReport) {
	a := b.app()
	if a.uid < 10000 {
		return
	}
	b.line("  Uid %s:\n    state=cch\n    capability=----\n    Package %s:", a.short(), a.name)
	for range 4 + b.r.IntN(12) {
		b.line("      %s (%s): \n        null=[\n          Access: [%s] %s (-%dh%dm%ds%dms) duration=+%dms\n        ]",
			pick(b.r, []string{"WAKE_LOCK", "VIBRATE", "COARSE_LOCATION", "POST_NOTIFICATION", "RUN_IN_BACKGROUND", "READ_CLIPBOARD", "CAMERA", "TAKE_AUDIO_FOCUS"}),
			pick(b.r, []string{"allow", "ignore", "default"}), pick(b.r, []string{"top-s", "fg-s", "bg-s", "cch-s"}),
			b.at.Add(-time.Duration(b.r.IntN(1e9))*time.Millisecond).Format("2006-01-02 15:04:05.000"), b.r.IntN(200), b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000), b.r.IntN(5000))
	}
}

func batteryHead(b *bugReport) {
	b.line("Battery History [Format: 1.00] (8%% used, 349KB used of 4096KB, 900 strings using 60KB):")
	b.line("                    0 (14) RESET:TIME: 2025-09-09-12-00-00")
	b.line("                    0 (2) 100 status=discharging health=good plug=none temp=255 volt=4301 +running +wake_lock +screen")
	b.line(`            +47s645ms (2) 100 +job=u0a301:"com.fintur.support/.Upload" +wake_lock=u0a301:"*job*/com.fintur.support/.Upload"`)
	b.line(`            +49s645ms (2) 100 +top=u0a302:"com.fintur.supports"`)
	b.line(`          +2m07s001ms (2) 099 pkgunin=u0a303:"com.androidservices.support"`)
	const artifact = "android.battery_history"
	b.plant("job of an app", artifact, reportSpy, reportSpy)
	b.plant("removal by the minute", artifact, reportGone, reportGone)
	b.decoy("app in front", artifact)
	elapsed := 2 * time.Minute
	for until := b.written + b.part(15); b.written < until && b.err == nil; {
		a := b.app()
		elapsed += time.Duration(b.r.IntN(300)) * time.Millisecond
		h, m := int(elapsed.Hours()), int(elapsed.Minutes())%60
		at := fmt.Sprintf("+%dh%02dm%02ds%03dms", h, m, int(elapsed.Seconds())%60, elapsed.Milliseconds()%1000)
		switch b.r.IntN(5) {
		case 0:
			b.line("%21s (2) %03d +job=%s:%q", at, b.r.IntN(100), a.short(), a.name+"/.sync.SyncJob")
		case 1:
			b.line("%21s (2) %03d +top=%s:%q", at, b.r.IntN(100), a.short(), a.name)
		default:
			b.line("%21s (2) %03d c0200040 +running +wake_lock=%s:%q wake_reason=0:%q", at, b.r.IntN(100), a.short(), "*alarm*:"+a.name+".TICK", "168:qcom,smd-rpm-summary:280:681b8.qcom,mpm")
		}
	}
	b.line("\nPer-PID Stats:\n  PID 929 wake time: +1s429ms\n")
	b.line("Daily stats:\n  Current start time: 2025-09-10-01-00-11\n  Next min deadline: 2025-09-11-01-00-00")
	b.line("  Daily from 2025-09-09-01-00-10 to 2025-09-10-01-00-11:\n    Package changes:\n      Update com.fintur.support vers=12\n      Update com.fintur.supports vers=12\n      Update com.androidservices.support vers=0\n      Update com.whatsapp vers=900\n  Daily from 2025-09-08-01-00-10 to 2025-09-09-01-00-10:\n    Package changes:\n      Update com.whatsapp vers=950")
	const daily = "android.battery_daily"
	b.plant("install of the day", daily, reportSpy, reportSpy)
	b.plant("removal of the day", daily, reportGone, reportGone)
	b.decoy("install of another app", daily)
	b.behave("android_package_uninstall", daily, "medium", reportGone)
	b.behave("android_package_downgrade", daily, "medium", "com.whatsapp")
	b.line("\nStatistics since last charge:\n  System starts: 1, currently on battery: true\n  Estimated battery capacity: 5000 mAh\n  Estimated power use (mAh):\n    Capacity: 5000, Computed drain: 852, actual drain: 800-900")
	b.line("    UID u0a301: 12.5 fg: 0.1 bg: 12.4 ( screen=0 cpu=3.1 (1h 2m 3s) wakelock=2 )")
	for range 30 {
		b.line("    UID %s: %d.%d fg: 0.01 ( cpu=0.%03d )", b.app().short(), b.r.IntN(40), b.r.IntN(10), b.r.IntN(1000))
	}
	b.line("\n  All kernel wake locks:\n")
	b.line("  u0a301:\n    Mobile network: 10.00KB received, 96.68KB sent (packets 100 received, 90 sent)\n    Wi-Fi network: 5.00KB received, 859.38KB sent (packets 30 received, 40 sent)")
	b.line("    Wake lock *job*/com.fintur.support/.Upload: 6s 600ms partial (12 times) max=60 realtime\n    Job com.fintur.support/.Upload: 52s 42ms realtime (9 times), 52s 42ms background (9 times)\n    Foreground services for: 2h 1m 3s 975ms\n    Total running: 47h 23s 975ms")
	b.line("    Proc com.fintur.support:\n      CPU: 40s usr + 10s krn ; 0ms fg\n    Apk com.fintur.support:\n      Wakeup alarm *walarm*:com.fintur.support.TICK: 240 times\n      Service com.fintur.support.Watch:\n        Created for: 1h 2m uptime\n        Starts: 4, launches: 9")
	b.line("  u0a303:\n    Proc com.androidservices.support:\n      CPU: 1s usr + 1s krn ; 0ms fg\n    Apk com.androidservices.support:\n      Service com.androidservices.support.Watch:\n        Created for: 0ms uptime\n        Starts: 1, launches: 1")
	const apps = "android.battery_apps"
	b.plant("battery of an app, for people", apps, reportSpy, reportSpy)
	b.plant("battery of an app removed, for people", apps, reportGone, reportGone)
}

func batteryBlock(b *bugReport) {
	a := b.app()
	b.line("  %s:\n    Wake lock *job*/%s/.sync.SyncJob: %dms partial (%d times) max=%d, %dms background partial (1 times) max=%d realtime", a.short(), a.name, b.r.IntN(9000), b.r.IntN(99), b.r.IntN(9000), b.r.IntN(9000), b.r.IntN(900))
	b.line("    Job %s/.sync.SyncJob: %ds %dms realtime (%d times)\n    Cached for: %dm %ds %dms \n    Total running: %dm %ds %dms ", a.name, b.r.IntN(60), b.r.IntN(1000), b.r.IntN(9), b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000), b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000))
	b.line("    Total cpu time per freq: %d %d %d %d %d 0 0 10 0 40 0 20 40 30 50 10 30 50 0 1300", b.r.IntN(900), b.r.IntN(900), b.r.IntN(900), b.r.IntN(900), b.r.IntN(900))
	b.line("    Proc %s:\n      CPU: %dms usr + %dms krn ; 0ms fg\n    Apk %s:\n      Service %s.sync.SyncService:\n        Created for: %dms uptime\n        Starts: %d, launches: %d", a.name, b.r.IntN(9000), b.r.IntN(9000), a.name, a.name, b.r.IntN(9000), b.r.IntN(99), b.r.IntN(99))
}

func dbHead(b *bugReport) {
	b.line("Applications Database Info:\n")
	b.database("com.fintur.support", 4242)
	b.database("com.fintur.supports", 4243)
	b.plant("database of an app", "android.dbinfo", reportSpy, reportSpy)
	b.decoy("database of another app", "android.dbinfo")
}

func dbBlock(b *bugReport) { b.database(b.app().name, 1000+b.r.IntN(30000)) }

func (b *bugReport) database(app string, pid int) {
	path := "/data/user/0/" + app + "/databases/" + b.r.token(7) + ".db"
	b.line("\n** Database info for pid %d [%s] **\n\nConnection pool for %s:\n  Open: true\n  Max connections: 1\n  Total execution time: %d\n  Configuration: openFlags=268435472, isLegacyCompatibilityWalEnabled=false, journalMode=, syncMode=", pid, app, path, b.r.IntN(900))
	b.line("  Available primary connection:\n    Connection #0:\n      isPrimaryConnection: true\n      onlyAllowReadOnlyOperations: true\n      Most recently executed operations:")
	for i := range 8 + b.r.IntN(12) {
		b.line("        %d: [%s] executeForCursorWindow took %dms - succeeded, sql=\"SELECT _id, value FROM %s WHERE key = ?\", path=%s", i, b.at.Add(-time.Duration(b.r.IntN(1e7))*time.Millisecond).Format("2006-01-02 15:04:05.000"), b.r.IntN(30), b.r.token(6), path)
	}
}

func dropHead(b *bugReport) {
	b.line("Drop box contents: 999 entries\nMax entries: 1000\nLow priority rate limit period: 2000 ms\nLow priority tags: {data_app_wtf, keymaster, system_server_wtf}\n")
	at := b.at.Add(-time.Hour).Format(time.DateTime)
	b.line("%s data_app_crash (compressed text, 1316 bytes)\n    Process: com.fintur.support/PID: 4242/UID: 10301/Flags: 0x38e8be46/Package: com.fintur.support v12 (1.2)/Foreground: No ...", at)
	b.line("%s data_app_anr (compressed text, 1316 bytes)\n    Process: com.androidservices.support/Flags: 0x38e8be46/Package: com.androidservices.support v3 (1.0)/Foreground: No ...", at)
	b.plant("crash that was kept", "android.dropbox", reportSpy, reportSpy)
	b.plant("hang of an app that is gone", "android.dropbox", reportGone, reportGone)
	// The system keeps no more than 1,000.
	for i := 0; i < 997 && b.size > 0; i++ {
		dropEntry(b)
	}
}

func dropEntry(b *bugReport) {
	a := b.app()
	b.line("%s %s (compressed text, %d bytes)\n    Process: %s/PID: %d/Flags: 0x%x/Package: %s v%d (%d.%d)/Foreground: No/Build: %s ...", b.at.Add(-time.Duration(b.r.IntN(1e9))*time.Millisecond).Format(time.DateTime),
		pick(b.r, []string{"data_app_wtf", "data_app_crash", "system_app_strictmode", "data_app_anr"}), b.r.IntN(90000), a.name, b.r.IntN(30000), b.r.Uint32(), a.name, b.r.IntN(9000), b.r.IntN(9), b.r.IntN(99), reportPrint)
}

func netHead(b *bugReport) {
	b.line("Active interfaces:\n  iface=wlan0 ident=[{type=1, ratType=-1, wifiNetworkKey=\"casa\", metered=false, defaultNetwork=true, oemManaged=OEM_NONE, subId=-1}]\nDev stats:\n  Pending bytes: 0\n  History since boot:\nUID stats:\n  Pending bytes: 744\n  Complete history:")
	b.traffic(reportSpyUID)
	b.traffic(-4) // apps that were removed
}

func netBlock(b *bugReport) { b.traffic(b.app().uid) }

func (b *bugReport) traffic(uid int) {
	b.line("  ident=[{type=%d, ratType=-2, subscriberId=334020..., metered=true, defaultNetwork=true, oemManaged=OEM_NONE, subId=1}] uid=%d set=%s tag=0x0\n    NetworkStatsHistory: bucketDuration=7200", b.r.IntN(2), uid, pick(b.r, []string{"DEFAULT", "FOREGROUND"}))
	for i := range 5 + b.r.IntN(40) {
		b.line("      st=%d rb=%d rp=%d tb=%d tp=%d op=0", last.Unix()/7200*7200-int64(i)*7200, b.r.IntN(9_000_000), b.r.IntN(9000), b.r.IntN(9_000_000), b.r.IntN(9000))
	}
}

func procHead(b *bugReport) {
	b.line("COMMITTED STATS FROM 2025-09-08-12-29-40:")
	b.process("com.androidservices.support", reportGoneUID)
	b.process("com.fintur.support", reportSpyUID)
	b.process("com.fintur.supports", 10302)
	const artifact = "android.process_stats"
	b.plant("memory over hours", artifact, reportSpy, reportSpy)
	b.plant("memory over hours of an app that is gone", artifact, reportGone, reportGone)
	b.decoy("memory over hours of another app", artifact)
}

func procBlock(b *bugReport) { a := b.app(); b.process(a.name, a.uid) }

func (b *bugReport) process(name string, uid int) {
	memory := func() string {
		return fmt.Sprintf("(%d.%dMB-%dMB-%dMB/%d.%dMB-%dMB-%dMB/%dMB-%dMB-%dMB over %d)", b.r.IntN(9), b.r.IntN(10), b.r.IntN(99), b.r.IntN(99), b.r.IntN(9), b.r.IntN(10), b.r.IntN(99), b.r.IntN(99), b.r.IntN(99), b.r.IntN(99), b.r.IntN(199), b.r.IntN(90))
	}
	b.line("  * %s / %s / v%d:\n         TOTAL: %d%% %s\n        Imp Fg: 0.%02d%%\n       Service: %d%% %s\n      (Cached): %d%% %s", name, uidText(uid), b.r.IntN(99), b.r.IntN(100), memory(), b.r.IntN(100), b.r.IntN(100), memory(), b.r.IntN(100), memory())
}

func usageHead(b *bugReport) {
	b.line("user=0\n  Last 24 hour events (timeRange=\"9/9/2025, 12:30 – 9/10/2025, 12:30\" )")
	at := b.at.Format(time.DateTime)
	b.line("    time=\"%s\" type=ACTIVITY_RESUMED package=com.fintur.support class=com.fintur.support.Hidden instanceId=174507713 flags=0x0", at)
	b.line("    time=\"%s\" type=FOREGROUND_SERVICE_START package=com.androidservices.support class=com.androidservices.support.Watch flags=0x0", at)
	b.line("    time=\"%s\" type=ACTIVITY_RESUMED package=com.fintur.supports class=com.fintur.supports.Main flags=0x0", at)
	const artifact = "android.usage_stats"
	b.plant("use of an app", artifact, reportSpy, reportSpy)
	b.plant("use of an app that is gone", artifact, reportGone, reportGone)
	b.decoy("use of another app", artifact)
}

func usageLine(b *bugReport) {
	a := b.app()
	b.line("    time=\"%s\" type=%s package=%s class=%s.MainActivity instanceId=%d taskRootPackage=%s taskRootClass=%s.MainActivity flags=0x0", b.at.Add(-time.Duration(b.r.IntN(8e7))*time.Millisecond).Format(time.DateTime),
		pick(b.r, []string{"ACTIVITY_RESUMED", "ACTIVITY_PAUSED", "ACTIVITY_STOPPED", "NOTIFICATION_INTERRUPTION", "STANDBY_BUCKET_CHANGED"}), a.name, a.name, b.r.IntN(1e9), a.name, a.name)
}
