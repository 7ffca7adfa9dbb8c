package android

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

// serviceSamples are sections in the forms that the services print, by parser.
// The forms are those of the source that each parser's Info names.
var serviceSamples = map[string][]artifacttest.Sample{
	"android.device_policy": {
		fileSample("ten", "dumpsys/device_policy", `Current Device Policy Manager state:

  Device Owner: 
    admin=ComponentInfo{org.example.mdm/org.example.mdm.Admin}
    name=Oficina, S.A.
    package=org.example.mdm
    User ID: 0

  Profile Owner (User 10): 
    admin=ComponentInfo{org.example.work/org.example.work.Admin}
    name=
    package=org.example.work

  Enabled Device Admins (User 0, provisioningState: 0):
    com.example.tracker/.AdminReceiver:
      uid=10234
      testOnlyAdmin=false
      policies:
        wipe-data
        force-lock
      passwordQuality=0x0
    org.example.mdm/org.example.mdm.Admin:
      uid=10099
 
    mPasswordOwner=-1

  Enabled Device Admins (User 11, provisioningState: 0):
    not a component:
    mPasswordOwner=-1

  Constants:
    DAS_DIED_SERVICE_RECONNECT_BACKOFF_SEC: 3600
`),
	},
	"android.notification_listeners": {
		fileSample("ten", "dumpsys/notification", `Current Notification Manager state:
  Notification listeners:
    Allowed notification listeners:
      com.android.launcher3/com.android.launcher3.notification.NotificationListener (user: 0 isPrimary: true)
      com.example.tracker/.Reader (user: 11 isPrimary: true)
    All notification listeners (1) enabled for current profiles:
      ComponentInfo{com.example.tracker/com.example.tracker.Reader}
    Live notification listeners (2):
      ComponentInfo{com.android.systemui/com.android.systemui.NotificationListener} (user -1): android.service.notification.INotificationListener$Stub$Proxy@38bc476 SYSTEM
      ComponentInfo{com.example.tracker/com.example.tracker.Reader} (user 0): android.service.notification.INotificationListener$Stub$Proxy@51b0b75
    Snoozed notification listeners (0):
    mListenerHints: 0
  Notification assistant services:
    Allowed notification assistants:
      android.ext.services/android.ext.services.notification.Assistant (user: 0 isPrimary: true)
      (user
`),
	},
	"android.input_methods": {
		fileSample("ten", "dumpsys/input_method", `Current Input Method Manager state:
  Input Methods: mMethodMapUpdateCount=3
  InputMethod #0:
    mId=com.android.inputmethod.latin/.LatinIME mSettingsActivityName=x mIsVrOnly=false
    Service:
        ApplicationInfo:
          sourceDir=/system/product/app/LatinIME/LatinIME.apk
  InputMethod #1:
    mId=com.example.keys/.Keys mSettingsActivityName=null
          sourceDir=/data/app/com.example.keys-1/base.apk
  Clients:
  mCurMethodId=com.example.keys/.Keys
`),
	},
	"android.trust_agents": {
		fileSample("ten", "dumpsys/trust", `Trust manager state:
 User "Owner" (id=0, flags=0x13) (current): trusted=0, trustManaged=0
   Enabled agents:
    com.google.android.gms/.auth.trustagent.GoogleTrustAgent
     bound=1, connected=1, managingTrust=0, trusted=0
   Events:
 User "Two" (id=10, flags=0x10): trusted=0
   Enabled agents:
    com.example.tracker/.Trust
   Events:
`),
	},
	"android.roles": {
		fileSample("ten", "dumpsys/role", `ROLE MANAGER STATE (dumpsys role):
{
  user_states=[
    {
      user_id=0
      version=-1
      roles=[
        {
          name=android.app.role.SMS
          holders=com.example.messages
        }
        {
          name=android.app.role.ASSISTANT
        }
      ]
    }
    {
      user_id=11
      roles=[
        {
          name=android.app.role.HOME
          holders=com.android.launcher3
        }
      ]
    }
  ]
}
something else
`),
	},
	"android.users": {
		fileSample("ten", "dumpsys/user", `Users:
  UserInfo{0:null:13} serialNo=0
    State: RUNNING_UNLOCKED
    Created: <unknown>
    Last logged in fingerprint: google/sailfish/sailfish:10/QP1A/eng:userdebug/test-keys
    Has profile owner: false
    Restrictions:
      none
  UserInfo{11:A: B:10} serialNo=11 isPrimary=false
    Type: android.os.usertype.profile.MANAGED
    State: -1
    Created: +28d3h50m37s631ms ago
    Has profile owner: true
  UserInfo{broken

  Device owner id:-10000
`),
	},
	"android.accounts": {
		fileSample("ten", "dumpsys/account", `User UserInfo{0:Owner:13}:
  Accounts: 2
    Account {name=ana@example.org, type=com.google}
    Account {name=a, type=b, type=com.example.sync}
    Account {broken}

  AccountId, Action_Type, timestamp, UID, TableName, Key
  Accounts History
  -1,action_called_account_add,2019-12-11 12:23:57,10099,accounts,0
  2,action_account_remove,not a time,10099,accounts,1

  Active Sessions: 0

  RegisteredServicesCache: 1 services
    ServiceInfo: AuthenticatorDescription {type=com.android.email}, ComponentInfo{com.android.email/com.android.email.service.LegacyImapAuthenticatorService}, uid 10098
`),
	},
	"android.companion_devices": {
		fileSample("fourteen", "dumpsys/companiondevice", `Companion Device Associations:
  Association{mId=1, mUserId=0, mPackageName='com.example.watch', mDeviceMacAddress=aa:bb:cc:dd:ee:ff, mDisplayName='Reloj de Ana', mDeviceProfile='android.app.role.COMPANION_DEVICE_WATCH', mSelfManaged=false, mNotifyOnDeviceNearby=false, mTimeApprovedMs=1684318271123, mLastTimeConnectedMs=9223372036854775807}
  Association{mId=2, mUserId=0, mPackageName='com.example.self', mDeviceMacAddress=null, mDisplayName='null', mSelfManaged=true, mTimeApprovedMs=x}
`),
	},
	"android.overlays": {
		fileSample("ten", "dumpsys/overlay", `com.example.hide:0 {
  mPackageName...........: com.example.hide
  mUserId................: 0
  mTargetPackageName.....: android
  mTargetOverlayableName.: null
  mBaseCodePath..........: /data/app/com.example.hide/base.apk
  mState.................: STATE_ENABLED
  mIsEnabled.............: true
  mCategory..............: null
}
cut:0 {
  mPackageName...........: com.example.cut
`),
	},
	"android.usage_stats": {
		fileSample("ten", "dumpsys/usagestats", `user=0 
  Last 24 hour events (timeRange="1/7/2020, 3:32 PM – 1/8/2020, 3:32 PM" )
    time="2020-01-08 15:29:44" type=ACTIVITY_RESUMED package=com.android.settings class=com.android.settings.FallbackHome instanceId=174507713 flags=0x0 
    time="bad" type=SCREEN_INTERACTIVE package=android flags=0x0 
    time="2020-01-08 15:29:44" nothing
  In-memory weekly stats
    packages
      package=com.example.tracker totalTimeUsed="12:01" lastTimeUsed="2020-01-08 15:30:02" totalTimeVisible="00:01" appLaunchCount=3 
      package=com.android.nfc totalTimeUsed="00:00" lastTimeUsed="1970-01-01 01:00:00" totalTimeVisible="00:00" 
`),
	},
	"android.dropbox": {
		fileSample("ten", "dumpsys/dropbox", `Drop box contents: 3 entries
Max entries: 1000

2020-01-08 15:29:43 system_server_strictmode (text, 1316 bytes)
    Process: unknown/Build: google/sailfish ...
2020-01-08 15:29:44 data_app_crash (compressed text, 700 bytes)
    Process: com.example.tracker/PID: 1234/Flags: 0x1 ...
2020-01-08 15:29:45 SYSTEM_BOOT (no file)
`),
	},
	"android.vpn": {
		fileSample("twelve", "dumpsys/vpn_management", `VPNs:
  0: com.example.vpn
    Active package name: com.example.vpn
    Active vpn type: 1
    NetworkCapabilities: [ Transports: VPN ]
    Always on: true
  10: [Legacy VPN]
    Active package name: [Legacy VPN]
    Active vpn type: -1
Lockdown: false
`),
	},
	"android.network_policy": {
		fileSample("ten", "dumpsys/netpolicy", `System ready: true
Policy for UIDs:
  UID=10044 policy=4 (ALLOW_METERED_BACKGROUND|NONE)
Power save whitelist (except idle) app ids:
  UID=2000: true
  UID=2001: false
Status for all known UIDs:
  UID=1001 state=0 (fg) rules=0 (NONE)
`),
	},
	"android.net_stats": {
		fileSample("ten", "dumpsys/netstats", `Active interfaces:
  iface=wlan0 ident=[{type=WIFI, subType=COMBINED, networkId="Casa", metered=false, defaultNetwork=true}]
Dev stats:
UID stats:
  Pending bytes: 1
  ident=[{type=WIFI, subType=COMBINED, networkId="Casa", metered=false, defaultNetwork=true}] uid=10234 set=DEFAULT tag=0x0
    NetworkStatsHistory: bucketDuration=7200
      st=1578477600 rb=2048 rp=3 tb=1024 tp=4 op=0
      st=1578484800 rb=1 rp=1 tb=2 tp=1 op=0
  ident=[{type=MOBILE}] uid=-4 set=FOREGROUND tag=0x7f
    NetworkStatsHistory: bucketDuration=7200
      st=1578484800 rb=5 rp=1 tb=6 tp=1 op=0
UID tag stats:
`),
	},
	"android.wifi_networks": {
		fileSample("ten", "dumpsys/wifi", `WifiConfigManager - Configured networks Begin ----
ID: 0 SSID: "Casa de Ana" PROVIDER-NAME: null BSSID: null FQDN: null PRIO: 0 HIDDEN: false PMF: false
 NetworkSelectionStatus NETWORK_SELECTION_ENABLED
 hasEverConnected: true
 KeyMgmt: WPA_PSK Protocols: WPA RSN
 cuid=1000 cname=android.uid.system:1000 luid=10234 lname=com.example.tracker lcuid=0
- DSBLE ID: 1 SSID: "x" PROVIDER-NAME: null BSSID: aa:bb:cc:dd:ee:ff FQDN: null HIDDEN: true
WifiConfigManager - Configured networks End ----
ID: 9 SSID: "outside"
`),
	},
}

func TestServices(t *testing.T) {
	t.Parallel()
	for _, p := range services() {
		name := p.Info().Name
		samples := serviceSamples[name]
		if len(samples) == 0 {
			t.Errorf("%s has no sample", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			artifacttest.Run(t, p, filepath.Join("testdata", strings.TrimPrefix(name, "android.")), samples...)
		})
	}
}

// service finds a parser of this kind by its name.
func service(tb testing.TB, name string) (artifact.Parser, []artifacttest.Sample) {
	tb.Helper()
	for _, p := range services() {
		if p.Info().Name == name {
			return p, serviceSamples[name]
		}
	}
	tb.Fatalf("no parser %s", name)
	return nil, nil
}

func fuzzService(f *testing.F, name string) {
	f.Helper()
	p, samples := service(f, name)
	artifacttest.Fuzz(f, p, samples...)
}

func FuzzDevicePolicy(f *testing.F)          { fuzzService(f, "android.device_policy") }
func FuzzNotificationListeners(f *testing.F) { fuzzService(f, "android.notification_listeners") }
func FuzzInputMethods(f *testing.F)          { fuzzService(f, "android.input_methods") }
func FuzzTrustAgents(f *testing.F)           { fuzzService(f, "android.trust_agents") }
func FuzzRoles(f *testing.F)                 { fuzzService(f, "android.roles") }
func FuzzUsers(f *testing.F)                 { fuzzService(f, "android.users") }
func FuzzAccounts(f *testing.F)              { fuzzService(f, "android.accounts") }
func FuzzCompanionDevices(f *testing.F)      { fuzzService(f, "android.companion_devices") }
func FuzzOverlays(f *testing.F)              { fuzzService(f, "android.overlays") }
func FuzzUsageStats(f *testing.F)            { fuzzService(f, "android.usage_stats") }
func FuzzDropBox(f *testing.F)               { fuzzService(f, "android.dropbox") }
func FuzzVPN(f *testing.F)                   { fuzzService(f, "android.vpn") }
func FuzzNetworkPolicy(f *testing.F)         { fuzzService(f, "android.network_policy") }
func FuzzNetStats(f *testing.F)              { fuzzService(f, "android.net_stats") }
func FuzzWifiNetworks(f *testing.F)          { fuzzService(f, "android.wifi_networks") }

// realSection returns a section of the real bugreport of Android 10.
func realSection(tb testing.TB, name string) string {
	tb.Helper()
	archive, err := zip.OpenReader(evidence(tb, "chkbugreport", "bugreport-sailfish-QP1A.191005.007.A3-2020-01-08-15-30-07.zip"))
	if err != nil {
		tb.Fatal(err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if !strings.HasPrefix(f.Name, "bugreport-") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		defer r.Close()
		var text bytes.Buffer
		if _, err := io.Copy(&text, io.LimitReader(r, 64*limit.MiB)); err != nil {
			tb.Fatal(err)
		}
		_, rest, ok := strings.Cut(text.String(), "\nDUMP OF SERVICE "+name+":\n")
		if !ok {
			tb.Fatalf("no section %s", name)
		}
		rest, _, _ = strings.Cut(rest, "\n"+strings.Repeat("-", 79))
		return rest + "\n"
	}
	tb.Fatal("no report in the archive")
	return ""
}

// TestServicesReal reads a real phone's sections: how many records of each kind.
func TestServicesReal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, section string
		kinds         map[artifact.Kind]int
	}{
		{"android.device_policy", "device_policy", map[artifact.Kind]int{}},
		{"android.notification_listeners", "notification", map[artifact.Kind]int{"listener": 8}},
		{"android.input_methods", "input_method", map[artifact.Kind]int{"input_method": 1, "current_input_method": 1}},
		{"android.trust_agents", "trust", map[artifact.Kind]int{}},
		{"android.roles", "role", map[artifact.Kind]int{"role_holder": 10}},
		{"android.users", "user", map[artifact.Kind]int{"user": 2}},
		{"android.accounts", "account", map[artifact.Kind]int{"account_event": 1, "authenticator": 2}},
		{"android.companion_devices", "companiondevice", map[artifact.Kind]int{}},
		{"android.overlays", "overlay", map[artifact.Kind]int{"overlay": 36}},
		{"android.usage_stats", "usagestats", map[artifact.Kind]int{"usage_event": 17, "app_use": 56}},
		{"android.dropbox", "dropbox", map[artifact.Kind]int{"entry": 999}},
		{"android.vpn", "connectivity", map[artifact.Kind]int{}},
		{"android.network_policy", "netpolicy", map[artifact.Kind]int{"uid_policy": 17}},
		{"android.wifi_networks", "wifi", map[artifact.Kind]int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := service(t, c.name)
			s := fileSample("real", "dumpsys/"+c.section, realSection(t, c.section))
			recs, errs := artifacttest.Parse(t, p, s)
			got := map[artifact.Kind]int{}
			for _, r := range recs {
				got[r.Kind]++
			}
			if len(errs) != 0 {
				t.Errorf("errors %v", errs)
			}
			for kind, n := range c.kinds {
				if got[kind] != n {
					t.Errorf("%d records %s, want %d", got[kind], kind, n)
				}
			}
			if len(got) != len(c.kinds) {
				t.Errorf("kinds %v, want %v", got, c.kinds)
			}
		})
	}
}
