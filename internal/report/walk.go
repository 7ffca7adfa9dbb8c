package report

import (
	"crypto/sha1" // backups name their files so
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

// storedStep is the step that names the file in the evidence and its hash.
const storedStep = 1

// walkSteps is the walk as sentences, each with a command for a POSIX shell or
// "". The commands of one walk follow on each other: they copy what they need
// into a folder that is named as the finding, so that no program touches the
// evidence. key is ExplainOptions.Key.
func walkSteps(f *finding.Finding, e *finding.Evidence, p *message.Printer, key string) []pair {
	w := &walk{at: &f.Where, e: e, Printer: p, dir: workFolder(f.ID), key: key}
	w.add(p.Text("explain.evidence", "Path", visible(strings.TrimSuffix(e.Path+"/"+e.Root, "/")), "Kind", e.Kind))
	w.reach()
	w.row()
	if w.at.Length > 0 && w.file != "" {
		w.add(p.Text("explain.offset", "Page", w.at.Page, "Offset", w.at.Offset, "Length", w.at.Length),
			fmt.Sprintf("xxd -s %d -l %d %s", w.at.Offset, w.at.Length, quote(w.file)))
	}
	return w.steps
}

// workFolder is the folder of a walk.
func workFolder(id string) string {
	if id == "" {
		return "walk"
	}
	return plainName(id)
}

// walkFile is the copy that the bytes of a finding are in.
func walkFile(f *finding.Finding) string {
	if f.Where.Stored == "" {
		return ""
	}
	return path.Join(workFolder(f.ID), plainName(path.Base(f.Where.Path)))
}

// A walk is made step by step.
type walk struct {
	*message.Printer
	at    *finding.Provenance
	e     *finding.Evidence
	dir   string
	key   string
	file  string // the copy that the row's bytes are in
	steps []pair
}

// add adds a step. Several commands make one, each only after the one before.
func (w *walk) add(name string, commands ...string) {
	w.steps = append(w.steps, pair{name, visible(strings.Join(commands, " && "))})
}

// reach comes from the evidence to the logical file.
func (w *walk) reach() {
	at := w.at
	stored := w.Text("explain.stored", "Stored", visible(at.Stored), "SHA256", at.SHA256)
	if at.Stored == "" {
		w.add(w.Text("explain.listed", "Path", visible(at.Path)))
		return
	}
	if len(w.e.Packed) == 0 {
		w.add(stored, "sha256sum "+quote(w.original(at.Stored)))
	} else {
		copied := path.Join(w.dir, plainName(path.Base(at.Stored)))
		w.add(stored, append(w.fetch(at.Stored, copied), "sha256sum "+quote(copied))...)
	}
	w.file = path.Join(w.dir, plainName(path.Base(at.Path)))
	switch {
	case w.e.Encrypted && w.e.Kind == iosBackup:
		w.decrypted()
	case w.inside() != "":
		w.opened()
	default:
		w.copied()
	}
}

// iosBackup is the kind of an iTunes backup, whose files are named below its
// root; those of other kinds are named below the path.
const iosBackup = "ios-backup"

// member is the name of a stored file in the folder or archive that is the evidence.
func (w *walk) member(stored string) string {
	if w.e.Kind == iosBackup {
		return path.Join(w.e.Root, stored)
	}
	return stored
}

// original is the path of a stored file of evidence that is not packed.
func (w *walk) original(stored string) string {
	if stored == w.e.Path || path.Base(w.e.Path) == stored && w.e.Kind != iosBackup {
		return w.e.Path // the file was given by itself
	}
	return path.Join(w.e.Path, w.member(stored))
}

// fetch returns the commands that copy a stored file.
func (w *walk) fetch(stored, to string) []string {
	commands := []string{"mkdir -p " + quote(w.dir)}
	if len(w.e.Packed) == 0 {
		return append(commands, "cp "+quote(w.original(stored))+" "+quote(to))
	}
	archive := w.e.Packed[0]
	for _, inner := range w.e.Packed[1:] {
		next := path.Join(w.dir, plainName(path.Base(inner.Path)))
		commands = append(commands, unpack(archive, inner.Path)+" > "+quote(next))
		archive = finding.Archive{Path: next, Format: inner.Format}
	}
	switch archive.Format {
	case "age":
		inner := path.Join(w.dir, "acquisition.zip")
		commands = append(commands, "age -d -i KEYFILE "+quote(archive.Path)+" > "+quote(inner))
		archive = finding.Archive{Path: inner, Format: "zip"}
	case "ab", "ab_plain":
		return append(commands, "cp "+quote(archive.Path)+" "+quote(to)) // it is stored as a whole
	}
	return append(commands, unpack(archive, w.member(stored))+" > "+quote(to))
}

// unpack is the command that writes one file of an archive to its output.
func unpack(a finding.Archive, member string) string {
	switch a.Format {
	case "zip":
		return "unzip -p " + quote(a.Path) + " " + quote(zipPattern.Replace(member))
	case "ab":
		// A backup is a head of 24 bytes before a zlib stream: with the head of
		// gzip in its place, and that of zlib left out, gzip reads it.
		return `(printf '\037\213\010\000\000\000\000\000\000\000'; tail -c +27 ` + quote(a.Path) + ") | gzip -dcq 2>/dev/null | tar -xOf - " + quote(member)
	case "ab_plain":
		return "tail -c +25 " + quote(a.Path) + " | tar -xOf - " + quote(member)
	}
	// Some archives have their names behind ./
	one := "tar -xOf " + quote(a.Path) + " "
	return "{ " + one + quote(member) + " 2>/dev/null || " + one + quote("./"+member) + "; }"
}

// zipPattern keeps unzip from taking a name for a pattern.
var zipPattern = strings.NewReplacer("[", `\[`, "*", `\*`, "?", `\?`)

// decrypted is the step over the encryption of a backup.
func (w *walk) decrypted() {
	from := w.e.Path
	if len(w.e.Packed) == 0 {
		from = path.Join(w.e.Path, w.e.Root)
	}
	commands := []string{"amparo decrypt " + quote(from) + " --out clear", "mkdir -p " + quote(w.dir)}
	for _, name := range w.sides() {
		commands = append(commands, "cp "+quote("clear/"+name)+" "+quote(path.Join(w.dir, plainName(path.Base(name)))))
	}
	w.add(w.Text("explain.decrypt", "Path", visible(w.at.Path)), commands...)
}

// inside is the name of the logical file within the stored one, where that is
// an archive itself; "" where it is not.
func (w *walk) inside() string {
	base := path.Base(w.at.Stored)
	if archiveFormat(base) == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(w.at.Path, base+"/"); ok {
		return rest
	}
	if _, rest, ok := strings.Cut(w.at.Path, "/"+base+"/"); ok {
		return rest
	}
	if n := len(w.e.Packed); n > 0 && strings.HasPrefix(w.e.Packed[n-1].Format, "ab") || strings.HasSuffix(base, ".ab") {
		return w.at.Path
	}
	return ""
}

// archiveFormat is the format of an archive by its name.
func archiveFormat(name string) string {
	for _, f := range []struct{ suffix, format string }{{".zip", "zip"}, {".ab", "ab"}, {".tar", "tar"}, {".tar.gz", "gzip"}, {".tgz", "gzip"}} {
		if strings.HasSuffix(strings.ToLower(name), f.suffix) {
			return f.format
		}
	}
	return ""
}

// opened takes the logical file out of a stored archive.
func (w *walk) opened() {
	archive := finding.Archive{Path: w.original(w.at.Stored), Format: archiveFormat(path.Base(w.at.Stored))}
	if n := len(w.e.Packed); n > 0 {
		archive.Path = path.Join(w.dir, plainName(path.Base(w.at.Stored)))
		if format := w.e.Packed[n-1].Format; strings.HasPrefix(format, "ab") {
			archive.Format = format
		}
	}
	w.add(w.Text("explain.logical", "Path", visible(w.at.Path)),
		"mkdir -p "+quote(w.dir), unpack(archive, w.inside())+" > "+quote(w.file))
}

// copied copies the file, and what SQLite needs beside it.
func (w *walk) copied() {
	var commands []string
	for _, name := range w.sides() {
		to := path.Join(w.dir, plainName(path.Base(name)))
		commands = append(commands, w.fetch(w.storedOf(name), to)...)
	}
	w.add(w.Text("explain.logical", "Path", visible(w.at.Path)), commands...)
}

// sides are the logical files that the row needs: a row in the write-ahead log
// the database too, under the names that SQLite expects.
func (w *walk) sides() []string {
	if w.at.State == "wal" {
		return []string{strings.TrimSuffix(w.at.Path, "-wal"), w.at.Path}
	}
	return []string{w.at.Path}
}

// storedOf is how the file beside the finding's is stored: a backup names each
// by the SHA-1 of its domain and path.
func (w *walk) storedOf(name string) string {
	if name == w.at.Path {
		return w.at.Stored
	}
	suffix := strings.TrimPrefix(w.at.Path, name)
	if path.Base(w.at.Stored) != hashedName(w.at.Path) {
		return strings.TrimSuffix(w.at.Stored, suffix)
	}
	hashed := hashedName(name)
	if strings.Contains(w.at.Stored, "/") { // since iOS 10, in 256 folders
		return path.Join(path.Dir(path.Dir(w.at.Stored)), hashed[:2], hashed)
	}
	return hashed
}

// hashedName is the name of a file in a backup.
func hashedName(logical string) string {
	domain, rest, _ := strings.Cut(logical, "/")
	sum := sha1.Sum([]byte(domain + "-" + rest))
	return hex.EncodeToString(sum[:])
}

// row comes from the file to the row, or to the entry of a property list.
func (w *walk) row() {
	at, p := w.at, w.Printer
	switch {
	case at.Confidence > 0:
		w.steps = append(w.steps, recoveredStep(at, p))
	case at.RowID != nil && strings.HasSuffix(strings.ToLower(at.Path), ".apk"):
		// A text in a file of an app package.
		w.add(p.Text("explain.section", "Section", visible(at.Table)),
			fmt.Sprintf("unzip -p %s %s | xxd -s %d -l 256", quote(w.file), quote(zipPattern.Replace(at.Table)), *at.RowID))
	case at.RowID != nil:
		w.query(p.Text("explain.row", "Table", visible(at.Table), "RowID", *at.RowID), fmt.Sprintf("rowid = %d", *at.RowID))
	case at.Page > 0 && at.Table != "":
		w.query(p.Text("explain.norowid", "Table", visible(at.Table)), w.key)
	case at.Table != "" && w.isList():
		w.add(p.Text("explain.key", "Key", visible(at.Table)), "plutil -p "+quote(w.file))
	case at.Table != "":
		w.add(p.Text("explain.section", "Section", visible(at.Table)))
	}
}

// query is the step that shows the row in its table.
func (w *walk) query(name, where string) {
	database := quote("file:" + w.file + "?immutable=1")
	if w.at.State == "wal" {
		name += ". " + w.Text("explain.wal")
		database = quote(strings.TrimSuffix(w.file, "-wal"))
	}
	sql := "select * from " + identifier(w.at.Table)
	if where != "" {
		sql += " where " + where
	}
	w.add(name, "sqlite3 -readonly -line "+database+" "+quote(sql))
}

// isList reports whether the file is a property list.
func (w *walk) isList() bool {
	name := strings.ToLower(w.at.Path)
	for _, suffix := range []string{".plist", ".stub", ".mobileconfig", ".shortcut"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return strings.HasPrefix(string(w.at.Bytes), "bplist00") || strings.HasPrefix(string(w.at.Bytes), "<?xml")
}

// quote makes one word for a POSIX shell.
func quote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(plainShell, r) }) < 0 && s[0] != '-' {
		return s
	}
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

const plainShell = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-:=+,@"

// plainName is a name for a copy: what a URI or a shell would take for
// something else is a low line.
func plainName(name string) string {
	return strings.TrimLeft(strings.Map(func(r rune) rune {
		if strings.ContainsRune(plainShell, r) && r != '/' && r != ':' {
			return r
		}
		return '_'
	}, name), "-")
}

// identifier quotes a name for SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
