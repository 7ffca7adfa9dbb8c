package testevidence

import "fmt"

// tracesInNames adds files whose names are published traces, or resemble them.
func (b *builder) tracesInNames() error {
	type named struct{ name, domain, path, indicator string }
	var list []named
	if b.o.Plant {
		list = append(
			list,
			named{"manifest_wifi_passwords", "WirelessDomain", "wifi_passwords.txt", "/private/var/wireless/wifi_passwords.txt"},
			named{"manifest_keychain_dump", "RootDomain", "keychain_dump.txt", "/private/var/root/keychain_dump.txt"},
		)
	}
	planted := len(list)
	if b.o.Decoys {
		list = append(
			list,
			named{"decoy_manifest_longer_name", "WirelessDomain", "wifi_passwords.txt.bak", "/private/var/wireless/wifi_passwords.txt"},
			named{"decoy_manifest_payload", "AppDomain-org.example.notes", "Documents/payload", "payload"},
			named{"decoy_manifest_stopwatch", "RootDomain", "tmp/stopwatch.log", ""},
			named{"decoy_manifest_backup_agent", "HomeDomain", "Library/Caches/BackupAgent", "BackupAgent"},
		)
	}
	for i, f := range list {
		if err := b.addBytes(f.domain, f.path, []byte("synthetic\n"), fileMeta{protection: 3}); err != nil {
			return err
		}
		t := Trace{
			Name: f.name, Artifact: "ios.manifest", Path: f.domain + "/" + f.path, Table: "Files", RowID: int64(b.entries),
			Value: f.path, Indicator: f.indicator,
		}
		if i < planted {
			b.planted(t)
		} else {
			b.ledger.decoy(t)
		}
	}
	return nil
}

// links adds symbolic links, which some apps leave in their folders.
func (b *builder) links() error {
	r := newRandom(b.o.Seed, "links")
	for i := range clamp(b.o.Messages/1000, 3, 200) {
		domain := fmt.Sprintf("AppDomain-org.example.app%d", i%120)
		path := fmt.Sprintf("Library/WebKit/WebsiteData/IndexedDB/v%d", i)
		if err := b.addFolders(domain, path); err != nil {
			return err
		}
		f := b.newEntry(path, 0o120755)
		f.target = "/var/mobile/Containers/Data/Application/" + r.uuid() + "/Library/WebKit/WebsiteData/IndexedDB"
		b.ledger.truth.Links++
		if err := b.row(domain, 4, f); err != nil {
			return err
		}
	}
	return nil
}

// otherFiles fills the manifest with what no parser reads, to half as many
// entries as there are messages.
func (b *builder) otherFiles() error {
	r := newRandom(b.o.Seed, "other files")
	for i := 0; b.entries < b.o.Messages/2; i++ {
		domain, path := r.fileName(i)
		if b.o.Partial {
			if err := b.addFolders(domain, path); err != nil {
				return err
			}
			if _, err := b.addEntry(domain, path, int64(1000+r.IntN(4_000_000)), fileMeta{protection: 3}); err != nil {
				return err
			}
			continue
		}
		if err := b.addBytes(domain, path, r.bytes(16+r.IntN(64)+b.o.OtherBytes), fileMeta{protection: 3}); err != nil {
			return err
		}
	}
	return nil
}

// fileName returns a name as phones have them; i makes it the only one.
func (r random) fileName(i int) (domain, path string) {
	app := fmt.Sprintf("org.example.app%d", r.IntN(120))
	switch r.IntN(6) {
	case 0:
		return "CameraRollDomain", fmt.Sprintf("Media/DCIM/%dAPPLE/IMG_%05d.HEIC", 100+i/1000, i)
	case 1:
		return "CameraRollDomain", fmt.Sprintf("Media/PhotoData/Thumbnails/V2/DCIM/%dAPPLE/IMG_%05d.HEIC/5005.JPG", 100+i/1000, i)
	case 2:
		return "AppDomain-" + app, fmt.Sprintf("Library/Caches/fsCachedData/%s-%d", r.uuid(), i)
	case 3:
		return "AppDomain-" + app, fmt.Sprintf("Library/Caches/WebKit/NetworkCache/Version 16/Blobs/%s-%d", r.uuid(), i)
	case 4:
		return whatsAppDomain, fmt.Sprintf("Message/Media/%s/%x/%s-%d.jpg", jid(r.IntN(500)), r.IntN(16), r.uuid(), i)
	}
	return "AppDomainGroup-group." + app, fmt.Sprintf("Documents/%02d/%s-%d.dat", r.IntN(100), r.token(12), i)
}
