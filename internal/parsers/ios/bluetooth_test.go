package ios

import (
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const bluetoothFolder = "SysSharedContainerDomain-systemgroup.com.apple.bluetooth/Library/"

// bluetoothSamples have the columns that iLEAPP's queries name.
func bluetoothSamples(tb testing.TB) []artifacttest.Sample {
	columns := "(Uuid TEXT, Name TEXT, NameOrigin INTEGER, Address TEXT, ResolvedAddress TEXT, LastSeenTime INTEGER, LastConnectionTime INTEGER, Tags TEXT, iCloudIdentifier TEXT);"
	paired := "CREATE TABLE PairedDevices " + columns + `
INSERT INTO PairedDevices VALUES ('A1-B2', 'Reloj de Ana', 2, 'Random 5E:11:22:33:44:55', 'Public 00:11:22:33:44:55', 700000, 0, 'tag', NULL);`
	other := "CREATE TABLE OtherDevices " + columns + `
INSERT INTO OtherDevices VALUES ('C3', '', 0, 'Random 6E:11:22:33:44:55', NULL, 0, 0, NULL, NULL), ('D4', 'LE-Tile', 1, 'Public 00:22', '', 81, 80, NULL, NULL);`
	bad := "CREATE TABLE PairedDevices (Uuid, Name, Address, LastSeenTime); INSERT INTO PairedDevices VALUES (7, x'ff', NULL, 'then'), (NULL, NULL, NULL, 1e300);"
	classic := map[string]any{
		"00:11:22:33:44:66": map[string]any{"Name": "Coche", "DefaultName": "CAR MULTIMEDIA", "UserNameKey": "Mi coche", "DeviceIdProduct": 4660, "DeviceIdVendor": 76, "LastSeenTime": 1600000000},
		"00:11:22:33:44:77": map[string]any{"LastSeenTime": time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)},
		"Version":           1,
	}
	return []artifacttest.Sample{
		databaseSample(tb, "paired", bluetoothFolder+"Database/com.apple.MobileBluetooth.ledevices.paired.db", paired),
		databaseSample(tb, "other", bluetoothFolder+"Database/com.apple.MobileBluetooth.ledevices.other.db", other),
		withBadValues(databaseSample(tb, "bad", bluetoothFolder+"Database/com.apple.MobileBluetooth.ledevices.paired.db", bad)),
		listSample(tb, "classic", bluetoothFolder+"Preferences/com.apple.MobileBluetooth.devices.plist", oracle.BinaryFormat, classic),
		withBadValues(listSample(tb, "bad_list", bluetoothFolder+"Preferences/com.apple.MobileBluetooth.devices.plist", oracle.XMLFormat,
			map[string]any{"": map[string]any{"Name": 7, "LastSeenTime": "then"}, "x": map[string]any{"LastSeenTime": -1}})),
	}
}

func TestBluetooth(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, bluetooth{}, "testdata/bluetooth", bluetoothSamples(t)...)
}

func FuzzBluetooth(f *testing.F) { artifacttest.Fuzz(f, bluetooth{}, bluetoothSamples(f)...) }

func TestBluetoothLastSeen(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, bluetooth{}, bluetoothSamples(t)[3])
	if len(recs) != 2 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	for _, r := range recs {
		if len(r.Times) != 1 || r.Times[0].At.IsZero() || r.Kind != artifact.Kind("classic") {
			t.Errorf("%v %v", r.Fields, r.Times)
		}
	}
}
