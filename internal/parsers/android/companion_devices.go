package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// companionDevices reads the watches, cars and computers that apps are paired
// with: such an app may read notifications and start in the background.
type companionDevices struct{}

// Info implements artifact.Parser.
func (companionDevices) Info() artifact.Info {
	return artifact.Info{
		Name: "android.companion_devices", Version: 1, Summary: "Devices that apps are paired with: watches, cars, computers.",
		Files: []string{"**/dumpsys/companiondevice"},
		Kinds: []artifact.KindInfo{{Kind: "association", Doc: "An app and a device.", Times: []string{"approved", "last_connected"}, Fields: []artifact.FieldInfo{
			textField("package", "the app"), textField("mac", "address of the device"), textField("name", "its name"),
			textField("profile", "what it may do, android.app.role.COMPANION_DEVICE_WATCH"), boolField("self_managed", "the app finds it by itself"),
			intField("user", "the user of the phone"),
		}}},
		Caveats: []string{"Android before 12 prints nothing of them."},
		Refs:    []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/companion/AssociationInfo.java"},
	}
}

// Parse implements artifact.Parser.
func (companionDevices) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readLines(ctx, in, func(r *lineReading) error {
		text, _ := r.body()
		i := strings.Index(text, "Association{")
		if i < 0 {
			return nil
		}
		text = text[i+len("Association"):]
		rec := r.Start("association")
		get := func(names ...string) string {
			for _, name := range names {
				if v, ok := valueOf(text, name); ok && v != "null" {
					return v
				}
			}
			return ""
		}
		setPackage(rec, get("mPackageName", "packageName"))
		rec.Set("mac", artifact.TextOrNull(get("mDeviceMacAddress", "deviceMacAddress")))
		rec.Set("name", artifact.TextOrNull(get("mDisplayName")))
		rec.Set("profile", artifact.TextOrNull(get("mDeviceProfile", "deviceProfile")))
		setBool(rec, "self_managed", get("mSelfManaged"))
		setNumber(rec, "user", get("mUserId", "userId"))
		whenMillis(rec, "approved", get("mTimeApprovedMs", "timeApprovedMs"))
		whenMillis(rec, "last_connected", get("mLastTimeConnectedMs"))
		return r.Give()
	}, nil)
}
