package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// bluetooth reads the Bluetooth devices that the phone knows.
type bluetooth struct{}

var bluetoothInfo = artifact.Info{
	Name:    "ios.bluetooth",
	Version: 1,
	Summary: "Bluetooth devices that the phone was paired with, or saw near it.",
	Files: []string{
		"**/com.apple.MobileBluetooth.ledevices.paired.db", "**/com.apple.MobileBluetooth.ledevices.other.db",
		"**/com.apple.MobileBluetooth.devices.plist",
	},
	Kinds: []artifact.KindInfo{
		{Kind: "paired", Doc: "A device with low energy that was paired.", Fields: bluetoothFields},
		{Kind: "other", Doc: "A device with low energy that was near.", Fields: bluetoothFields},
		{
			Kind: "classic",
			Doc:  "A device that was paired: a car, a loudspeaker, headphones.",
			Fields: []artifact.FieldInfo{
				{Name: "address", Type: artifact.Text, Doc: "address of the device"},
				{Name: "name", Type: artifact.Text, Doc: "name of the device"},
				{Name: "default_name", Type: artifact.Text, Doc: "name that its maker gave it"},
				{Name: "user_name", Type: artifact.Text, Doc: "name that the owner gave it"},
				{Name: "product_id", Type: artifact.Int, Doc: "number of the product"},
				{Name: "vendor_id", Type: artifact.Int, Doc: "number of the maker"},
			},
			Times: []string{"last_seen"},
		},
	},
	Caveats: []string{
		"The numbers of last_seen_time and last_connection_time count in a way that sources disagree on, so they are no times here.",
		"Devices change their addresses: one device may be here often.",
	},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/bluetooth.py",
	},
}

var bluetoothFields = []artifact.FieldInfo{
	{Name: "uuid", Type: artifact.Text, Doc: "identifier that the phone gave it"},
	{Name: "name", Type: artifact.Text, Doc: "name of the device"},
	{Name: "address", Type: artifact.Text, Doc: "its address, public or random"},
	{Name: "resolved_address", Type: artifact.Text, Doc: "its own address behind a random one"},
	{Name: "last_seen_time", Type: artifact.Int, Doc: "when it was last seen, as the number there"},
	{Name: "last_connection_time", Type: artifact.Int, Doc: "when it was last connected, as the number there"},
	otherColumns,
}

// Info implements artifact.Parser.
func (bluetooth) Info() artifact.Info { return bluetoothInfo }

// Parse implements artifact.Parser.
func (bluetooth) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if strings.HasSuffix(in.Path, ".plist") {
		return readPropertyList(ctx, in, readBluetoothList)
	}
	return readDatabase(ctx, in, readBluetooth)
}

func readBluetooth(r *reading) error {
	paired, other := r.optional("PairedDevices"), r.optional("OtherDevices")
	if paired == nil && other == nil {
		return fmt.Errorf("%w: no table PairedDevices and none OtherDevices", limit.ErrUnsupported)
	}
	if err := r.bluetoothDevices(paired, bluetoothInfo.Kinds[0]); err != nil {
		return err
	}
	return r.bluetoothDevices(other, bluetoothInfo.Kinds[1])
}

func (r *reading) bluetoothDevices(t *table, kind artifact.KindInfo) error {
	if t == nil {
		return nil
	}
	uuid, name := t.take("Uuid"), t.take("Name")
	address, resolved := t.take("Address"), t.take("ResolvedAddress")
	t.fields(map[string]string{"LastSeenTime": "last_seen_time", "LastConnectionTime": "last_connection_time"})
	t.seal(kind)
	summary := func(b []byte) []byte {
		return appendSummary(b, "Bluetooth device ", string(r.Rec.Kind), ": ", r.Rec.Text("name"), " ", r.Rec.Text("address"))
	}
	return t.each(func() error {
		rec := t.start(kind.Kind)
		rec.Set("uuid", artifact.TextOrNull(t.plain(uuid)))
		rec.Set("name", artifact.TextOrNull(t.plain(name)))
		rec.Set("address", artifact.TextOrNull(t.plain(address)))
		rec.Set("resolved_address", artifact.TextOrNull(t.plain(resolved)))
		t.set(rec)
		rec.Summary = summary
		return t.give()
	})
}

// readBluetoothList reads the list of other devices: each under its address.
func readBluetoothList(r *listReading) error {
	for address, v := range r.root.All() {
		if v.Kind() != plist.Dict {
			continue
		}
		rec := r.start("classic", address, v)
		rec.Set("address", artifact.TextOrNull(r.Cut(address)))
		rec.Set("name", artifact.TextOrNull(r.text(v.Get("Name"))))
		rec.Set("default_name", artifact.TextOrNull(r.text(v.Get("DefaultName"))))
		rec.Set("user_name", artifact.TextOrNull(r.text(v.Get("UserNameKey"))))
		rec.Set("product_id", firstInt(v.Get("DeviceIdProduct")))
		rec.Set("vendor_id", firstInt(v.Get("DeviceIdVendor")))
		seen := v.Get("LastSeenTime")
		if n := firstInt(seen); n.Kind() != artifact.Null {
			rec.When("last_seen", artifact.UnixSeconds, n)
		} else {
			r.when("last_seen", seen)
		}
		rec.Summary = func(b []byte) []byte {
			return appendSummary(b, "Bluetooth device: ", firstText(rec.Text("user_name"), rec.Text("name")), " ", rec.Text("address"))
		}
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}
