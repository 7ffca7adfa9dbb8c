package android

import (
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// permissionSamples are dumps of the package manager (Settings.java), of the
// permission manager of Android 15 (PermissionService.kt), and of Android 11
// (the text of PermissionControllerDumpProto), with the section of appops.
func permissionSamples() []artifacttest.Sample {
	withUse := func(s artifacttest.Sample, path string) artifacttest.Sample {
		s.Files[path] = []byte(`Current AppOps Service state:
  Uid u0a123:
    Package com.example.spy:
      CAMERA (allow):
          Access: [top-s] 2024-01-02 23:20:13.096 (-14h)
          Access: [bg-s] 2024-01-03 23:20:13.096 (-13h)
          Reject: [bg-s] 2024-01-04 23:20:13.096 (-12h)
          Access: [fg-s] then
  Uid 1110124:
    Package com.example.other:
      FINE_LOCATION (allow):
          Access: [top-s] 2024-01-02 23:20:13.096 (-14h)
`)
		return s
	}
	return []artifacttest.Sample{
		withUse(withClock(fileSample("package", "dumpsys/package", `Packages:
  Package [com.example.spy] (478a391):
    userId=10123
    install permissions:
      android.permission.INTERNET: granted=true
    User 0: ceDataInode=860479 installed=true
      gids=[3003]
      runtime permissions:
        android.permission.CAMERA: granted=true, flags=[ USER_SET|USER_SENSITIVE_WHEN_GRANTED|ONE_TIME]
        android.permission.RECORD_AUDIO: granted=false, flags=[ USER_SET USER_FIXED ]
        odd
      disabledComponents:
      com.example.spy.X
    User 11: ceDataInode=0 installed=false
      runtime permissions:
        android.permission.READ_SMS: granted=true, flags=[ POLICY_FIXED]

Shared users:
  SharedUser [android.uid.phone] (1f):
    userId=1001
    User 0: 
      runtime permissions:
        android.permission.READ_SMS: granted=true, flags=[ SYSTEM_FIXED|GRANTED_BY_DEFAULT]
`)), "dumpsys/appops"),
		withUse(withClock(fileSample("android15", "x/dumpsys/permissionmgr", `Permissions:
  android.permission.CAMERA: type=MANIFEST, packageName=android, appId=1000, gids=[], protectionLevel=[dangerous|instant], flags=0x40000000
Permission groups:
  android.permission-group.CAMERA: packageName=android
Permission trees:
App ID: 10124
  User: 0
    Permissions:
      android.permission.INTERNET: granted=true, flags=[INSTALL_GRANTED]
      android.permission.ACCESS_FINE_LOCATION: granted=true, flags=[RUNTIME_GRANTED|USER_SET]
      odd
    Permissions (Device companion:1):
      android.permission.CAMERA: granted=false, flags=[HIBERNATION]
    App ops:
      android:camera: mode=ignored
    Package: com.example.other
      version=15
      App ops:
    Package: com.example.twin
      version=15
  User: 11
    Permissions:
      android.permission.ACCESS_FINE_LOCATION: granted=true, flags=[RUNTIME_GRANTED|ROLE]
    App ops:
    Package: com.example.other
App ID: 10125
  User: 0
    Permissions:
      com.example.X: granted=true, flags=[RUNTIME_GRANTED|PREGRANT]
`)), "x/dumpsys/appops"),
		fileSample("android11", "dumpsys/permissionmgr", `
# com.android.permissioncontroller.PermissionControllerProto$PermissionControllerDumpProto@f1b0b224
auto_revoke {
  teamfood_settings {
  }
  users {
    packages {
      first_install_time: 1230768000000
      groups {
        group_name: "android.permission-group.CAMERA"
        is_any_granted_including_appop: false
        is_auto_revoked: true
        is_fixed: false
        is_granted_by_default: false
        is_granted_by_role: false
        is_user_sensitive: true
      }
      last_time_visible: 1602489236550
      package_name: "com.example.spy"
      uid: 10131
    }
    user_id: 0
  }
}
logs: "1602489236550 AutoRevokePermissions:i onStartJob "
`),
		fileSample("deep", "dumpsys/permissionmgr", strings.Repeat("groups {\n", 100)+strings.Repeat("}\n", 100)),
	}
}

// TestPermissionsReal: the list of apps that is public has what a person
// counts in it.
func TestPermissionsReal(t *testing.T) {
	t.Parallel()
	text := string(readEvidence(t, "android", "android_data", "dumpsys_packages.txt"))
	want := 0
	for _, part := range strings.Split(text, "runtime permissions:")[1:] {
		for _, line := range strings.Split(part, "\n")[1:] {
			if !strings.Contains(line, ": granted=") {
				break
			}
			want++
		}
	}
	recs, errs := artifacttest.Parse(t, permissionGrants{}, fileSample("real", "dumpsys/package", text))
	if len(recs) != want || want == 0 || len(errs) != 0 {
		t.Errorf("%d permissions, want %d; errors %v", len(recs), want, errs)
	}
}
