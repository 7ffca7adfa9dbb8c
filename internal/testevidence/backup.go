package testevidence

import (
	"crypto/aes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// A builder writes one backup: first the files, each with its entry in the
// manifest, then the manifest and the lists beside it.
type builder struct {
	o        Options
	dir      string // the backup
	work     string // databases while they are written; gone at the end
	r        random
	ledger   ledger
	keys     *keybag // nil: not encrypted
	lists    plistWriter
	manifest *database
	files    *insert
	folders  map[string]bool // folders that have an entry
	inode    int64
	entries  int
}

// A fileMeta is what an entry of the manifest says beside name and size.
type fileMeta struct {
	protection int       // class of the key
	at         time.Time // of its last change; zero: any
}

// WriteIOSBackup writes a backup into dir, which must be empty or not there
// yet, and returns what it holds. The same options give the same bytes.
func WriteIOSBackup(dir string, o Options) (*Truth, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := emptyFolder(dir); err != nil {
		return nil, err
	}
	b := &builder{o: o, dir: dir, work: filepath.Join(dir, ".writing"), r: newRandom(o.Seed, "backup"), folders: map[string]bool{}}
	if err := os.Mkdir(b.work, 0o700); err != nil {
		return nil, err
	}
	if err := errors.Join(b.write(), os.RemoveAll(b.work)); err != nil {
		return nil, fmt.Errorf("write a synthetic backup: %w", err)
	}
	t := b.ledger.sorted()
	t.Seed, t.Messages, t.Encrypted = o.Seed, o.Messages, o.Encrypted
	if o.Encrypted {
		t.Password = o.Password
	}
	return t, nil
}

// emptyFolder makes dir, and refuses one that holds anything: a generated
// backup must never be mixed with evidence.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	switch _, err = d.Readdirnames(1); {
	case err == nil:
		return fmt.Errorf("%s: %w and not empty", dir, fs.ErrExist)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

func (b *builder) write() error {
	if b.o.Encrypted {
		var err error
		if b.keys, err = newKeybag(newRandom(b.o.Seed, "keybag"), b.o); err != nil {
			return err
		}
	}
	b.manifest = b.create("", "Manifest.db", "manifest", 4096)
	b.files = b.manifest.insert("Files", "fileID", "domain", "relativePath", "flags", "file")
	for _, part := range []func() error{
		b.messages, b.whatsApp, b.whatsAppPeople, b.history, b.tabs, b.dataUsage, b.permissions,
		b.contacts, b.calls, b.interactions, b.calendar, b.preferences, b.storage, b.systemLists, b.attachmentFolders, b.disguises, b.takenOver, b.tracesInNames, b.links, b.otherFiles,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	if err := b.finishManifest(); err != nil {
		return err
	}
	return b.writeLists()
}

// fileID is the name of a file in a backup: SHA-1 of domain and path.
func fileID(domain, relative string) string {
	sum := sha1.Sum([]byte(domain + "-" + relative))
	return hex.EncodeToString(sum[:])
}

// addFile moves the file that lies at source into the backup.
func (b *builder) addFile(domain, relative, source string, m fileMeta) error {
	if err := b.addFolders(domain, relative); err != nil {
		return err
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	key, err := b.addEntry(domain, relative, info.Size(), m)
	if err != nil {
		return err
	}
	target, err := b.target(domain, relative)
	if err != nil {
		return err
	}
	b.ledger.truth.Bytes += info.Size()
	if key == nil {
		return os.Rename(source, target)
	}
	return errors.Join(encryptFile(target, source, key), os.Remove(source))
}

// addBytes puts a small file into the backup.
func (b *builder) addBytes(domain, relative string, data []byte, m fileMeta) error {
	source := filepath.Join(b.work, "small")
	if err := os.WriteFile(source, data, 0o600); err != nil {
		return err
	}
	return b.addFile(domain, relative, source, m)
}

func (b *builder) target(domain, relative string) (string, error) {
	id := fileID(domain, relative)
	folder := filepath.Join(b.dir, id[:2])
	return filepath.Join(folder, id), os.MkdirAll(folder, 0o750)
}

// addEntry adds the entry of a file, and returns its key if the backup is
// encrypted.
func (b *builder) addEntry(domain, relative string, size int64, m fileMeta) (key []byte, err error) {
	f := b.newEntry(relative, 0o100644)
	f.size, f.protection = size, m.protection
	if !m.at.IsZero() {
		f.birth, f.modified, f.changed = m.at.Unix(), m.at.Unix(), m.at.Unix()
	}
	if b.keys != nil {
		key = b.r.bytes(32)
		f.key = b.keys.wrapped(m.protection, key)
	}
	b.ledger.truth.Files++
	return key, b.row(domain, 1, f)
}

// addFolders adds the entries of the folders above a file.
func (b *builder) addFolders(domain, relative string) error {
	for folder := relative; folder != ""; {
		if folder = path.Dir(folder); folder == "." {
			folder = ""
		}
		if b.folders[domain+"/"+folder] {
			return nil
		}
		b.folders[domain+"/"+folder] = true
		b.ledger.truth.Folders++
		if err := b.row(domain, 2, b.newEntry(folder, 0o40755)); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) newEntry(relative string, mode int) *mbFile {
	b.inode++
	at := b.r.between(first, last)
	// Most files of a phone, photos above all, are written once.
	born := at
	if b.inode%8 == 0 {
		born = b.r.between(first.AddDate(-1, 0, 0), at)
	}
	return &mbFile{
		path: relative, mode: mode, user: 501, group: 501, inode: 1_000_000 + b.inode,
		birth: born.Unix(), modified: at.Unix(), changed: at.Unix(),
	}
}

func (b *builder) row(domain string, flags int, f *mbFile) error {
	b.entries++
	b.files.row(fileID(domain, f.path), domain, f.path, flags, b.lists.mbFile(f))
	return b.manifest.err
}

// finishManifest ends Manifest.db, which is no file of itself.
func (b *builder) finishManifest() error {
	d := b.manifest
	_, after := d.statements()
	d.exec(after)
	d.commit()
	d.fail(errors.Join(d.conn.Close(), d.db.Close()))
	if d.err != nil {
		return d.err
	}
	d.b.ledger.count(TableCount{Path: "Manifest.db", Table: "Files", Rows: b.files.count.Rows})
	target := filepath.Join(b.dir, "Manifest.db")
	if b.keys == nil {
		return os.Rename(d.file, target)
	}
	return encryptFile(target, d.file, b.manifestKey())
}

// manifestKey is the key of Manifest.db, the same however often it is asked for.
func (b *builder) manifestKey() []byte { return newRandom(b.o.Seed, "manifest key").bytes(32) }

// encryptFile writes source to target as iTunes encrypts: AES-256-CBC with a
// zero initialisation vector and PKCS #7 padding.
func encryptFile(target, source string, key []byte) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(target)
	if err != nil {
		return err
	}
	return errors.Join(encrypt(out, in, key), out.Close())
}

func encrypt(out io.Writer, in io.Reader, key []byte) error {
	mode := newCBC(key)
	buf := make([]byte, 1<<18+aes.BlockSize)
	for {
		n, err := io.ReadFull(in, buf[:1<<18])
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return err
		}
		if end {
			pad := aes.BlockSize - n%aes.BlockSize
			for i := range pad {
				buf[n+i] = byte(pad)
			}
			n += pad
		}
		mode.CryptBlocks(buf[:n], buf[:n])
		if _, err := out.Write(buf[:n]); err != nil || end {
			return err
		}
	}
}

// copyFile copies a file that somebody still holds open.
func copyFile(target, source string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(target)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
