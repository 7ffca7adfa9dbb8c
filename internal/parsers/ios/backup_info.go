package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// backupInfo reads what the computer wrote down of the phone it backed up.
type backupInfo struct{}

// backupInfoKeys are the keys of Info.plist that are kept, with their fields.
var backupInfoKeys = []struct{ key, field, doc string }{
	{"Build Version", "build_version", "build of iOS"},
	{"Device Name", "device_name", "name that the owner gave the phone"},
	{"Display Name", "display_name", "name under which the backup shows"},
	{"GUID", "guid", "identifier of the backup"},
	{"ICCID", "iccid", "number of the SIM card"},
	{"IMEI", "imei", "number of the phone's modem"},
	{"IMEI 2", "imei_2", "number of the modem's second line"},
	{"MEID", "meid", "number of the modem in CDMA networks"},
	{"Phone Number", "phone_number", "number of the SIM card"},
	{"Product Name", "product_name", "model as people call it"},
	{"Product Type", "product_type", "model as iOS calls it"},
	{"Product Version", "product_version", "version of iOS"},
	{"Serial Number", "serial_number", "serial number of the phone"},
	{"Target Identifier", "target_identifier", "identifier of the phone (UDID)"},
	{"Target Type", "target_type", "kind of target"},
	{"Unique Identifier", "unique_identifier", "identifier of the phone, in capitals"},
	{"iTunes Version", "itunes_version", "version of the program that made the backup"},
	{"macOS Version", "macos_version", "system of the computer that made the backup"},
	{"macOS Build Version", "macos_build_version", "build of that system"},
}

var backupInfoInfo = artifact.Info{
	Name:    "ios.backup_info",
	Version: 1,
	Summary: "What the computer wrote down of the phone when it made the backup.",
	Files:   []string{"Info.plist"},
	Kinds: []artifact.KindInfo{{
		Kind:   "backup_info",
		Doc:    "The backup as a whole: one record.",
		Fields: backupInfoFields(),
		Times:  []string{"last_backup"},
	}},
	Caveats: []string{"It is written by the computer and not protected: who has the backup can change it."},
	Refs:    []string{"https://www.theiphonewiki.com/wiki/ITunes_Backup"},
}

func backupInfoFields() []artifact.FieldInfo {
	var list []artifact.FieldInfo
	for _, k := range backupInfoKeys {
		list = append(list, artifact.FieldInfo{Name: k.field, Type: artifact.Text, Doc: k.doc})
	}
	return append(list, artifact.FieldInfo{
		Name: "installed_applications", Type: artifact.Strings, Doc: "bundle identifiers of the apps",
	})
}

// Info implements artifact.Parser.
func (backupInfo) Info() artifact.Info { return backupInfoInfo }

// Parse implements artifact.Parser.
func (backupInfo) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		rec := r.start("backup_info", "", r.root)
		for _, k := range backupInfoKeys {
			if err := r.set(k.field, k.key, r.root.Get(k.key)); err != nil {
				return err
			}
		}
		var apps []string
		for app := range r.root.Get("Installed Applications").Items() {
			if s := r.text(app); s != "" {
				apps = append(apps, s)
				rec.Observe(artifact.AppID, s, "installed_applications")
			}
		}
		rec.Set("installed_applications", artifact.StringsValue(apps))
		observeAddress(rec, rec.Text("phone_number"), "phone_number")
		r.when("last_backup", r.root.Get("Last Backup Date"))
		rec.Summary = func(b []byte) []byte {
			return appendSummary(b, "backup of ", rec.Text("device_name"), " ", rec.Text("product_type"), " iOS ", rec.Text("product_version"))
		}
		return r.Give()
	})
}
