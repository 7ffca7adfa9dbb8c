package android

import (
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// reportSamples are the samples of each parser of a section, by its name. They
// have the layouts that the programs named in the parser's references write;
// names and values are made up.
var reportSamples = map[string]struct {
	parser  artifact.Parser
	samples []artifacttest.Sample
}{
	"accessibility": {accessibility{}, []artifacttest.Sample{
		fileSample("android11", "dumpsys/accessibility", `ACCESSIBILITY MANAGER (dumpsys accessibility)

User state[attributes:{id=0, currentUser=true
  mIsTouchExplorationEnabled = false
  }
  installed services: {
    0 : com.example.talk/.Service
    1 : com.example.spy/com.example.spy.deep.Watcher
  }
  enabled services: {
  }
  bound services:{
  }]
`),
		fileSample("android8", "dumpsys/accessibility", `ACCESSIBILITY MANAGER (dumpsys accessibility)

User state[attributes:{id=0, currentUser=true, touchExplorationEnabled=false, displayMagnificationEnabled=false, autoclickEnabled=false}
           services:{Service[label=TalkBack, feedbackType[FEEDBACK_SPOKEN, FEEDBACK_AUDIBLE], capabilities=7, eventTypes=TYPES_ALL_MASK, notificationTimeout=0], 
                     Service[label=System Service, feedbackType[FEEDBACK_GENERIC], capabilities=1, eventTypes=TYPES_ALL_MASK, notificationTimeout=100]}]

Window[AccessibilityWindowInfo[title=null, id=3, type=TYPE_APPLICATION]]
`),
		fileSample("android14", "x/dumpsys/accessibility", `ACCESSIBILITY MANAGER (dumpsys accessibility)
User state[
     attributes:{id=10, currentUser=true}
     Bound services:{Service[label=Watcher, feedbackType[FEEDBACK_GENERIC]]}
     Enabled services:{{com.example.spy/com.example.spy.Watcher}, {com.example.talk/.Service}}
     Crashed services:{}
`+"--------- 0.002s was the duration of dumpsys accessibility, ending at: 2024-01-08 15:30:08\n"),
	}},
	"appops": {appOps{}, []artifacttest.Sample{
		withClock(fileSample("android10", "dumpsys/appops", `Current AppOps Service state:
  Settings:
    top_state_settle_time=+30s0ms
  Op mode watchers:
    Op CAMERA:
      #0: ModeCallback{4be0994 watchinguid=-1 flags=0x1 from uid=1000 pid=929}
what is this
  Uid u0a104:
    state=cch
      LEGACY_STORAGE: mode=ignore
    Package com.example.store:
      REQUEST_INSTALL_PACKAGES (allow): 
          Access: [top-s] 2024-01-02 23:20:13.096 (-14h43m52s765ms) duration=+1s2ms proxy[uid=0, pkg=null]
          Reject: [bg-s]2024-01-03 23:20:13.096 (-14h43m52s765ms) proxy[uid=10001, pkg=com.example.proxy]
      MONITOR_LOCATION (allow / switch COARSE_LOCATION=allow): 
          Running start at: +2m1s389ms
          startNesting=1
`)),
		withClock(fileSample("android8", "dumpsys/appops", `Current AppOps Service state:
  Op mode watchers:
    Op COARSE_LOCATION:
      ModeCallback{4be0994 watchinguid=-1 from uid=1000 pid=929}
  Uid 2000:
    state=3
    Package com.android.shell:
      READ_SMS: mode=0; time=+2h3m4s5ms ago; duration=+1ms
  Uid u0a104:
      COARSE_LOCATION: mode=1
    Package com.example.store:
      CAMERA: mode=4; time=+1d2h3m4s500ms ago; rejectTime=+5d0h0m0s0ms ago (running)
      REQUEST_INSTALL_PACKAGES: mode=1; rejectTime=soon ago
      RECORD_AUDIO: mode=7
`)),
		withClock(fileSample("android9", "dumpsys/appops", `Current AppOps Service state:
  Uid u0a104:
    state=cch
      COARSE_LOCATION: mode=ignore
    Package com.example.store:
      CAMERA (allow):
          Access: top   = 2024-01-02 23:20:13.096 (-5d14h)
                  bg    = 2024-01-03 23:20:13.096 (-4d14h)
          Reject: cch   = 2024-01-04 23:20:13.096 (-3d14h)
          duration=+1s2ms
      VIBRATE (allow / switch COARSE_LOCATION=allow):
          Access: pers  = 2024-01-05 23:20:13.096 (-2d14h)
          Running start at: +2m1s389ms
`)),
		fileSample("android12", "dumpsys/appops", `Current AppOps Service state:
  Uid 2000:
    Package com.android.shell:
      READ_SMS (allow):
        null=[
          Access: [fg-s] 2024-01-02 23:20:13.096 (-14h)
        ]
        part=[
          Access: [fg-s] then (-14h)
        ]
`),
		withClock(fileSample("history", "dumpsys/appops", `Current AppOps Service state:
  Uid u0a301:
    state=cch
      COARSE_LOCATION: mode=ignore
    Package com.example.spy:
      CAMERA (allow):
  History:
    mode=HISTORICAL_MODE_ENABLED_ACTIVE
    snapshot:
      begin = 2024-01-07 15:00:00.000  (-1d)
      end = 2024-01-08 15:00:00.000  (-30m)

      Uid u0a301:
        Package com.example.spy:
          Attribution part:
            CAMERA:
              [bg-s] = access=3, reject=1, duration=+1m2s
              what
          Attribution null:
            RECORD_AUDIO:
              [top-s] = access=1
Discrete accesses: 
  Uid: 10301
    Package: com.example.spy
      RECORD_AUDIO
        Attribution: null
          Access [bg-s] at 2024-01-08 14:58:00.000 for 60000 milliseconds 
          Access [fg-tp] at 2024-01-08 14:59:00.000 attributionFlags=9 attributionChainId=3
        Attribution: part
          Access [bg-s] at then
          odd
----Location, Microphone, and Camera App Ops (Last 1 Hour)----

UID|PACKAGE_NAME|DEVICE_ID|OP_NAME|ATTRIBUTION_TAG|ACCESS_TIME|ACCESS_COUNTS|REJECT_COUNTS|DURATION|UID_STATE|OP_FLAGS|CHAIN_ID|ATTRIBUTION_FLAGS
10301|com.example.spy|default:0|CAMERA|null|2024-01-08 15:00:00.000|2|0|60000|bg|s|-1|0
10301|com.example.spy|default:0|FINE_LOCATION|part|2024-01-08 15:01:00.000|0|4|0|cch|s|-1|0
10301|short
`)),
	}},
	"battery_daily": {batteryDaily{}, []artifacttest.Sample{
		withClock(fileSample("days", "dumpsys/batterystats", `Daily stats:
  Current start time: 2024-01-07-03-00-11
    Update com.example.a vers=12
  Daily from 2024-01-06-03-00-10 to 2024-01-07-03-00-11:
    Package changes:
      Update com.example.a vers=11
      Update com.example.a vers=11
      Update com.example.gone vers=0
  Daily from 2024-01-05-03-00-10 to 2024-01-06-03-00-10:
    Package changes:
      Update com.example.a vers=13
      Update com.example.b vers=x
`)),
	}},
	"battery_history": {batteryHistory{}, []artifacttest.Sample{
		withClock(fileSample("since_charge", "dumpsys/batterystats", `Battery History (0% used, 2720 used of 4096KB, 31 strings using 2694):
                    0 (19) RESET:TIME: 2024-01-04-17-30-01
                    0 (2) 100 status=discharging health=good user=0:"0"
            +47s645ms (2) 100 +job=u0a94:"com.example.app/.data.Job" +wake_lock=1000:"*walarm*:com.example.app.TICK"
            +47s731ms (2) 100 -job=u0a94:"com.example.app/.data.Job"
       +1h26m18s315ms (2) 095 +top=u0a280:"com.example.chat" pkginst=u0a2:"com.example.spy"
      +1d2h26m18s315ms (14) TIME: 2024-01-05-19-56-20
      +1d2h26m19s315ms (2) 090 -top=u0a280:"com.example.chat"
Per-PID Stats:
  +1s (2) 100 +top=u0a1:"com.example.no"
`)),
		fileSample("no_clock", "dumpsys/batterystats", "Battery History:\n  +1s (2) 100 +top=u0a1:\"com.example.a\"\n what\n"),
	}},
	"dbinfo": {dbInfo{}, []artifacttest.Sample{
		fileSample("android12", "dumpsys/dbinfo", `Applications Database Info:

** Database info for pid 8817 [com.example.app] **

  Attached db: false
Connection pool for /data/user/0/com.example.app/databases/a.db:
  Open: true
      Most recently executed operations:
        0: [2023-07-27 12:21:44.097] [Pid:(0)]executeForLong took 2ms - succeeded, sql="SELECT 1, 2 FROM x WHERE path = './y'", path=/data/user/0/com.example.app/databases/a.db
        1: [2023-07-27 12:21:44.096] executeForCursorWindow took 0ms - succeeded, sql="PRAGMA page_size;"
        2: [2023-07-27 12:21:44.096] prepare took 0ms - failed, sql="SELECT"
  something new
`),
	}},
	"platform_compat": {platformCompat{}, []artifacttest.Sample{
		fileSample("overrides", "dumpsys/platform_compat", `ChangeId(180326845; name=OVERRIDE_MIN; disabled; overridable)
ChangeId(168419799; name=DOWNSCALED; disabled; packageOverrides={com.example.a=false, com.example.b=true}; rawOverrides={com.example.gone=false, com.example.a=false}; overridable)
other
`),
	}},
	"adb": {adbState{}, []artifacttest.Sample{
		adbSample(),
		fileSample("xml", "dumpsys/adb", `ADB MANAGER STATE (dumpsys adb):
{
  debugging_manager={
    connected_to_adb=true
    last_key_received=F0:A1:3D
    user_keys=QAAAAAcgbytJst31DsaSP7hn8QcBXKR9NPVPK9MZssFVSNIP user@laptop

    keystore=<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
    <keyStore version="1">
    <adbKey key="QAAAAAcgbytJst31DsaSP7hn8QcBXKR9NPVPK9MZssFVSNIP user@laptop" lastConnection="1628501829898" />
    </keyStore>
    adb_wifi={
      enabled=false
    }
  }
}
strange
`),
		fileSample("android8", "dumpsys/usb", `USB MANAGER STATE (dumpsys usb):
USB Device Manager State:
  USB Device State:
    Current Functions: mtp,adb
    Connected: true
  USB Debugging State:
    Connected to adbd: true
    Last key received: F0:A1:3D
    User keys:
QAAAAAcgbytJst31DsaSP7hn8QcBXKR9NPVPK9MZssFVSNIP user@laptop

QAAAAAcgbytJst31DsaSP7hn8QcBXKR9NPVPK9MZssFVSNIX other@desk

    System keys:
IOException: java.io.FileNotFoundException: /adb_keys: open failed: ENOENT (No such file or directory)

USB Settings State:
  User keys:
`),
		fileSample("android9", "dumpsys/usb", `USB MANAGER STATE (dumpsys usb):
{
  device_manager={
    handler={
      current_functions=[
        ADB
      ]
      connected=true
    }
    debugging_manager={
      connected_to_adb=true
      last_key_received=F0:A1:3D
      user_keys=QAAAAAcgbytJst31DsaSP7hn8QcBXKR9NPVPK9MZssFVSNIP user@laptop

      system_keys=
    }
  }
  settings_manager={
    user_id=0
  }
}
`),
		fileSample("binary", "dumpsys/adb", "  debugging_manager={\n    keystore=ABX\x00adbKey/\x00QAAAAAcg user@x\x00\x00lastConnection\x00\x00\x01\x8e\x60\x78\x59\x5d3\n    keystore=ABX\x00adbKey/\x00QAAAAAcg user@y\x00\x00lastConnection\x00\x00\x01\uFFFD\x60\x78\x59\x5d3\n    keystore=ABX nothing\n"),
	}},
	"dumpsys_packages": {dumpsysPackages{}, []artifacttest.Sample{
		withClock(fileSample("android10", "dumpsys/package", `Verifiers:
  Required: com.android.vending (uid=10019)
  Optional: null (uid=-1)

Packages:
  Package [com.example.spy] (478a391):
    userId=10123
    sharedUser=SharedUserSetting{e45c6b8 android.uid.shell/2000}
    pkg=Package{91dc91 com.example.spy}
    codePath=/data/app/com.example.spy-1
    versionCode=29 minSdk=21 targetSdk=22
    versionName=10
    flags=[ DEBUGGABLE HAS_CODE TEST_ONLY ]
    timeStamp=2024-01-02 03:04:05
    firstInstallTime=2024-01-02 03:04:05
    lastUpdateTime=2024-01-03 03:04:05
    installerPackageName=com.example.store
    signatures=PackageSignatures{87547f6 version:3, signatures:[b4addb29], past signatures:[]}
    pkgFlags=[ DEBUGGABLE HAS_CODE ]
    usesLibraries:
      android.test.base
    declared permissions:
      com.example.spy.X: prot=signature, INSTALLED
    requested permissions:
      android.permission.READ_SMS
      android.permission.INTERNET
    install permissions:
      android.permission.INTERNET: granted=true
    User 0: ceDataInode=860479 installed=true hidden=true suspended=false stopped=false enabled=2 instant=false
      gids=[3003]
      runtime permissions:
        android.permission.READ_SMS: granted=true, flags=[ USER_SET]
        android.permission.CAMERA: granted=false
    User 11: ceDataInode=0 installed=false hidden=false enabled=0
  Package [com.example.other] (1):
    appId=10124
    installInitiatingPackageName=com.android.shell
    installOriginatingPackageName=null

Hidden system packages:
  Package [com.android.settings] (2):
    flags=[ SYSTEM ]

Active install sessions:
  Session 17:
    userId=0 installerPackageName=com.android.shell
`)),
		fileSample("cut", "dumpsys/package", "Packages:\n  Package [com.example.a"),
	}},
	"install_sessions": {installSessions{}, installSamples()},
	"permissions":      {permissionGrants{}, permissionSamples()},
	"activities":       {components{activitiesInfo, "Activity Resolver Table"}, []artifacttest.Sample{fileSample("table", "dumpsys/package", componentText)}},
	"receivers":        {components{receiversInfo, "Receiver Resolver Table"}, []artifacttest.Sample{fileSample("table", "dumpsys/package", componentText)}},
	"services":         {components{servicesInfo, "Service Resolver Table"}, []artifacttest.Sample{fileSample("table", "dumpsys/package", componentText)}},
	"dumpstate_processes": {dumpstateProcesses{}, []artifacttest.Sample{
		fileSample("threads", "dumpstate/PROCESSES AND THREADS", `LABEL                          USER           PID   TID  PPID     VSZ    RSS WCHAN            ADDR S PRI  NI RTPRIO SCH PCY     TIME CMD
u:r:init:s0                    root             1     1     0   51308   6620 SyS_epoll_wait      0 S  19   0      -   0  fg 00:00:02 init
u:r:init:s0                    root             1     7     0   51308   6620 SyS_epoll_wait      0 S  19   0      -   0  fg 00:00:02 init
u:r:spy:s0                     u0_a12        4711  4711     1   51308   6620 0                   0 S  19   0      -   0     00:00:02 com.example.spy:remote
u:r:spy:s0                     u0_a12        4711
u:r:spy:s0                     u0_a12        x     x     1   51308   6620 0                   0 S  19   0      -   0     00:00:02 a b
`),
		fileSample("android6", "dumpstate/PROCESSES", `USER     PID   PPID  VSIZE  RSS   WCHAN            PC  NAME
root      1     0     8904   788   SyS_epoll_ 0000000000 S /init
`),
		fileSample("both forms", "dumpstate/PROCESSES", `USER PID S PC  NAME
root 1 S 0000000000 R /init
`),
		fileSample("none", "dumpstate/PROCESSES", "no such file\n"),
	}},
	"dumpsys_settings": {dumpsysSettings{}, []artifacttest.Sample{
		fileSample("android10", "dumpsys/settings", `GLOBAL SETTINGS (user 0)
_id:43 name:adb_enabled pkg:com.android.settings value:1 default:0 defaultSystemSet:true

SECURE SETTINGS (user 10)
version: 1
_id:1 name:enabled_accessibility_services pkg:android value:com.example.spy/.Watcher:com.example.talk/.Service
_id:2 name:odd
1970-01-01 00:00:09 initialize
`),
	}},
	"logcat": {logcat{}, []artifacttest.Sample{
		fileSample("kernel", "FS/sys/fs/pstore/console-ramoops-0", `<5>[    0.000000] Linux version 5.15.104-android13-8 (build-user@build-host)
<36>[   58.202578] c2    486 type=1400 audit(1578493831.843:13): avc: denied { read } for comm="dumpstate"
<4>[   58.202578] c2    486 type=1400 audit(1578493831.843:13): avc:  denied  { execute } for  comm="com.example.spy" path="/data/local/tmp/x" app=com.example.spy
[  100.5] Kernel panic - not syncing: Attempted to kill init!
[  100.6] see https://c2.example.net/a
[ odd] x
[  101.0] nothing
<6
`),
		withClock(fileSample("system", "dumpstate/SYSTEM LOG", `--------- beginning of main
01-08 15:29:55.853 10076  3225  3254 I eMBMS  Service: nothing to see
01-08 15:29:55.853 10076  3225  3254 I chromium: loads https://bad.example.org/x?y=1 now
12-31 23:59:59.999  1000   929   929 E AndroidRuntime: FATAL EXCEPTION: main
01-08 15:29:56.000  1000   929   929 E AndroidRuntime: Process: com.example.app, PID: 4711
01-08 15:29:57.000  1000   929   929 I am_proc_start: [0,4711,10123,com.example.spy:remote,service,com.example.spy/.Watcher]
01-08 15:29:58.000  1000   929   929 W auditd  : type=1400 audit(0.0:1): avc: denied { read } for comm="spyd" name="x" scontext=u:r:untrusted_app:s0 app=com.example.spy
01-08 15:29:58.000  root   929   929 F DEBUG   : pid: 1, tid: 1, name: spyd  >>> /data/local/tmp/spyd <<<
01-08 15:29:59.000  1000   929   929 I PackageManager: Removing package com.example.gone.app
01-08 15:29:59.000  1000   929   929 I PackageManager: nothing
*** command failed
`)),
		fileSample("no_clock", "logcat.txt", "01-08 15:29:55.853  3225  3254 I adbd: x\n2024-01-02 01:20:03.171 +0000  1885  3066 E adbd: y\n2024-01-02 01:20:07.171997  1000  1885  3066 E adbd: z\n99-99 99:99:99.999 1 1 I adbd: q\n\n"),
	}},
	"anr": {anr{}, []artifacttest.Sample{
		withClock(fileSample("trace", "FS/data/anr/anr_2024-01-08-16-01-15-000", `Subject: Input dispatching timed out
RssHwmKb: 1

----- pid 28426 at 2024-01-08 16:01:15.123456789+0100 -----
Cmd line: com.example.app:ui
Build fingerprint: 'a/b/c:10/x/1:user/release-keys'
ABI: 'arm64'
#2 dalvik.system.PathClassLoader: [/data/app/com.example.app-1/base.apk:/data/local/tmp/x.dex], parent #1
  native: #00 pc 0001 /data/data/com.example.app/files/libx.so (f+4)
----- end 28426 -----
----- pid 1 at 2024-01-08 16:01:15 -----
Cmd line: system_server
`)),
	}},
	"background_services": {holders{foregroundInfo, runningServiceLine}, []artifacttest.Sample{fileSample("one", "dumpstate/APP SERVICES NON-PLATFORM", "  * ServiceRecord{a1b2c3 u0 com.example.spy/.Watcher}\n    intent={cmp=com.example.spy/.Watcher}\n  * ServiceRecord{a1b2c3 u0 odd}\n")}},
	"battery_apps": {batteryApps{}, []artifacttest.Sample{
		fileSample("human", "dumpsys/batterystats", `Statistics since last charge:
  Estimated power use (mAh):
    Capacity: 2770, Computed drain: 34
    Uid u0a123: 1.23 ( cpu=1.0 )
    UID 0: 3 fg: 1
    Screen: 2.41 Excluded from smearing

  All kernel wake locks:
  Kernel Wake lock ipc: 1s (2 times) realtime

  0:
    Total running: 3m 1s
  u0a123:
    Mobile network: 10.00KB received, 96.68KB sent (packets 100 received, 90 sent)
    Wi-Fi network: 5.00KB received, 859.38KB sent (packets 30 received, 40 sent)
    Wake lock *job*/com.example.spy/.Job: 16ms partial (1 times) max=16 realtime
    TOTAL wake: 2s 966ms blamed partial realtime
    Job com.example.spy/.Job: 20ms realtime (1 times)
    Job Completions com.example.spy/.Job: canceled(1x)
    Foreground services for: 2h 1m
    Total running: 47h 23s 975ms
    Proc com.example.spy:
      CPU: 40ms usr + 10ms krn ; 0ms fg
    Apk com.example.spy:
      Wakeup alarm *walarm*:com.example.spy.TICK: 240 times
      Service com.example.spy.Watch:
        Created for: 0ms uptime
        Starts: 4, launches: 9
    Apk com.example.spy.part:
      (nothing executed)

Other lines
`),
		fileSample("checkin", "dumpstate/CHECKIN BATTERYSTATS", `9,0,i,vers,34,186,QP1A,QP1A
9,hsp,0,10082,"com.example.launcher"
9,h,0:RESET:TIME:1578500308000
9,0,i,uid,10123,com.example.spy
9,10123,l,nt,1,2,3,4,5
9,10123,l,pr,"com.example.spy:core",40,10,0,1,0,0
9,10123,l,jb,"com.example.spy/.Job",52042,9,52042,9
9,10123,l,wl,*job*/com.example.spy/.Job,0,f,0,0
9,10123,l,apk,3,com.example.spy,com.example.spy.Watch,0,4,9
9,10123,l,fgs,39308,2
9,10123,l,pwi,uid,12.5,0,13.1,0.6
9,0,l,kwl,"IPA_WS",1,2
9,odd
9,x y,l,apk,3,com.example.no,com.example.no.Watch,0,4,9
`),
	}},
	"process_stats": {processStats{}, []artifacttest.Sample{
		withClock(fileSample("human", "dumpsys/procstats", `COMMITTED STATS FROM 2024-01-07-19-19-40:
  * system / 1000 / v29:
         TOTAL: 100% (131MB-144MB-157MB/78MB-92MB-108MB/248MB-267MB-304MB over 6)
    Persistent: 100% (131MB-144MB-157MB over 6)
  * com.example.spy:core / u0a123 / v12:
         TOTAL: 3.4% (1.0MB-1.0MB-1.0MB over 1)
AGGREGATED OVER LAST 3 HOURS:
  * com.example.spy:core / u0a123 / v12:
       Service: 3.4%
`)),
		fileSample("checkin", "dumpstate/CHECKIN PROCSTATS", `vers,5
period,2024-01-07-19-19-40,7464,165619,partial
pkgproc,com.example.app,10071,29,,0np:11543
pkgproc,com.example.app,10071,29,com.example.shared,0np:11543
pkgproc,com.example.app,10071,29,,0np:11543
pkgproc,short
`),
	}},
	"named": {named{}, []artifacttest.Sample{
		fileSample("scheduler", "dumpsys/jobscheduler", `  JOB #u0a123/12: 6095a32 com.example.spy/.Upload
    Source: uid=u0a123 user=0 pkg=com.example.spy
    Started com.example.spy.Upload.Worker at 12:30:00.123, 1.5 of 2.0, file base.apk, libexample.so
    Asked cdn.example.org. and (https://c2.example.net/gate?a=b), C2.EXAMPLE.NET:443
    org.example two.parts
`),
		fileSample("left", "dumpsys/usagestats", "package=com.example.spy\n"),
	}},
}

const componentText = `Activity Resolver Table:
  Full MIME Types:
      application/pkix-cert:
        ab6f8 com.example.cert/.Main
          Action: "android.intent.action.VIEW"
  Non-Data Actions:
      android.intent.action.MAIN:
        8880983 com.example.app/.Main (2 filters)
        odd

Receiver Resolver Table:
  Non-Data Actions:
      android.provider.Telephony.SMS_RECEIVED:
        25a9fe4 com.example.spy/.Sms
Service Resolver Table:
  Non-Data Actions:
      android.accessibilityservice.AccessibilityService:
        25a9fe5 com.example.spy/.Watcher
`
