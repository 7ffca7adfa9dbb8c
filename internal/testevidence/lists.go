package testevidence

import (
	"fmt"
	"os"
	"path/filepath"

	"howett.net/plist"
)

// writeLists writes Info.plist, Manifest.plist and Status.plist, with the
// keys that iTunes 12 gives them.
func (b *builder) writeLists() error {
	r := newRandom(b.o.Seed, "lists")
	serial := "F" + r.token(11)
	device := fmt.Sprintf("00008110-%016X", r.Uint64())
	info := b.info(r, serial, device)
	status := map[string]any{
		"BackupState": "new", "Date": last, "IsFullBackup": true, "SnapshotState": "finished", "UUID": r.uuid(), "Version": "3.3",
	}
	manifest := map[string]any{
		"Applications": manifestApps(info["Installed Applications"].([]string)), "Date": last, "IsEncrypted": b.keys != nil, "SystemDomainsVersion": "24.0", "Version": "10.0",
		"WasPasscodeSet": true,
		"Lockdown": map[string]any{
			"BuildVersion": b.o.Build, "DeviceName": "iPhone", "ProductType": b.o.ProductType, "ProductVersion": b.o.Version,
			"SerialNumber": serial, "UniqueDeviceID": device,
		},
	}
	if b.keys != nil {
		manifest["BackupKeyBag"] = b.keys.blob
		manifest["ManifestKey"] = b.keys.wrapped(4, b.manifestKey())
	}
	for _, l := range []struct {
		name   string
		format int
		value  any
	}{
		{"Info.plist", plist.XMLFormat, info}, {"Manifest.plist", plist.BinaryFormat, manifest}, {"Status.plist", plist.BinaryFormat, status},
	} {
		data, err := plist.Marshal(l.value, l.format)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		if err := os.WriteFile(filepath.Join(b.dir, l.name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// manifestApps are the apps as Manifest.plist lists them.
func manifestApps(installed []string) map[string]any {
	apps := map[string]any{}
	for _, id := range installed {
		apps[id] = map[string]any{
			"CFBundleIdentifier": id, "CFBundleVersion": "120", "ContainerContentClass": "Data/Application",
			"Path": "/var/containers/Bundle/Application/" + id + "/App.app",
		}
	}
	return apps
}

func (b *builder) info(r random, serial, device string) map[string]any {
	apps := map[string]any{}
	var installed []string
	for i := range 30 {
		id := fmt.Sprintf("org.example.app%d", i)
		apps[id] = b.app(r, id, i, "com.apple.AppStore")
		installed = append(installed, id)
	}
	if b.o.Plant {
		const sideloaded, foreign = "org.example.sideloaded", "org.example.foreign"
		apps[sideloaded] = map[string]any{"ApplicationSINF": r.bytes(8)}
		apps[foreign] = b.app(r, foreign, 99, "org.example.installer")
		const nameless = "org.example.nameless"
		apps[nameless] = map[string]any{"iTunesMetadata": binaryPlist(dict{{"itemName", "Nameless"}, {"sourceApp", "com.apple.AppStore"}}), "ApplicationSINF": r.bytes(32)}
		b.plantRule("app_no_bundle_id", "medium", "ios.applications", "Info.plist", nameless, "https://docs.mvt.re/en/latest/ios/records/")
		installed = append(installed, sideloaded, foreign, nameless)
		const docs = "https://docs.mvt.re/en/latest/ios/records/"
		b.ledger.plant(Trace{
			Name: "app_without_metadata", Artifact: "ios.applications", Path: "Info.plist", Key: "Applications/" + sideloaded,
			Value: sideloaded, Rule: "app_without_metadata", Severity: "low", Source: docs,
		})
		b.ledger.plant(Trace{
			Name: "app_source_not_app_store", Artifact: "ios.applications", Path: "Info.plist", Key: "Applications/" + foreign,
			Value: "org.example.installer", Rule: "app_source_not_app_store", Severity: "medium", Source: docs,
		})
	}
	return map[string]any{
		"Applications": apps, "Build Version": b.o.Build, "Device Name": "iPhone", "Display Name": "iPhone", "GUID": fmt.Sprintf("%032X", r.bytes(16)),
		"ICCID": "8952020000000000000", "IMEI": "350000000000006", "MEID": "35000000000000", "Installed Applications": installed, "Last Backup Date": last,
		"Phone Number": "+52 1 55 5000 0000", "Product Name": "iPhone", "Product Type": b.o.ProductType, "Product Version": b.o.Version,
		"Serial Number": serial, "Target Identifier": device, "Target Type": "Device", "Unique Identifier": device, "iTunes Version": "12.13.7.1",
	}
}

// app is the entry of an app, with the metadata that its source gave it.
func (b *builder) app(r random, id string, number int, source string) map[string]any {
	meta := binaryPlist(dict{
		{"softwareVersionBundleId", id},
		{"itemName", fmt.Sprintf("App %d", number)},
		{"artistName", "Example Ltd"},
		{"bundleShortVersionString", "1.2"},
		{"bundleVersion", "120"},
		{"genre", "Utilities"},
		{"itemId", 300_000_000 + number},
		{"sourceApp", source},
		{"kind", "software"},
		{"com.apple.iTunesStore.downloadInfo", dict{
			{"accountInfo", dict{{"AppleID", "owner@example.org"}}},
			{"purchaseDate", r.between(first, last).Format("2006-01-02T15:04:05Z")},
		}},
	})
	return map[string]any{"iTunesMetadata": meta, "PlaceholderIcon": r.bytes(64), "ApplicationSINF": r.bytes(32)}
}
