package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// restoreText has the report that iLEAPP reads, between lines of the form that
// a phone writes while it restores itself.
const restoreText = `restore log of the last update
[16:34:02.0411-GMT]{3>6} CHECKPOINT BEGIN: RAMDISK_UPDATE
	{0x51} update_volumes
[16:34:05.1000-GMT]{3>6} unable to open /private/var/MobileSoftwareUpdate/restore.log
2021-10-18 16:35:00 +0000 submitting to https://events.example.org/report
data = {"postTime":1634574901000,"events":[{"event":"postSplat","eventTime":1634574900123,"originalOSVersion":"18H17","currentOSVersion":"19A404","deviceModel":"D53gAP","deviceClass":"iPhone","batteryLevel":87,"batteryIsCharging":true},{"event":"other","eventTime":"1634574900","originalOSVersion":"18H17"}]}
data = {"events":[{"originalOSVersion":
`

func otaSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("restore", "private/var/mobile/MobileSoftwareUpdate/restore.log", restoreText),
		fileSample("daemon", "logs/MobileSoftwareUpdate/softwareupdated.log",
			"Mon Oct 18 16:35:00 2021 softwareupdateservicesd[88]: Installing 19A404\nOct 18 no stamp\n"),
		withBadValues(fileSample("odd", "restore.log", `data = {"events":[{"originalOSVersion":7,"event":null,"eventTime":[1],"deviceModel":{"a":[]}},{}]}`+"\n"+
			`data = {"events":[4],"originalOSVersion":1}`+"\n[00:00:00.1]\n")),
	}
}

func TestOTAUpdate(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, otaUpdate{}, "testdata/ota_update", otaSamples()...)
}

func FuzzOTAUpdate(f *testing.F) { artifacttest.Fuzz(f, otaUpdate{}, otaSamples()...) }
