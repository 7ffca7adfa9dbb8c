package testevidence

import "time"

// kaspersky2023 published what Operation Triangulation leaves in a backup.
const kaspersky2023 = "https://securelist.com/find-the-triangulation-utility/109867/"

// triangulation returns a time of the third planted course of events: of
// Operation Triangulation (Kaspersky, 2023).
func (b *builder) triangulation(after time.Duration) time.Time {
	return last.AddDate(-2, -1, 0).Add(after)
}

// attachmentFolders writes the folder whose attachment was deleted, and the
// file of settings that changed a minute later; and, as a decoy, a folder that
// a picture came into.
func (b *builder) attachmentFolders() error {
	const domain, folder = "MediaDomain", "Library/SMS/Attachments/"
	at := func(f *mbFile, born, changed time.Time) *mbFile {
		f.birth, f.modified, f.changed = born.Unix(), changed.Unix(), changed.Unix()
		return f
	}
	if b.o.Plant {
		b.ledger.truth.Folders++
		if err := b.row(domain, 2, at(b.newEntry(folder+"65/05", 0o40755), first, b.triangulation(0))); err != nil {
			return err
		}
		const settings = "Library/Preferences/com.apple.ImageIO.plist"
		if err := b.addBytes("RootDomain", settings, binaryPlist(dict{}), fileMeta{protection: 3, at: b.triangulation(time.Minute)}); err != nil {
			return err
		}
		for _, t := range []Trace{
			{Name: "triangulation_combination", Value: folder + "65/05 and others", Rule: "triangulation_combination", Severity: "high"},
			{Name: "triangulation_file", Value: settings, Rule: "triangulation_file", Severity: "info"},
		} {
			t.Artifact, t.Path, t.Source = "ios.manifest", "Manifest.db", kaspersky2023
			b.ledger.plant(t)
		}
	}
	if b.o.Decoys {
		came := last.AddDate(-1, 0, 0)
		b.ledger.truth.Folders++
		if err := b.row(domain, 2, at(b.newEntry(folder+"0a/10", 0o40755), first, came)); err != nil {
			return err
		}
		b.ledger.decoy(Trace{
			Name: "decoy_attachment_folder", Artifact: "ios.manifest", Path: "Manifest.db", Table: "Files", RowID: int64(b.entries),
			Value: folder + "0a/10", Rule: "triangulation_combination",
		})
		b.folders[domain+"/"+folder+"0a/10"] = true
		return b.addBytes(domain, folder+"0a/10/"+b.r.uuid()+"/IMG_0001.HEIC", []byte("synthetic\n"), fileMeta{protection: 3, at: came})
	}
	return nil
}
