package testevidence

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// reportState are the properties and settings.
func reportState() []reportSection {
	return []reportSection{
		{title: "SYSTEM PROPERTIES", command: "getprop", write: func(b *bugReport) {
			b.lines(`
[gsm.sim.operator.alpha]: [Telcel]
[persist.sys.timezone]: [` + reportZone + `]
[ro.boot.flash.locked]: [1]
[ro.boot.verifiedbootstate]: [green]
[ro.build.fingerprint]: [` + reportPrint + `]
[ro.build.type]: [user]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.build.version.security_patch]: [2025-09-01]
[ro.product.manufacturer]: [samsung]
[ro.product.model]: [SM-A146M]
[sys.brand.doc]: [1]
[sys.brand.docs]: [1]
`)
			b.plant("property of a campaign", "android.getprop", "sys.brand.doc", "sys.brand.doc")
		}},
	}
}

// reportServices are services that hold the state of apps.
func reportServices() []reportSection {
	sections := []reportSection{
		{service: "accessibility", write: named("android.accessibility", `
ACCESSIBILITY MANAGER (dumpsys accessibility)

User state[
     attributes:{id=0, touchExplorationEnabled=false, serviceHandlesDoubleTap=false}
     installed services: {
       0 : com.fintur.supports/.Watch
     }
     Bound services:{Service[label=Ayuda, feedbackType[FEEDBACK_GENERIC], capabilities=1, eventTypes=TYPES_ALL_MASK]}
     Enabled services:{{SPY/SPY.Watch}}
     Binding services:{}
     Crashed services:{}]
`, "android_accessibility_service", "medium")},
		{service: "account", write: named("android.accounts", `
User UserInfo{0:Dueña:4c13}:
  Accounts: 1
    Account {name=persona@example.org, type=com.google}

  AccountId, Action_Type, timestamp, UID, TableName, Key
  Accounts History
  1,action_account_add,2025-09-01 12:23:57,10101,accounts,0
  2,action_called_account_add,2025-09-09 09:10:11,10301,accounts,1

  Active Sessions: 0

  RegisteredServicesCache: 1 services
    ServiceInfo: AuthenticatorDescription {type=com.fintur}, ComponentInfo{SPY/SPY.Accounts}, uid 10301
`)},
		{service: "activity", share: 40, write: named("android.background_services", `
ACTIVITY MANAGER SERVICES (dumpsys activity services)
  User 0 active services:
  * ServiceRecord{6095a32 u0 SPY/.Watch}
    intent={cmp=SPY/.Watch}
    packageName=SPY
    processName=SPY
    baseDir=/data/app/~~c/SPY-d/base.apk
    isForeground=true foregroundId=1
`), more: func(b *bugReport) {
			a := b.app()
			b.line("  * ServiceRecord{%x u0 %s/.sync.SyncService}\n    intent={cmp=%s/.sync.SyncService}\n    packageName=%s\n    processName=%s\n    permission=android.permission.BIND_JOB_SERVICE\n    baseDir=/data/app/~~%s==/%s-%s==/base.apk\n    createTime=-%dm%ds%dms startingBgTimeout=--\n    lastActivity=-%ds%dms restartTime=-%dm%ds%dms createdFromFg=true\n    Bindings:\n    * IntentBindRecord{%x CREATE}:\n      intent={cmp=%s/.sync.SyncService}\n      binder=android.os.BinderProxy@%x", b.r.Uint32(), a.name, a.name, a.name, a.name, b.r.token(22), a.name, b.r.token(22), b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000), b.r.IntN(60), b.r.IntN(1000), b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000), b.r.Uint32(), a.name, b.r.Uint32())
		}},
		{service: "adb", write: trustedKeys},
		{service: "companiondevice", write: named("android.companion_devices", `
Companion Device Associations:
  Association{mId=1, mUserId=0, mPackageName='SPY', mDeviceMacAddress=00:11:22:33:44:55, mDisplayName='reloj', mDeviceProfile='null', mSelfManaged=true, mNotifyOnDeviceNearby=false, mTimeApprovedMs=Tue Sep 09 10:00:00 CST 2025, mLastTimeConnectedMs=None}
`)},
		{service: "content", share: 30, more: func(b *bugReport) {
			a := b.app()
			b.line("  persona@example.org u0 (com.google)\n    %s.provider: pending=%d enabled=true lastSync=%d source=PERIODIC duration=%d.%ds", a.name, b.r.IntN(3), b.r.Uint64()>>24, b.r.IntN(90), b.r.IntN(10))
		}},
		{service: "device_policy", write: named("android.device_policy", `
Current Device Policy Manager state:

  Device Owner: 
    admin=ComponentInfo{SPY/SPY.Admin}
    name=
    package=SPY
    User ID: 0

  Enabled Device Admins (User 0, provisioningState: 0):
    SPY/.Admin:
      uid=10301
      testOnlyAdmin=false
      policies:
        wipe-data
        force-lock
      passwordQuality=0x0

    mPasswordOwner=-1
`, "android_device_admin", "medium", "android_device_owner", "medium")},
		{service: "input_method", write: named("android.input_methods", `
Current Input Method Manager state:
  Input Methods: mMethodMapUpdateCount=3
  InputMethod #0:
    mId=SPY/.Keys mSettingsActivityName=null mIsVrOnly=false mSupportsSwitchingToNextInputMethod=true
    mIsDefaultResId=0x0
    Service:
      ServiceInfo:
        sourceDir=/data/app/~~c/SPY-d/base.apk
  mCurMethodId=SPY/.Keys
`, "android_keyboard_in_use", "low")},
		{service: "netpolicy", write: func(b *bugReport) {
			b.lines("System ready: true\nRestrict background: false\nPolicy for UIDs:\n  UID=10301 policy=4 (ALLOW_METERED_BACKGROUND)\nPower save whitelist app ids:\n  UID=10301: true\n")
		}},
		{service: "notification", share: 20, write: named("android.notification_listeners", `
  Notification listeners:
    Allowed notification listeners:
      SPY/SPY.Listen (user: 0 isPrimary: true)
    All notification listeners (1) enabled for current profiles:
      ComponentInfo{SPY/SPY.Listen}
    Live notification listeners (1):
      ComponentInfo{SPY/SPY.Listen} (user 0): android.service.notification.INotificationListener$Stub$Proxy@38bc476
    Snoozed notification listeners (0):
`, "android_notification_listener", "low"), more: func(b *bugReport) {
			a := b.app()
			b.line("    NotificationRecord(0x%08x: pkg=%s user=UserHandle{0} id=%d tag=null importance=2 key=0|%s|26|null|%d appImportanceLocked=false: Notification(channel=%s pri=0 contentView=null vibrate=null sound=null defaults=0x0 flags=0x2 color=0xff607d8b vis=PUBLIC))\n      uid=%d userId=0\n      opPkg=%s", b.r.Uint32(), a.name, b.r.IntN(99), a.name, a.uid, b.r.token(8), a.uid, a.name)
		}},
		{service: "overlay", write: named("android.overlays", `
SPY.theme:0 {
  mPackageName...........: SPY
  mUserId................: 0
  mTargetPackageName.....: android
  mTargetOverlayableName.: null
  mBaseCodePath..........: /data/app/~~c/SPY-d/base.apk
  mState.................: STATE_ENABLED
  mIsEnabled.............: true
  mCategory..............: null
}
`)},
		{service: "package", share: 30, write: packageHead, more: func(b *bugReport) {
			a := b.app()
			b.packageBlock(a, "/data/app/~~"+b.r.token(22)+"==/"+a.name, "com.android.vending")
		}, end: packageEnd},
		{service: "permissionmgr", share: 12, write: permissionsHead, more: permissionsBlock},
		{service: "platform_compat", write: func(b *bugReport) {
			b.line("ChangeId(168419799; name=DOWNSCALED; disabled; packageOverrides={com.fintur.supports=false}; rawOverrides={com.fintur.supports=false, com.androidservices.support=false}; overridable)")
			b.plant("trace of an app that is gone", "android.platform_compat", reportGone, reportGone)
			b.decoy("override of another app", "android.platform_compat")
		}},
		{service: "role", write: named("android.roles", `
ROLE MANAGER STATE (dumpsys role):
{
  user_states=[
    {
      user_id=0
      roles=[
        {
          name=android.app.role.SMS
          holders=SPY
        }
      ]
    }
  ]
}
`)},
		{service: "settings", write: named("android.dumpsys_settings", `
GLOBAL SETTINGS (user 0)
version: 213
_id:25 name:package_verifier_user_consent pkg:com.android.vending value:1 default:1 defaultSystemSet:true
SECURE SETTINGS (user 0)
_id:26 name:enabled_notification_listeners pkg:com.android.settings value:SPY/SPY.Listen default:null
`)},
		{service: "trust", write: named("android.trust_agents", `
Trust manager state:
 User "Dueña" (id=0, flags=0x4c13) (current): trustState=UNTRUSTED, trustManaged=0, deviceLocked=0
   Enabled agents:
    SPY/.Trust
     bound=1, connected=1, managingTrust=0, trusted=0
   Events:
`)},
		{service: "user", write: func(b *bugReport) {
			b.lines("Current user: 0\nUsers:\n  UserInfo{0:Dueña:4c13} serialNo=0 isPrimary=true\n    Type: android.os.usertype.full.SYSTEM\n    State: RUNNING_UNLOCKED\n")
		}},
		{service: "vpn_management", write: named("android.vpn", `
VPNs:
  0: SPY
    Active package name: SPY
    Active vpn type: 1
    NetworkCapabilities: [ Transports: CELLULAR|VPN ]
`)},
		{service: "wifi", write: named("android.wifi_networks", `
WifiConfigManager - Configured networks Begin ----
ID: 0 SSID: "casa" PROVIDER-NAME: null BSSID: null FQDN: null HOME-PROVIDER-NETWORK: false PRIO: 0 HIDDEN: false PMF: false
 hasEverConnected: true
 KeyMgmt: WPA_PSK Protocols: WPA RSN
cuid=10301 cname=SPY luid=10301 lname=SPY lcuid=10301
WifiConfigManager - Configured networks End ----
`)},
	}
	// Services that no reader of their own knows: they name apps all the same.
	for _, service := range []string{"jobscheduler", "alarm", "graphicsstats", "shortcut", "meminfo", "appwidget", "backup", "knox_vendor_policy"} {
		sections = append(sections, reportSection{service: service, share: 12, write: func(b *bugReport) {
			b.line("  #u0a301/12 com.fintur.support/.Upload\n  #u0a303/9 com.androidservices.support/.Upload\n  #u0a302/3 com.fintur.supports/.Upload")
			b.plant("app that "+service+" names", "android.named", reportSpy, reportSpy)
			b.plant("app that is gone and "+service+" names", "android.named", reportGone, reportGone)
			b.decoy("another app that "+service+" names", "android.named")
		}, more: func(b *bugReport) {
			a := b.app()
			b.line("  JOB #%s/%d: %x %s/.sync.SyncJob\n    %s tag=*job*/%s/.sync.SyncJob\n    Source: uid=%s user=0 pkg=%s\n    Enqueue time: -%dm%ds%dms\n    Run time: earliest=-%dm%ds%dms, latest=none", a.short(), b.r.IntN(9000), b.r.Uint32(), a.name, a.short(), a.name, a.short(), a.name, b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000), b.r.IntN(60), b.r.IntN(60), b.r.IntN(1000))
		}})
	}
	return sections
}

// named writes a text in which SPY stands for the planted app. rules are those
// that must find it too, each followed by its severity.
func named(artifact, text string, rules ...string) func(*bugReport) {
	return func(b *bugReport) {
		b.lines(strings.ReplaceAll(text, "SPY", reportSpy))
		b.plant("app in the section "+b.section, artifact, reportSpy, reportSpy)
		for i := 0; i+1 < len(rules); i += 2 {
			b.behave(rules[i], artifact, rules[i+1], reportSpy)
		}
	}
}

func packageHead(b *bugReport) {
	b.lines(strings.ReplaceAll(`
Database versions:
  Internal:
    sdkVersion=34 databaseVersion=3
    fingerprint=`+reportPrint+`

Verifiers:
  Required: com.android.vending (uid=10102)

Libraries:
  android.test.base ->  (jar) /system/framework/android.test.base.jar

Activity Resolver Table:
  Non-Data Actions:
      android.intent.action.MAIN:
        8880983 SPY/.Hidden

Receiver Resolver Table:
  Non-Data Actions:
      android.provider.Telephony.SMS_RECEIVED:
        57ed302 SPY/.Messages filter a1b2c3

Service Resolver Table:
  Non-Data Actions:
      android.accessibilityservice.AccessibilityService:
        57ed303 SPY/.Watch filter a1b2c4

Permissions:
  Permission [android.permission.INTERNET] (a1b2c5):
    sourcePackage=android
    uid=1000 gids=[3003] type=0 prot=normal|instant

Packages:
`, "SPY", reportSpy))
	b.plant("screen of an app", "android.activities", reportSpy, reportSpy)
	b.plant("receiver of an app", "android.receivers", reportSpy, reportSpy)
	b.plant("service of an app", "android.services", reportSpy, reportSpy)
	b.packageBlock(reportApp{reportSpy, reportSpyUID, false}, "/data/app/~~c/com.fintur.support-d", "com.google.android.packageinstaller")
	b.packageBlock(reportApp{reportDecoy, 10302, false}, "/data/app/~~e/com.fintur.supports-f", "com.android.vending")
	b.packageBlock(reportApp{"com.samsung.android.helper", 10303, false}, "/data/app/~~g/com.samsung.android.helper-h", "com.android.shell")
	const artifact = "android.dumpsys_packages"
	b.behave("android_app_impostor", artifact, "medium", "com.samsung.android.helper")
	b.plant("app installed", artifact, reportSpy, reportSpy)
	b.decoy("another app installed", artifact)
	b.behave("android_app_by_hand", artifact, "medium", reportSpy)
	b.behave("android_receiver_messages", "android.receivers", "info", reportSpy)
	b.plant("permissions of an app", "android.permissions", reportSpy, reportSpy)
	b.workshopBlock()
	for range 20 {
		a := b.app()
		b.packageBlock(a, "/data/app/"+a.name, "com.android.vending")
	}
}

// packageBlock is an app as Settings.dumpPackageLPr prints it.
func (b *bugReport) packageBlock(a reportApp, path, installer string) {
	at := b.at.Add(-time.Duration(b.r.IntN(1e10)) * time.Millisecond).Format(time.DateTime)
	flags := "HAS_CODE ALLOW_CLEAR_USER_DATA ALLOW_BACKUP"
	if a.system {
		flags, path, installer = "SYSTEM "+flags, "/system/app/"+a.name, "null"
	}
	b.line("  Package [%s] (%x):\n    appId=%d\n    pkg=Package{%x %s}\n    codePath=%s\n    resourcePath=%s\n    legacyNativeLibraryDir=%s/lib\n    primaryCpuAbi=arm64-v8a\n    secondaryCpuAbi=null\n    versionCode=%d minSdk=24 targetSdk=34\n    versionName=%d.%d.%d\n    splits=[base]\n    apkSigningVersion=3", a.name, b.r.Uint32(), a.uid, b.r.Uint32(), a.name, path, path, path, b.r.IntN(99999), b.r.IntN(9), b.r.IntN(99), b.r.IntN(99))
	b.line("    flags=[ %s ]\n    privateFlags=[ PRIVATE_FLAG_ACTIVITIES_RESIZE_MODE_RESIZEABLE ]\n    dataDir=/data/user/0/%s\n    supportsScreens=[small, medium, large, xlarge, resizeable, anyDensity]\n    timeStamp=%s\n    lastUpdateTime=%s\n    installerPackageName=%s\n    signatures=PackageSignatures{%x version:3, signatures:[%x], past signatures:[]}\n    installPermissionsFixed=true\n    pkgFlags=[ %s ]\n    requested permissions:", flags, a.name, at, at, installer, b.r.Uint32(), b.r.Uint32(), flags)
	list := []string{"INTERNET", "ACCESS_NETWORK_STATE", "WAKE_LOCK", "POST_NOTIFICATIONS", "FOREGROUND_SERVICE", "VIBRATE", "RECEIVE_BOOT_COMPLETED", "BLUETOOTH", "CAMERA"}
	for _, name := range list {
		b.line("      android.permission.%s", name)
	}
	b.line("    install permissions:")
	for _, name := range list[:7] {
		b.line("      android.permission.%s: granted=true", name)
	}
	b.line("    User 0: ceDataInode=%d deDataInode=%d installed=true hidden=false suspended=false distractionFlags=0 stopped=false notLaunched=false enabled=0 instant=false virtual=false quarantined=false\n      installReason=0\n      firstInstallTime=%s\n      gids=[3003]\n      runtime permissions:\n        android.permission.POST_NOTIFICATIONS: granted=%v, flags=[ USER_SET|USER_SENSITIVE_WHEN_GRANTED|USER_SENSITIVE_WHEN_DENIED]\n        android.permission.CAMERA: granted=%v, flags=[ USER_SENSITIVE_WHEN_GRANTED]", b.r.IntN(1e7), b.r.IntN(1e7), at, b.r.one(2), fmt.Sprint(b.r.one(3)))
}

// reportWorkshop is an app that somebody put together: it may be debugged, is
// hidden, and has more permissions than any app needs.
const reportWorkshop = "com.example.taller"

func (b *bugReport) workshopBlock() {
	b.line("  Package [%s] (5d4c3b2):\n    appId=10304\n    pkg=Package{1f2e3d4 %s}\n    codePath=/data/app/~~g/%s-h\n    versionCode=1 minSdk=24 targetSdk=28\n    versionName=1.0\n    flags=[ DEBUGGABLE HAS_CODE ALLOW_CLEAR_USER_DATA TEST_ONLY ]\n    timeStamp=2025-09-01 10:00:00\n    lastUpdateTime=2025-09-01 10:00:00\n    installerPackageName=com.android.vending\n    signatures=PackageSignatures{9a8b7c6 version:2, signatures:[6d5c4b3a], past signatures:[]}\n    pkgFlags=[ DEBUGGABLE HAS_CODE ALLOW_CLEAR_USER_DATA TEST_ONLY ]\n    requested permissions:", reportWorkshop, reportWorkshop, reportWorkshop)
	list := []string{
		"READ_SMS", "RECEIVE_SMS", "SEND_SMS", "READ_CALL_LOG", "READ_PHONE_STATE", "CAMERA", "RECORD_AUDIO", "ACCESS_FINE_LOCATION",
		"ACCESS_BACKGROUND_LOCATION", "READ_CONTACTS", "GET_ACCOUNTS", "READ_CALENDAR",
	}
	for _, name := range list {
		b.line("      android.permission.%s", name)
	}
	b.line("    User 0: ceDataInode=77 installed=true hidden=true suspended=false stopped=false notLaunched=false enabled=0 instant=false virtual=false\n      gids=[3003]\n      runtime permissions:")
	for _, name := range list {
		b.line("        android.permission.%s: granted=true, flags=[ USER_SET|USER_SENSITIVE_WHEN_GRANTED|USER_SENSITIVE_WHEN_DENIED]", name)
	}
	const artifact = "android.dumpsys_packages"
	b.behave("android_app_debuggable", artifact, "medium", reportWorkshop)
	b.behave("android_app_hidden", artifact, "medium", reportWorkshop)
	b.behave("android_app_many_permissions", artifact, "low", reportWorkshop)
}

// trustedKeys writes the keys of two computers, as AdbDebuggingManager.dump
// does: one as adb makes them, and one that is none.
func trustedKeys(b *bugReport) {
	key, owner, _ := strings.Cut(adbKey("taller@laptop"), " ")
	b.line("ADB MANAGER STATE (dumpsys adb):\n{\n  debugging_manager={\n    connected_to_adb=true\n    user_keys=%s %s\n    keystore=<?xml version='1.0' encoding='utf-8' standalone='yes' ?>", key, owner)
	b.line("    <keyStore version=\"1\">\n    <adbKey key=\"%s %s\" lastConnection=\"%d\" />\n    <adbKey key=\"%s nadie@nada\" lastConnection=\"%d\" />\n    </keyStore>\n  }\n}", key, owner, b.at.Add(-90*time.Hour).UnixMilli(), base64.StdEncoding.EncodeToString([]byte("no key of adb, though long enough to be taken for one")), b.at.Add(-91*time.Hour).UnixMilli())
	b.behave("android_adb_trusted", "android.adb", "info", owner)
	b.behave("android_adb_key_invalid", "android.adb", "low", "nadie@nada")
}
