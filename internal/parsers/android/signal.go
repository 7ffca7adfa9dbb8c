package android

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// signal tells what Signal leaves readable, and what would be needed for the
// rest.
type signal struct{}

var signalInfo = artifact.Info{
	Name:    "android.signal",
	Version: 1,
	Summary: "What Signal leaves readable: that its store is there and encrypted and what would open it, its backup files, its plain settings, its attachments by name.",
	Files: []string{
		"**/signal.db", "**/signal-*.backup", "**/org.thoughtcrime.securesms_preferences.xml", "**/app_parts/part*.mms",
	},
	Kinds: []artifact.KindInfo{
		{
			Kind: "store", Doc: "A database of the app, of which no message was read.",
			Fields: []artifact.FieldInfo{
				boolField("encrypted", "it is encrypted, and its key is not in this file"), intField("size", "its bytes"),
				textField("reason", "what the encryption was known by"), textField("needed", "what would open it"),
			},
		},
		{
			Kind: "backup", Doc: "A backup file that the app made itself: encrypted under a passphrase of 30 digits.",
			Fields: []artifact.FieldInfo{
				textField("file", "name of the file"), intField("size", "its bytes"), intField("version", "version of the form, 0 where the file tells none"),
				textField("needed", "what would open it"),
			},
			Times: []string{"made"},
		},
		{
			Kind: "setting", Doc: "A plain setting of the app. The value of one that is a secret is left out.",
			Fields: []artifact.FieldInfo{textField("name", "its name"), textField("type", "string, boolean, int, long, float or set"), textField("value", "its value"), boolField("secret", "it holds a key or a secret")},
		},
		{
			Kind: "attachment", Doc: "A file among the app's attachments, each encrypted.",
			Fields: []artifact.FieldInfo{textField("file", "its name"), intField("size", "its bytes")},
		},
	},
	Caveats: []string{
		"The key of the store is sealed by the phone's Keystore: no copy of the phone's files has it, and this program asks for none.",
		"Signal takes no part in the phone's backups.",
	},
	Refs: []string{
		"https://github.com/signalapp/Signal-Android (crypto/DatabaseSecretProvider.java, crypto/KeyStoreHelper.java, backup/FullBackupBase.java, util/TextSecurePreferences.java)",
		"https://github.com/bepaald/signalbackup-tools",
		"https://www.zetetic.net/sqlcipher/design/",
	},
}

// What would open each, for the one who asks.
const (
	signalStoreNeeds  = "the unlocked phone itself: its Keystore seals the key (setting pref_database_encrypted_secret); or a backup file of Signal with its passphrase"
	signalBackupNeeds = "the passphrase of 30 digits that Signal showed when backups were switched on"
)

// Info implements artifact.Parser.
func (signal) Info() artifact.Info { return signalInfo }

// Parse implements artifact.Parser.
func (signal) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	switch path.Ext(in.Path) {
	case ".db":
		return readSignalStore(ctx, in)
	case ".xml":
		return readWhole(ctx, in, signalSettings)
	case ".backup":
		return readWhole(ctx, in, signalBackup)
	default:
		return readWhole(ctx, in, func(r *fileReading) error {
			rec := r.Start("attachment", 0, in.Size)
			r.set("file", in.Path)
			rec.Set("size", artifact.IntValue(in.Size))
			rec.Observe(artifact.FileName, baseName(in.Path), "file")
			return r.Give()
		})
	}
}

// readSignalStore tells of the store, and ends with the error that says that
// nothing of it was read.
func readSignalStore(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		stopped := false
		pass := func(rec *artifact.Record, err error) bool {
			stopped = stopped || !yield(rec, err)
			return !stopped
		}
		for rec, err := range readDatabase(ctx, in, signalPlain) {
			if errors.Is(err, limit.ErrEncrypted) && !pass(signalStore(in, err), nil) || !pass(rec, err) {
				return
			}
		}
	}
}

// signalPlain is called for a store that is not encrypted: somebody decrypted
// it before, or it is a file of another app.
func signalPlain(d *dbReading) error {
	if _, ok := d.db.Table("recipient"); !ok {
		return fmt.Errorf("%w: no table recipient", limit.ErrUnsupported)
	}
	rec := d.Start("store", 0, d.In.Size)
	rec.Set("encrypted", artifact.BoolValue(false))
	rec.Set("size", artifact.IntValue(d.In.Size))
	if err := d.Give(); err != nil {
		return err
	}
	return fmt.Errorf("%w: a store of Signal that was decrypted before: its messages are not read", limit.ErrUnsupported)
}

func signalStore(in *artifact.Input, err error) *artifact.Record {
	r := &fileReading{&input.Reading{In: in}}
	rec := r.Start("store", 0, in.Size)
	rec.Set("encrypted", artifact.BoolValue(true))
	rec.Set("size", artifact.IntValue(in.Size))
	reason := err.Error()
	if i := strings.LastIndex(reason, limit.ErrEncrypted.Error()+": "); i >= 0 {
		reason = reason[i:]
	}
	r.set("reason", reason)
	r.set("needed", signalStoreNeeds)
	name := in.Path
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "encrypted store, not read: ", name) }
	return rec
}

// signalBackup reads the head of a backup file: four bytes of length, and a
// frame of Protocol Buffers with the header. All that follows is encrypted.
func signalBackup(r *fileReading) error {
	const maxHead = 1024
	head := make([]byte, min(r.In.Size, maxHead))
	if _, err := r.In.ReadAt(head, 0); err != nil {
		return err
	}
	version, ok := signalBackupVersion(head)
	if !ok {
		return errUnknownForm
	}
	rec := r.Start("backup", 0, r.In.Size)
	r.set("file", baseName(r.In.Path))
	rec.Set("size", artifact.IntValue(r.In.Size))
	rec.Set("version", artifact.IntValue(int64(version)))
	r.set("needed", signalBackupNeeds)
	made := strings.TrimSuffix(strings.TrimPrefix(baseName(r.In.Path), "signal-"), ".backup")
	if at, err := time.Parse("2006-01-02-15-04-05", made); err == nil {
		rec.WhenLocal("made", at)
	}
	name := baseName(r.In.Path)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "backup of Signal, encrypted: ", name) }
	if err := r.Give(); err != nil {
		return err
	}
	return fmt.Errorf("%w: a backup of Signal: it needs %s", limit.ErrEncrypted, signalBackupNeeds)
}
