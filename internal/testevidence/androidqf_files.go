package testevidence

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// androidFacts writes what the phone is, and how the acquisition was made.
func androidFacts(p *androidPhone) {
	p.json("acquisition.json", map[string]any{
		"uuid": "6c3cf1ea-0000-4000-8000-000000000001", "androidqf_version": "v1.8.0", "storage_path": "/evidence",
		"started": last.Add(-time.Hour).Format(time.RFC3339Nano), "completed": last.Format(time.RFC3339Nano),
		"collector": nil, "tmp_dir": "/data/local/tmp/", "sdcard": "/sdcard/", "cpu": "arm64-v8a",
	})
	p.put("adb_host_key.pub", adbKey("helpline@desk")+"\n")
	p.put("getprop.txt", fmt.Sprintf(`[gsm.sim.operator.alpha]: [Telcel]
[gsm.sim.operator.iso-country]: [mx]
[persist.sys.boot.reason.history]: [reboot,%d
shutdown,userrequested,%d]
[persist.sys.timezone]: [America/Mexico_City]
[ro.boot.flash.locked]: [1]
[ro.boot.verifiedbootstate]: [green]
[ro.build.fingerprint]: [samsung/a14xub/a14x:14/UP1A.231005.007/A146MUBS5:user/release-keys]
[ro.build.tags]: [release-keys]
[ro.build.type]: [user]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.build.version.security_patch]: [2024-11-01]
[ro.product.manufacturer]: [samsung]
[ro.product.model]: [SM-A146M]
[ro.secure]: [1]
[sys.brand.doc]: [1]
[sys.brand.docs]: [1]
`, last.Add(-48*time.Hour).Unix(), last.Add(-72*time.Hour).Unix()))
	p.plant("property of a campaign", "android.getprop", "getprop.txt", "sys.brand.doc", "sys.brand.doc")
	p.decoy("property one letter longer", "android.getprop", "getprop.txt", "sys.brand.docs")
	p.behave("android_patch_old", "android.getprop", "getprop.txt", "medium", "2024-11-01")
	p.put("settings_global.txt", "adb_enabled=1\npackage_verifier_user_consent=-1\npackage_verifier_enable=1\n")
	p.behave("android_setting_protection_off", "android.settings", "settings_global.txt", "medium", "package_verifier_user_consent")
	p.put("settings_secure.txt", "accessibility_enabled=1\nenabled_accessibility_services=com.hx.rootwifi/com.hx.rootwifi.Watch:com.google.android.marvin.talkback/.TalkBackService\n")
	p.behave("android_setting_accessibility_on", "android.settings", "settings_secure.txt", "medium", "1")
	p.plant("accessibility in the settings", "android.settings", "settings_secure.txt", "com.hx.rootwifi", "com.hx.rootwifi")
	p.put("settings_system.txt", "screen_off_timeout=30000\n")
	p.put("selinux.txt", "Enforcing\n")
	p.put("env.txt", "PATH=/product/bin:/apex/com.android.runtime/bin:/system/bin\nTMPDIR=/data/local/tmp\n")
	p.put("services.txt", "Found 2 services:\n0\tphone: [com.android.internal.telephony.ITelephony]\n1\tpackage: [android.content.pm.IPackageManager]\n")
}

// An aqfPackage is a package of AndroidQF's list.
type aqfPackage struct {
	UserID     int              `json:"user_id"`
	Name       string           `json:"name"`
	Installed  bool             `json:"installed"`
	Files      []map[string]any `json:"files"`
	Installer  string           `json:"installer"`
	UID        int              `json:"uid"`
	Disabled   bool             `json:"disabled"`
	System     bool             `json:"system"`
	ThirdParty bool             `json:"third_party"`
}

// aqfFile is a file of a package; hash stands for all of its hashes.
func aqfFile(path, hash, cert, subject string) map[string]any {
	return map[string]any{
		"path": path, "local_name": "", "md5": hash[:32], "sha1": hash[:40], "sha256": hash, "sha512": "", "error": "",
		"verified_certificate": true, "certificate_error": "", "trusted_certificate": false,
		"certificate": map[string]any{
			"Md5": cert[:32], "Sha1": cert[:40], "Sha256": cert, "ValidFrom": "2019-03-01T00:00:00Z", "ValidTo": "2049-03-01T00:00:00Z",
			"Issuer": subject, "Subject": subject, "SignatureAlgorithm": "SHA256-RSA", "SerialNumber": 7,
		},
	}
}

// adbKey is a key of 2048 bits as adb writes it (android_pubkey.cpp), of a
// computer.
func adbKey(owner string) string {
	key := binary.LittleEndian.AppendUint32(nil, 64)
	r := newRandom(7, owner)
	return base64.StdEncoding.EncodeToString(append(key, r.bytes(520)...)) + " " + owner
}

// anyHash is a hash that nobody published.
func anyHash(of string) string {
	r := newRandom(7, of)
	return hex.EncodeToString(r.bytes(32))
}

func androidPackages(p *androidPhone) {
	const file = "packages.json"
	maker := "CN=Example, O=Example"
	list := []aqfPackage{
		{Name: "com.android.settings", Installed: true, Installer: "null", UID: 1000, System: true, Files: []map[string]any{aqfFile("/system/priv-app/Settings/Settings.apk", anyHash("settings"), anyHash("platform"), "CN=Samsung")}},
		{Name: "com.whatsapp", Installed: true, Installer: "com.android.vending", UID: 10200, ThirdParty: true, Files: []map[string]any{aqfFile("/data/app/~~a/com.whatsapp-b/base.apk", anyHash("whatsapp"), anyHash("whatsapp cert"), "CN=Brian Acton")}},
		{Name: "com.fintur.support", Installed: true, Installer: "com.google.android.packageinstaller", UID: 10301, ThirdParty: true, Files: []map[string]any{aqfFile("/data/app/~~c/com.fintur.support-d/base.apk", "0759a60e09710321dfc42b09518516398785f60e150012d15be88bbb2ea788db", anyHash("rcs cert"), maker)}},
		{Name: "com.fintur.supports", Installed: true, Installer: "com.android.vending", UID: 10302, ThirdParty: true, Files: []map[string]any{aqfFile("/data/app/~~e/com.fintur.supports-f/base.apk", anyHash("decoy"), anyHash("decoy cert"), maker)}},
		{UserID: 10, Name: "com.androidservices.support", Installer: "null", UID: 1010303, ThirdParty: true},
		{Name: "com.topjohnwu.magisk", Installed: true, Installer: "com.android.vending", UID: 10304, ThirdParty: true},
		{Name: "com.wssyncmldm", Installed: true, Installer: "null", UID: 10050, System: true, Disabled: true},
		{Name: "org.fdroid.fdroid", Installed: true, Installer: "org.fdroid.fdroid", UID: 10305, ThirdParty: true},
		{Name: "com.android.sys.update", Installed: true, Installer: "com.google.android.packageinstaller", UID: 10307, ThirdParty: true},
		{Name: "com.example.test", Installed: true, Installer: "com.android.vending", UID: 10306, ThirdParty: true, Files: []map[string]any{aqfFile("/data/app/~~g/com.example.test-h/base.apk", anyHash("test"), "a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc", "CN=Android")}},
	}
	p.json(file, list)
	p.plant("app installed", "android.packages", file, "com.fintur.support", "com.fintur.support")
	p.plant("hash of an app", "android.packages", file, "0759a60e09710321dfc42b09518516398785f60e150012d15be88bbb2ea788db", "base.apk")
	p.plant("app removed, of another user", "android.packages", file, "com.androidservices.support", "com.androidservices.support")
	p.decoy("app one letter longer", "android.packages", file, "com.fintur.supports")
	p.behave("android_app_by_hand", "android.packages", file, "medium", "com.fintur.support")
	p.behave("android_app_impostor", "android.packages", file, "high", "com.android.sys.update")
	p.behave("android_app_no_installer", "android.packages", file, "medium", "com.androidservices.support")
	p.behave("android_rooting_app", "android.packages", file, "medium", "com.topjohnwu.magisk")
	p.behave("android_security_app_disabled", "android.packages", file, "medium", "com.wssyncmldm")
	p.behave("android_app_other_store", "android.packages", file, "info", "org.fdroid.fdroid")
	p.behave("android_app_test_key", "android.packages", file, "medium", "com.example.test")
}

func androidLists(p *androidPhone) {
	p.put("processes.txt", `USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME
root             1     0   57912   2084 0                   0 S init
u0_a301       4242   777 1234567  98765 0                   0 S com.fintur.support:core
u0_a302       4243   777 1234567  98765 0                   0 S com.fintur.supports
root          5000     1   12345   1000 0                   0 S /data/local/tmp/wd/agent
`)
	p.plant("process of an app", "android.processes", "processes.txt", "com.fintur.support", "com.fintur.support:core")
	p.decoy("process of another app", "android.processes", "processes.txt", "com.fintur.supports")
	p.behave("android_process_odd_place", "android.processes", "processes.txt", "high", "/data/local/tmp/wd/agent")
	p.json("root_binaries.json", []string{"/system/bin/su"})
	p.behave("android_root_binary", "android.root_binaries", "root_binaries.json", "high", "/system/bin/su")
	p.json("mounts.json", []string{"/dev/block/dm-0 on /system type ext4 (rw,seclabel,relatime)", "/dev/block/dm-1 on /vendor type ext4 (ro,seclabel,noatime)"})
	p.behave("android_mount_writable", "android.mounts", "mounts.json", "high", "/system")
	file := func(path, mode string) map[string]any {
		return map[string]any{
			"path": path, "size": 4096, "mode": mode, "user_id": 0, "user_name": "root", "group_id": 0, "group_name": "root",
			"changed_time": last.Unix() - 7000, "modified_time": last.Unix() - 8000, "access_time": last.Unix() - 6000, "error": "",
			"context": "u:object_r:shell_data_file:s0", "sha1": "", "sha256": "", "sha512": "", "md5": "",
		}
	}
	p.json("files.json", []map[string]any{
		file("/system/bin/sh", "-rwxr-xr-x"), file("/sdcard/Download/wd/pred.so.txt", "-rw-rw----"),
		file("/data/local/tmp/wd/pred.so", "-rwxr-xr-x"), file("/data/local/tmp/wd/root", "-rwsr-xr-x"), file("/data/local/tmp/collector", "-rwxr-xr-x"),
	})
	p.plant("file of Predator", "android.files", "files.json", "/data/local/tmp/wd/pred.so", "/data/local/tmp/wd/pred.so")
	p.decoy("file elsewhere", "android.files", "files.json", "/sdcard/Download/wd/pred.so.txt")
	p.behave("android_file_tmp", "android.files", "files.json", "high", "/data/local/tmp/wd/pred.so")
	p.behave("android_file_suid", "android.files", "files.json", "high", "/data/local/tmp/wd/root")
	p.put("tmp/wd/notes.txt", "left behind\n")
	p.put("logs/data/anr/anr_2025-09-10-12-00-00-000", "----- pid 4242 at 2025-09-10 12:00:00 -----\n")
}

func androidApps(p *androidPhone) {
	const file = "apks/com.fintur.support.apk"
	data, err := APK(APKSpec{
		Package: "com.fintur.support", Label: "Ayuda del sistema", VersionName: "1.0", VersionCode: 1, MinSDK: 21, TargetSDK: 22, Debuggable: true,
		Permissions: []string{"android.permission.INTERNET", "android.permission.RECORD_AUDIO", "android.permission.READ_SMS", "android.permission.SYSTEM_ALERT_WINDOW"},
		Components: []APKComponent{
			{Kind: "service", Name: ".Watch", Permission: "android.permission.BIND_ACCESSIBILITY_SERVICE", Exported: true},
			{Kind: "receiver", Name: ".Admin", Permission: "android.permission.BIND_DEVICE_ADMIN", Exported: true},
		},
		Texts:  []string{"https://cdn.android-apps.tech/gate", "https://example.org/docs", "not-android-apps.tech", "api.free247downloads.com"},
		Assets: map[string]string{"config.json": `{"panel":"https://smsmensaje.mx/p"}`},
		Signer: spySigner,
	})
	if err != nil {
		p.err = err
		return
	}
	p.files[file] = data
	der, err := SigningCertificate(spySigner)
	if err != nil {
		p.err = err
		return
	}
	p.plant("name of a copied app", "android.apk", file, "com.fintur.support", "com.fintur.support")
	p.plant("certificate of a copied app", "android.apk", file, sha256Hex(der), "certificate")
	p.plant("link in its code", "android.apk", file, "android-apps.tech", "https://cdn.android-apps.tech/gate")
	p.plant("host in its code", "android.apk", file, "free247downloads.com", "api.free247downloads.com")
	p.plant("link in a further file of it", "android.apk", file, "smsmensaje.mx", "https://smsmensaje.mx/p")
	p.behave("android_apk_hidden_icon", "android.apk", file, "medium", "com.fintur.support")
	p.behave("android_apk_control", "android.apk", file, "high", "com.fintur.support")
	p.behave("android_apk_device_admin", "android.apk", file, "medium", "com.fintur.support")
	p.behave("android_apk_debuggable", "android.apk", file, "low", "com.fintur.support")
}

func androidLogs(p *androidPhone) {
	const file = "intrusion_logs/2025-09-10.txt"
	ms, ns := last.UnixMilli()-60_000, last.UnixNano()-60_000_000_000
	lines := []string{
		fmt.Sprintf(`{"dns_event":{"event_id":1,"event_time":%d,"hostname":"www.android-apps.tech","ip_addresses":["203.0.113.9"],"ip_addresses_count":1,"package_name":"com.android.chrome"}}`, ms),
		fmt.Sprintf(`{"dns_event":{"event_id":2,"event_time":%d,"hostname":"android-apps.tech.example.org","ip_addresses":[],"ip_addresses_count":0,"package_name":"com.android.chrome"}}`, ms+1),
		fmt.Sprintf(`{"connect_event":{"event_id":3,"event_time":%d,"ip_address":"203.0.113.9","port":443,"package_name":"com.hx.rootwifi"}}`, ms+2),
		fmt.Sprintf(`{"security_event":{"event_id":4,"event_time":%d,"package_uninstalled":{"package_name":"com.androidservices.support","version_code":3,"user_id":0}}}`, ns),
		fmt.Sprintf(`{"security_event":{"event_id":5,"event_time":%d,"adb_sync_send_file":{"path":"/data/local/tmp/wd/fs.db"}}}`, ns+1),
		fmt.Sprintf(`{"security_event":{"event_id":6,"event_time":%d,"cert_authority_installed":{"success":true,"subject":"CN=Filter","target_user":0}}}`, ns+2),
	}
	p.put(file, strings.Join(lines, "\n")+"\n")
	// A second export has the same events again.
	p.put("intrusion_logs/2025-09-11.txt", strings.Join(lines[:3], "\n")+"\n")
	p.plant("name looked up", "android.intrusion_logs", file, "android-apps.tech", "www.android-apps.tech")
	p.plant("app that connected", "android.intrusion_logs", file, "com.hx.rootwifi", "com.hx.rootwifi")
	p.plant("app removed", "android.intrusion_logs", file, "com.androidservices.support", "com.androidservices.support")
	p.plant("file sent over the cable", "android.intrusion_logs", file, "/data/local/tmp/wd/fs.db", "/data/local/tmp/wd/fs.db")
	p.decoy("name that ends otherwise", "android.intrusion_logs", file, "android-apps.tech.example.org")
	p.behave("android_intrusion_event", "android.intrusion_logs", file, "medium", "CN=Filter")
}

func androidCrash(p *androidPhone) {
	const inner = "FS/data/tombstones/tombstone_00"
	data, err := zipOf(map[string]string{
		"main_entry.txt": "bugreport-a14x.txt",
		"version.txt":    "2.0",
		"bugreport-a14x.txt": "========================================================\n== dumpstate: 2025-09-10 12:00:00\n========================================================\n\n" +
			"Build: UP1A.231005.007.A146MUBS5\nBootloader: unknown\nUptime: up 2 days, 0 hours, 1 minutes\n\n" +
			"-------------------------------------------------------------------------------\nDUMP OF SERVICE adb:\nADB MANAGER STATE (dumpsys adb):\n{\n  debugging_manager={\n    connected_to_adb=true\n" +
			"    keystore=<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n    <keyStore version=\"1\">\n" +
			fmt.Sprintf("    <adbKey key=%q lastConnection=\"%d\" />\n", adbKey("helpline@desk"), last.Add(-72*time.Hour).UnixMilli()) +
			fmt.Sprintf("    <adbKey key=%q lastConnection=\"%d\" />\n", adbKey("taller@mostrador"), last.Add(-30*24*time.Hour).UnixMilli()) +
			"    </keyStore>\n  }\n}\n",
		inner: `*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: 'samsung/a14xub/a14x:14/UP1A.231005.007/A146MUBS5:user/release-keys'
Revision: '5'
ABI: 'arm64'
Timestamp: 2025-09-10 11:58:00.000000000-0600
Process uptime: 2s
Cmdline: /system/bin/mediaserver
pid: 900, tid: 901, name: worker  >>> /system/bin/mediaserver <<<
uid: 1000
signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x10

backtrace:
      #00 pc 0000000000001000  /data/local/tmp/wd/pred.so (run+16)

memory map (1 entry):
    0000006f'3a44d000-0000006f'3a4cbfff r-x     4d000     7f000  /data/local/tmp/wd/pred.so
`,
	})
	if err != nil {
		p.err = err
		return
	}
	p.files["bugreport.zip"] = data
	p.plant("code of Predator in a crash", "android.tombstones", "bugreport.zip/"+inner, "/data/local/tmp/wd/pred.so", "/data/local/tmp/wd/pred.so")
	p.behave("android_adb_host_before", "android.adb", "bugreport.zip/bugreport-a14x.txt", "info", "helpline@desk")
	p.behave("android_adb_other_computer", "android.adb", "bugreport.zip/bugreport-a14x.txt", "low", "taller@mostrador")
	p.behave("android_crash_privileged", "android.tombstones", "bugreport.zip/"+inner, "medium", "mediaserver")
}

func androidMessages(p *androidPhone, password string) {
	sms := fmt.Sprintf(`[{"self_phone":"+525500000001","address":"+525500000002","body":"Su paquete: https://smsmensaje.mx/abc","date":"%d","date_sent":"%d","status":"-1","type":"1","read":"1"},`+
		`{"self_phone":"+525500000001","address":"+525500000003","body":"Vea smsmensaje.mx.example.org","date":"%d","date_sent":"0","status":"-1","type":"1","read":"1"}]`,
		last.UnixMilli()-900_000, last.UnixMilli()-901_000, last.UnixMilli()-800_000)
	mms := fmt.Sprintf(`[{"date":"%d","date_sent":"%d","m_type":"132","v":"18","msg_box":"1","read":"1","mms_addresses":[{"type":137,"address":"+525500000004","charset":106}],"mms_body":"foto: http://free247downloads.com/x","mms_charset":106}]`, last.Unix()-700, last.Unix()-701)
	const dir = "apps/com.android.providers.telephony/"
	b := AndroidBackup{
		Version: 5, Compressed: true, Password: password, Rounds: 10_000,
		Names: []string{dir + "_manifest", dir + "d_f/000000_sms_backup", dir + "d_f/000001_mms_backup"},
		Files: map[string]string{
			dir + "_manifest": "1\ncom.android.providers.telephony\n34\n34\n\n0\n", dir + "d_f/000000_sms_backup": zlibbed(sms), dir + "d_f/000001_mms_backup": zlibbed(mms),
		},
	}
	data, err := b.Bytes()
	if err != nil {
		p.err = err
		return
	}
	p.files["backup.ab"] = data
	p.plant("link in a text message", "android.sms", "backup.ab/"+dir+"d_f/000000_sms_backup", "smsmensaje.mx", "https://smsmensaje.mx/abc")
	p.plant("link in a picture message", "android.sms", "backup.ab/"+dir+"d_f/000001_mms_backup", "free247downloads.com", "http://free247downloads.com/x")
	p.decoy("host that ends otherwise", "android.sms", "backup.ab/"+dir+"d_f/000000_sms_backup", "smsmensaje.mx.example.org")
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
