package android

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/testevidence"
)

func badSample(name, path, data string) artifacttest.Sample {
	s := fileSample(name, path, data)
	s.BadValues = true
	return s
}

// packagesText is a list as AndroidQF writes it since it asks for each user
// (adb/packages.go, adb/package_users.go), of invented apps.
const packagesText = `[
 {"user_id":0,"name":"com.example.agent","files":[{"path":"/data/app/~~x==/com.example.agent-y==/base.apk","local_name":"com.example.agent.apk",
  "md5":"00112233445566778899aabbccddeeff","sha1":"000102030405060708090a0b0c0d0e0f10111213","sha256":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","sha512":"","error":"",
  "verified_certificate":true,"certificate":{"Md5":"e89b158e4bcf988ebd09eb83f5378e87","Sha1":"61ed377e85d386a8dfee6b864bd85b0bfaa5af81","Sha256":"a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc",
  "ValidFrom":"2008-02-29T01:33:46Z","ValidTo":"2035-07-17T01:33:46Z","Issuer":"C=US, CN=Android","Subject":"C=US, CN=Android","SignatureAlgorithm":"SHA1-RSA","SerialNumber":10623618503190643167},
  "certificate_error":"","trusted_certificate":false}],
  "installer":"com.google.android.packageinstaller","uid":10271,"disabled":false,"system":false,"third_party":true,"installed":true},
 {"user_id":10,"name":"com.example.gone","files":[],"installer":"null","uid":1010272,"disabled":false,"system":false,"third_party":true,"installed":false,"files_error":"no permission"},
 {"name":"com.samsung.android.sm.devicesecurity","files":null,"installer":"null","uid":1000,"disabled":true,"system":true,"third_party":false}
]`

func TestPackagesJSON(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, packages{}, "testdata/packages_json",
		fileSample("two_users", "packages.json", packagesText),
		badSample("odd", "x/packages.json", `[{"name":7},{"name":"a.b","files":[{"path":3,"certificate":[]},4,{}],"uid":"x","system":"yes"},{"uid":1},{"name":"c.d"`))
}

func FuzzPackagesJSON(f *testing.F) {
	artifacttest.Fuzz(f, packages{}, fileSample("", "packages.json", packagesText))
}

const getpropText = `[dalvik.vm.heapsize]: [512m]
[gsm.sim.operator.alpha]: [Telcel,]
[gsm.sim.operator.iso-country]: [mx,]
[persist.sys.boot.reason.history]: [reboot,1704445200
reboot,userrequested,1704358800
shutdown,1704272400]
[persist.sys.timezone]: [America/Mexico_City]
[ro.boot.flash.locked]: [0]
[ro.boot.selinux]: [permissive]
[ro.boot.verifiedbootstate]: [orange]
[ro.build.date.utc]: [1650000000]
[ro.build.fingerprint]: [vendor/phone/phone:10/QQ1/1:userdebug/test-keys]
[ro.build.tags]: [test-keys]
[ro.build.type]: [userdebug]
[ro.build.version.release]: [10]
[ro.build.version.sdk]: [29]
[ro.build.version.security_patch]: [2022-04-05]
[ro.crypto.state]: [encrypted]
[ro.crypto.type]: [file]
[ro.debuggable]: [1]
[ro.product.manufacturer]: [vendor]
[ro.product.model]: [Phone [x]]
[ro.secure]: [1]
[empty]: []
`

func TestGetprop(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, getprop{}, "testdata/getprop",
		fileSample("phone", "getprop.txt", getpropText),
		fileSample("odd", "getprop.txt", "[a]: [b\r\nmore]\r\n\nnoise\n[ro.build.version.release]: [9]\n[open]: [never"),
		fileSample("none", "getprop.txt", "error: no devices/emulators found\n"))
}

func FuzzGetprop(f *testing.F) {
	artifacttest.Fuzz(f, getprop{}, fileSample("", "getprop.txt", getpropText))
}

const settingsText = "accessibility_enabled=1\n" +
	"enabled_accessibility_services=com.example.agent/com.example.agent.Watch:com.google.android.marvin.talkback/.TalkBackService\n" +
	"enabled_notification_listeners=\npackage_verifier_enable=0\ndefault_input_method=com.example.keyboard.latin\nodd line\n\n"

func TestSettings(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, settings{}, "testdata/settings", fileSample("secure", "settings_secure.txt", settingsText))
}

func FuzzSettings(f *testing.F) {
	artifacttest.Fuzz(f, settings{}, fileSample("", "settings_secure.txt", settingsText))
}

// Lists of processes by toybox, by the ps of Android 7, and by AndroidQF's own
// program (adb/collector.go).
const (
	psText = `USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME
root             1     0   57912   2084 0                   0 S init
u0_a271       4242   777 1234567  98765 0                   0 S com.example.agent:watch
shell         5000   700   12345   1000 0                   0 R /data/local/tmp/agent --quiet
root             2
`
	psZText = `LABEL                          USER            PID   PPID      VSZ    RSS WCHAN            ADDR S NAME
u:r:init:s0                    root              1      0 10782796   5796 do_epoll_wait       0 S init
`
	psOldText = `USER      PID   PPID  VSIZE  RSS   WCHAN              PC  NAME
root      1     0     8904   788   SyS_epoll_ 0000000000 S /init
u0_a5     2345  456   1024  99    SyS_epoll_ 00000000 S com.example.agent
`
	processesText = `[{"pid":4242,"uid":10271,"ppid":777,"pgroup":777,"psid":0,"filename":"(com.example.age)","priority":10,"state":"S","user_time":3,"kernel_time":4,
"path":"/system/bin/app_process64","context":"u:r:untrusted_app:s0:c15,c257","previous_context":"u:r:zygote:s0","command_line":["com.example.agent:watch"],"env":["PATH=/product/bin"],"cwd":"/"},
{"pid":1,"command_line":["/system/bin/init","second_stage"]}, 7]`
)

func TestProcesses(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, processes{}, "testdata/processes",
		fileSample("toybox", "ps.txt", psText), fileSample("labels", "processes.txt", psZText), fileSample("android7", "ps.txt", psOldText),
		fileSample("collector", "processes.txt", processesText),
		fileSample("none", "ps.txt", "/system/bin/sh: ps: not found\n"), fileSample("empty", "ps.txt", ""))
}

func FuzzProcesses(f *testing.F) {
	artifacttest.Fuzz(f, processes{}, fileSample("", "ps.txt", psText), fileSample("", "ps.txt", processesText))
}

const mountsText = `["/dev/block/dm-4 on /system type ext4 (rw,seclabel,remount)","overlay on /vendor/lib64 type overlay (ro,lowerdir=/a)",
"tmpfs /system/etc tmpfs ro,seclabel,noatime 0 0","not a mount",5]`

func TestMounts(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, mounts{}, "testdata/mounts", fileSample("json", "mounts.json", mountsText),
		fileSample("text", "mounts.txt", "/dev/root / ext4 ro,seclabel 0 0\n/dev/fuse on /storage/emulated type fuse (rw,lazytime)\n\n"))
}

func FuzzMounts(f *testing.F) {
	artifacttest.Fuzz(f, mounts{}, fileSample("", "mounts.json", mountsText))
}

const rootText = `["/system/bin/su\n/system/xbin/su","/data/local/tmp/magisk", "", {"x":1}]`

func TestRootBinaries(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, rootBinaries{}, "testdata/root_binaries", fileSample("some", "root_binaries.json", rootText), fileSample("null", "root_binaries.json", "null\n"))
}

func FuzzRootBinaries(f *testing.F) {
	artifacttest.Fuzz(f, rootBinaries{}, fileSample("", "root_binaries.json", rootText))
}

const fileListText = `[{"path":"/data/local/tmp/agent","size":123,"mode":"-rwsr-xr-x","user_id":0,"user_name":"root","group_id":2000,"group_name":"shell","changed_time":1700000000,"modified_time":1700000001,"access_time":1700000002,"error":"","context":"u:object_r:shell_data_file:s0","sha1":"","sha256":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","sha512":"","md5":""},
{"path":"/sdcard/Download","size":4096,"mode":"drwxrws---","modified_time":0},
{"path":"/data/local/tmp/x","mode":"4755","size":1},{"path":"/data/local/tmp/y","mode":"644"},{"path":"/d","mode":"40755"},
{"path":"/system/bin/run-as","mode":"urwxr-x---"}, {"size":1}, {"path":5,"mode":7}
]`

func TestFileList(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, fileList{}, "testdata/file_list", badSample("array", "files.json", fileListText),
		fileSample("lines", "files.json", "{\"path\":\"/a\",\"mode\":\"?\"}\n{\"path\":\"/b\",\nbroken\n{\"path\":\"/c\"}\n"))
}

func FuzzFileList(f *testing.F) {
	artifacttest.Fuzz(f, fileList{}, fileSample("", "files.json", fileListText))
}

func BenchmarkFileList(b *testing.B) {
	line := []byte(`{"path":"/system/lib64/vendor.example.hardware@1.0.so","size":1234567,"mode":"-rw-r--r--","user_id":0,"user_name":"root","group_id":0,"group_name":"root","changed_time":1700000000,"modified_time":1230768000,"access_time":1230768000,"error":"","context":"u:object_r:system_lib_file:s0","sha1":"","sha256":"","sha512":"","md5":""}` + "\n")
	s := artifacttest.Sample{Path: "files.json", Files: map[string][]byte{"files.json": bytes.Repeat(line, 20_000)}}
	benchmark(b, fileList{}, s)
}

func benchmark(b *testing.B, p artifact.Parser, s artifacttest.Sample) {
	b.Helper()
	b.SetBytes(int64(len(s.Files[s.Path])))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for rec, err := range artifact.Run(b.Context(), p, s.Input()) {
			if err == nil && rec != nil {
				n++
			}
		}
		if n == 0 {
			b.Fatal("no records")
		}
	}
}

const tombstoneText = `*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: 'google/oriole/oriole:13/TQ3A.230805.001/10316531:user/release-keys'
Revision: 'MP1.0'
ABI: 'arm64'
Timestamp: 2024-02-03 10:11:12.123456789+0100
Process uptime: 17s
Cmdline: /data/local/tmp/agent --quiet
pid: 4242, tid: 4243, name: worker  >>> /data/local/tmp/agent <<<
uid: 0
signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0000000000000010
Cause: null pointer dereference
Abort message: 'no answer from https://c2.example.org/gate'

backtrace:
      #00 pc 000000000004f2a0  /data/local/tmp/libagent.so (run(int, char**)+16) (BuildId: 0011aabb)

memory map (2 entries):
    0000006f'3a44d000-0000006f'3a4cbfff r-x     4d000     7f000  /data/local/tmp/libagent.so (BuildId: 0011aabb)
    0000006f'3a54d000-0000006f'3a5cbfff r-x     4d000     7f000  /system/lib64/libc.so
open files:
    fd 0: /dev/null (unowned)
    fd 7: /data/local/tmp/out.db (unowned)
`

func TestTombstones(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, tombstones{}, "testdata/tombstones", fileSample("text", "FS/data/tombstones/tombstone_00", tombstoneText),
		fileSample("app", "tombstone_01", "*** *** *** ***\npid: 9, tid: 9, name: le.agent  >>> com.example.agent:watch <<<\nTimestamp: today\nsignal 6 (SIGABRT), code -6 (SI_TKILL from pid 77, uid 2000), fault addr --------\n"),
		fileSample("proto", "tombstone_00.pb", "\x12\x05a/b:1\x22\x04now\x28\x07\x4a\x06/bin/x\x7a\x02\x0a\x00\x0b"), fileSample("none", "tombstone_02", "hello"))
}

func FuzzTombstones(f *testing.F) {
	artifacttest.Fuzz(f, tombstones{}, fileSample("", "tombstone_00", tombstoneText))
}

func apkSample(tb testing.TB) artifacttest.Sample {
	tb.Helper()
	data, err := testevidence.APK(testevidence.APKSpec{
		Package: "com.example.agent", Label: "System help", VersionName: "1.2", VersionCode: 12, MinSDK: 21, TargetSDK: 22, Debuggable: true,
		Permissions: []string{"android.permission.INTERNET", "android.permission.READ_SMS", "android.permission.SYSTEM_ALERT_WINDOW"},
		Components: []testevidence.APKComponent{
			{Kind: "service", Name: ".Watch", Permission: "android.permission.BIND_ACCESSIBILITY_SERVICE", Exported: true},
			{Kind: "receiver", Name: ".Admin", Permission: "android.permission.BIND_DEVICE_ADMIN", Actions: []string{"android.app.action.DEVICE_ADMIN_ENABLED"}},
		},
		Texts: []string{
			"https://c2.example.org/gate?id=", "see http://docs.example.com/x for help", "panel.example.net", "com.example.agent.Watch",
			"android.intent.action.MAIN", "203.0.113.7:8443", "file.txt", "a.b.c", "name.surname", "GET /x HTTP/1.1 example.org",
		},
		Assets: map[string]string{"cfg.json": `{"u":"wss://socket.example.com/a"}`},
		Signer: "Maker",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return fileSample("agent", "apks/com.example.agent.apk", string(data))
}

func TestAPK(t *testing.T) {
	t.Parallel()
	// The list of packages has the hashes of the copy: they are taken from there.
	copied := apkSample(t)
	sum := sha256.Sum256(copied.Files[copied.Path])
	list := fmt.Sprintf(`[{"name": "com.example.agent", "files": [{"path": "/data/app/base.apk", "md5": "%032d", "sha1": "%040X", "sha256": "%x"}]}]`, 1, 2, sum)
	copied = artifacttest.Sample{Name: "copied", Path: "apks/a.apk", Files: map[string][]byte{"apks/a.apk": copied.Files[copied.Path], "packages.json": []byte(list)}}
	artifacttest.Run(t, apks{}, "testdata/apk", apkSample(t), copied, fileSample("no_zip", "x.apk", "no package"))
}

// hashesSample is a list of hashes with paths of the computer that made the
// acquisition: one file is as it was, one was changed, one is not there.
func hashesSample() artifacttest.Sample {
	same := sha256.Sum256([]byte("same"))
	s := fileSample("verified", "a/hashes.csv", fmt.Sprintf("C:\\\\cases\\\\a\\\\env.txt,%x\ntmp/changed,%x\n/gone.txt,%x\n../../x.txt,%x\n", same, same, same, same))
	s.Files["a/env.txt"], s.Files["a/tmp/changed"], s.Files["x.txt"] = []byte("same"), []byte("other"), []byte("outside")
	return s
}

func FuzzAPK(f *testing.F) { artifacttest.Fuzz(f, apks{}, apkSample(f)) }

const intrusionText = `{"dns_event": {"event_id": 1, "event_time": 1746979200000, "hostname": "c2.example.org", "ip_addresses": ["203.0.113.7", "c2.example.org/2001:db8::7"], "ip_addresses_count": 2, "package_name": "com.example.app"}}
{"connect_event": {"event_time": 1746979201000, "ip_address": "203.0.113.7", "port": 443, "package_name": "com.example.app"}}
{"connect_event": {"event_time": 1746979201001, "ip_address": "127.0.0.1", "port": 8080, "package_name": "com.example.app"}}
{"security_event": {"event_id": 0, "event_time": 1746979202000000000, "app_process_start": {"process": "com.example.agent:com.other.part", "start_time": 1746979201900, "uid": 10000, "pid": 1234, "seinfo": "default", "sha256": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}}}
{"security_event": {"event_time": 1746979203000000000, "adb_shell_cmd": {"command": "pm install -r /data/local/tmp/a.apk; am start com.example.agent/.Main"}}}
{"security_event": {"event_time": 1746979204000000000, "adb_sync_send_file": {"path": "/data/local/tmp/a.apk"}}}
{"security_event": {"event_time": 1746979205000000000, "cert_authority_installed": {"success": true, "subject": "CN=Proxy", "target_user": 0}}}
{"security_event": {"event_time": 1746979206000000000, "package_installed": {"package_name": "com.example.agent", "version_code": 12, "user_id": 0}}}
{"security_event": {"event_time": 1746979207000000000, "os_startup": {"boot_state": "green", "verity_mode": "enforcing"}}}
{"security_event": {"event_time": 1746979208000000000, "new_thing": {}}}
{"security_event": {"event_time": 1746979208000000000}}
{"location_event": {"event_time": 1746979209000, "on": true}}
not json
{}
`

func intrusionSample() artifacttest.Sample {
	// The second export has an event of the first, and one of its own.
	second := `{"connect_event": {"event_time": 1746979201000, "ip_address": "203.0.113.7", "port": 443, "package_name": "com.example.app"}}` + "\n" +
		`{"security_event": {"event_time": 1746979300000000000, "wipe_failure": {}}}` + "\n"
	return artifacttest.Sample{Name: "two_exports", Path: "intrusion_logs/a.txt", Files: map[string][]byte{
		"intrusion_logs/a.txt": []byte(intrusionText), "intrusion_logs/b/b.txt": []byte(second),
	}}
}

func TestIntrusionLogs(t *testing.T) {
	t.Parallel()
	other := intrusionSample()
	other.Name, other.Path = "second_export", "intrusion_logs/b/b.txt"
	artifacttest.Run(t, intrusionLogs{}, "testdata/intrusion_logs", intrusionSample(), other)
}

func FuzzIntrusionLogs(f *testing.F) { artifacttest.Fuzz(f, intrusionLogs{}, intrusionSample()) }

func BenchmarkIntrusionLogs(b *testing.B) {
	benchmark(b, intrusionLogs{}, fileSample("", "intrusion_logs/a.txt", string(bytes.Repeat([]byte(intrusionText), 2000))))
}

func packed(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// Messages as TelephonyBackupAgent writes them, of invented people.
const (
	smsText = `[{"self_phone":"+525500000001","address":"+525500000002","body":"Paquete retenido: https://dhl.example.org/x","date":"1700000000000","date_sent":"1699999999000","status":"-1","type":"1","recipients":["+525500000002"],"read":"0","creator":"com.google.android.apps.messaging"},
{"address":"BANCO","body":"Hola","date":"1700000001000","date_sent":"0","status":"-1","type":"6","read":"1"},{"type":"99","date":"x"}]`
	mmsText = `[{"date":"1579531789","date_sent":"1579531786","m_type":"132","v":"16","msg_box":"1","sub":"Foto","recipients":["+525500000003"],"tr_id":"x","read":"1","mms_addresses":[{"type":151,"address":"+525500000001","charset":106},{"type":137,"address":"+525500000003","charset":106}],"mms_body":"mira http://foto.example.com","mms_charset":106}]`
)

func TestSMSBackup(t *testing.T) {
	t.Parallel()
	whole := packed(t, smsText)
	artifacttest.Run(t, smsBackup{}, "testdata/sms_backup",
		fileSample("sms", "apps/com.android.providers.telephony/d_f/000000_sms_backup", whole),
		fileSample("mms", "apps/com.android.providers.telephony/d_f/000001_mms_backup", packed(t, mmsText)),
		fileSample("damaged", "x/000000_sms_backup", whole[:len(whole)-60]),
		fileSample("no_zlib", "x/000000_sms_backup", "[]"))
}

func FuzzSMSBackup(f *testing.F) {
	artifacttest.Fuzz(f, smsBackup{}, fileSample("", "d_f/000000_sms_backup", packed(f, smsText)), fileSample("", "d_f/000000_sms_backup", packed(f, mmsText)))
}

const acquisitionText = `{
 "uuid": "6c3cf1ea-0000-4000-8000-000000000001", "androidqf_version": "v1.7.1", "started": "2025-09-10T18:00:00.5Z", "completed": "2025-09-10T18:30:00Z",
 "tmp_dir": "/data/local/tmp/", "sdcard": "/sdcard/", "cpu": "arm64-v8a", "adb_host_public_key": "AAECAwQF user@host"}`

func TestAcquisition(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, acquisition{}, "testdata/acquisition",
		fileSample("info", "acquisition.json", acquisitionText),
		fileSample("key", "adb_host_key.pub", "AAECAwQF user@host\n"),
		hashesSample(),
		fileSample("hashes", "hashes.csv", "getprop.txt,000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\"a\"b,x\nshort\n"),
		fileSample("none", "acquisition.json", "{}"))
}

func FuzzAcquisition(f *testing.F) {
	artifacttest.Fuzz(f, acquisition{}, fileSample("", "acquisition.json", acquisitionText))
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, environment{}, "testdata/environment",
		fileSample("selinux", "selinux.txt", "Permissive\n"), fileSample("odd_selinux", "selinux.txt", "getenforce: not found\n\n"),
		fileSample("env", "env.txt", "PATH=/product/bin:/system/bin\nLD_PRELOAD=/data/local/tmp/hook.so\nodd\n"),
		fileSample("services", "services.txt", "Found 2 services:\n0\tphone: [com.android.internal.telephony.ITelephony]\n1\todd: []\nx\n"))
}

func FuzzEnvironment(f *testing.F) {
	artifacttest.Fuzz(f, environment{}, fileSample("", "services.txt", "0\tphone: [a.b]\n"))
}

// TestFilesReal reads public evidence: the number of records is known, nothing
// is in error, and all laws hold.
func TestFilesReal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p       artifact.Parser
		file    []string
		path    string
		records int
	}{
		{packages{}, []string{"androidqf", "packages.json"}, "packages.json", 0},
		{getprop{}, []string{"androidqf", "getprop.txt"}, "getprop.txt", 10},
		{getprop{}, []string{"android_data", "getprop.txt"}, "getprop.txt", 0},
		{settings{}, []string{"androidqf", "settings_random.txt"}, "settings_random.txt", 9},
		{processes{}, []string{"androidqf", "ps.txt"}, "ps.txt", 15},
		{processes{}, []string{"android_data", "ps.txt"}, "ps.txt", 0},
		{rootBinaries{}, []string{"androidqf", "root_binaries.json"}, "root_binaries.json", 4},
		{fileList{}, []string{"androidqf", "files.json"}, "files.json", 3},
		{tombstones{}, []string{"android_data", "tombstone_process.txt"}, "tombstone_00", 1},
		{tombstones{}, []string{"android_data", "tombstone_process.pb"}, "tombstone_00.pb", 1},
		{tombstones{}, []string{"android_data", "bugreport", "FS", "data", "tombstones", "tombstone_00"}, "tombstone_00", 1},
		{tombstones{}, []string{"android_data", "bugreport", "FS", "data", "tombstones", "tombstone_01"}, "tombstone_01", 1},
		{smsBackup{}, []string{"backup", "apps", "com.android.providers.telephony", "d_f", "000000_sms_backup"}, "d_f/000000_sms_backup", 1},
		{smsBackup{}, []string{"backup", "apps", "com.android.providers.telephony", "d_f", "000001_mms_backup"}, "d_f/000001_mms_backup", 1},
	} {
		t.Run(c.p.Info().Name+"/"+c.file[len(c.file)-1], func(t *testing.T) {
			t.Parallel()
			s := fileSample("real", c.path, string(readEvidence(t, append([]string{"android"}, c.file...)...)))
			recs, errs := artifacttest.Parse(t, c.p, s)
			if len(errs) != 0 || len(recs) == 0 || c.records > 0 && len(recs) != c.records {
				t.Errorf("%d records, errors %v", len(recs), errs)
			}
			if len(s.Files[c.path]) < 20_000 {
				artifacttest.Laws(t, c.p, s)
			}
		})
	}
}
