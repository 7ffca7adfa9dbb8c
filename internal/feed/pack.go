package feed

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/amparo-project/amparo/internal/limit"
)

// A pack is one file that carries installed sets to a machine that never sees
// a network: a signed note (https://pkg.go.dev/golang.org/x/mod/sumdb/note) of
// three lines, an empty line, the signature; a line of zero bytes; the list of
// entries as JSON in one line, whose SHA-256 the note has; and the compressed
// files of their newest versions, whose SHA-256 the list has.
const (
	packTitle = "amparo indicators pack 1"
	packEnd   = "\x00\n"
	maxNote   = 64 * limit.KiB
)

// Errors of packs.
var (
	ErrNotPack  = errors.New("no pack of indicators")
	ErrBroken   = errors.New("the pack is damaged")
	ErrUnsigned = errors.New("the pack is not signed by a key that is trusted")
)

// packedID is what the id of an entry looks like.
var packedID = regexp.MustCompile(`^[a-z0-9-]{1,80}$`)

// GenerateKey makes a pair of keys under a name, as text: the secret one
// signs packs, the public one is given to those who unpack them.
func GenerateKey(name string) (secret, public string, err error) {
	if name == "" || strings.ContainsAny(name, " +\n") {
		return "", "", fmt.Errorf("the name of a key has neither spaces nor +: %q", name)
	}
	return note.GenerateKey(rand.Reader, name)
}

// Pack writes the newest versions of all entries, signed. It returns how many.
func (s *Store) Pack(w io.Writer, secret string) (int, error) {
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return 0, errors.New("the secret key is none that was made by \"amparo indicators key\"")
	}
	var list []Entry
	for _, e := range s.Entries() {
		if v := e.Current(); v != nil {
			e.Versions = []Version{*v}
			e.Versions[0].Kept = "" // a name that only its shelf knows
			list = append(list, e)
		}
	}
	line, err := json.Marshal(list)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(line)
	text := fmt.Sprintf("%s\n%s\nsha256 %s\n", packTitle, s.now().UTC().Format(time.RFC3339), hex.EncodeToString(sum[:]))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	for _, b := range [][]byte{signed, []byte(packEnd), line, []byte("\n")} {
		if _, err := out.Write(b); err != nil {
			return 0, err
		}
	}
	for i := range list {
		if err := s.copyVersion(out, &list[i]); err != nil {
			return 0, err
		}
	}
	return len(list), out.Flush()
}

func (s *Store) copyVersion(w io.Writer, e *Entry) error {
	v := e.Current()
	if err := s.check(v, e.ID); err != nil {
		return err
	}
	// The length stands before the content, which a shelf has to read for it.
	size, sum, err := s.measure(v)
	if err != nil {
		return err
	}
	if sum != v.Stored {
		return fmt.Errorf("%w: installed set %s: its file was changed since it was stored", limit.ErrCorrupt, e.ID)
	}
	if _, err := fmt.Fprintf(w, "%d\n", size); err != nil {
		return err
	}
	f, err := s.shelf.Open(v.file())
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, size)
	return err
}

// measure reads the file of a version.
func (s *Store) measure(v *Version) (size int64, sum string, err error) {
	f, err := s.shelf.Open(v.file())
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return size, hex.EncodeToString(h.Sum(nil)), err
}

// Unpacked says what a pack brought.
type Unpacked struct {
	Signer  string // the name of the key
	Made    time.Time
	Added   []Entry // new here
	Changed []Entry // with a newer version than was here
	Same    int
}

// Unpack takes the sets of a pack into the store, if one of the public keys
// signed it. Nothing is taken of a pack of which anything is wrong.
func (s *Store) Unpack(r io.Reader, trusted []string) (*Unpacked, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	u, list, err := openPack(in, trusted)
	if err != nil {
		return nil, err
	}
	var drafts []*Draft
	defer func() {
		for _, d := range drafts {
			d.Discard()
		}
	}()
	for i := range list {
		d, err := s.receive(in, &list[i], i)
		if err != nil {
			return nil, fmt.Errorf("pack: %s: %w", list[i].ID, err)
		}
		drafts = append(drafts, d)
	}
	for i, d := range drafts {
		if err := s.take(u, d, &list[i]); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// openPack reads what stands before the files of a pack, and checks it.
func openPack(in *bufio.Reader, trusted []string) (*Unpacked, []Entry, error) {
	var known []note.Verifier
	for _, key := range trusted {
		v, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, nil, fmt.Errorf("public key %q: %w", clip(key), err)
		}
		known = append(known, v)
	}
	signed, err := readUntil(in, packEnd, maxNote)
	if err != nil || !bytes.HasPrefix(signed, []byte(packTitle+"\n")) {
		return nil, nil, ErrNotPack
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: it says that it is of %s", ErrUnsigned, signersOf(signed))
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 {
		return nil, nil, ErrNotPack
	}
	u := &Unpacked{Signer: n.Sigs[0].Name}
	if u.Made, err = time.Parse(time.RFC3339, lines[1]); err != nil {
		return nil, nil, ErrNotPack
	}
	line, err := readUntil(in, "\n", maxIndex)
	if err != nil {
		return nil, nil, fmt.Errorf("pack: %w", err)
	}
	if sum := sha256.Sum256(line); "sha256 "+hex.EncodeToString(sum[:]) != lines[2] {
		return nil, nil, fmt.Errorf("pack: %w: its list is not what was signed", ErrBroken)
	}
	var list []Entry
	if err := json.Unmarshal(line, &list); err != nil {
		return nil, nil, fmt.Errorf("pack: %w", err)
	}
	for i := range list {
		if len(list[i].Versions) != 1 || !packedID.MatchString(list[i].ID) {
			return nil, nil, fmt.Errorf("pack: %w: entry %d", ErrBroken, i+1)
		}
	}
	return u, list, nil
}

func clip(s string) string { return s[:min(len(s), 60)] }

// signersOf names the keys that a note says it is signed by.
func signersOf(signed []byte) string {
	var names []string
	for line := range strings.Lines(string(signed)) {
		if rest, ok := strings.CutPrefix(line, "— "); ok && len(names) < 5 {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, clip(name))
		}
	}
	return cmp.Or(strings.Join(names, ", "), "nobody")
}

// readUntil reads up to end, which is taken and not returned.
func readUntil(in *bufio.Reader, end string, most int) ([]byte, error) {
	var b []byte
	for {
		part, err := in.ReadSlice(end[len(end)-1])
		if b = append(b, part...); bytes.HasSuffix(b, []byte(end)) {
			return b[:len(b)-len(end)], nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if len(b) > most {
			return nil, limit.ErrLimit
		}
	}
}

// receive writes the n-th file of a pack beside the versions, and reads it.
func (s *Store) receive(in *bufio.Reader, e *Entry, n int) (*Draft, error) {
	var size int64
	line, err := readUntil(in, "\n", 32)
	if err == nil {
		_, err = fmt.Sscanf(string(line), "%d", &size)
	}
	if err != nil || size < 0 || size > maxContent {
		return nil, fmt.Errorf("%w: a length", ErrBroken)
	}
	v := e.Versions[0]
	v.Kept = ""
	d := &Draft{store: s, version: v}
	if d.file, err = s.shelf.draft(fmt.Sprintf("unpack-%d", n)); err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.CopyN(io.MultiWriter(d.file, sum), in, size)
	if err = errors.Join(err, d.file.Close()); err == nil && hex.EncodeToString(sum.Sum(nil)) != v.Stored {
		err = fmt.Errorf("%w: its file is not what the list says", ErrBroken)
	}
	if err == nil {
		err = d.load(e)
	}
	if err == nil && (d.Set.SHA256 != v.SHA256 || d.Set.Describe().Count != v.Count) {
		err = fmt.Errorf("%w: it is not what the list says", ErrBroken)
	}
	if err != nil {
		d.Discard()
		return nil, err
	}
	return d, nil
}

// take puts one file of a pack where it belongs: to the entry of the same
// address, or of the same id where it has none.
func (s *Store) take(u *Unpacked, d *Draft, e *Entry) error {
	e.Versions, e.ETag, e.Modified = nil, "", ""
	here := slices.IndexFunc(s.index.Entries, func(o Entry) bool {
		return o.Address == e.Address && (e.Address != "" || o.ID == e.ID)
	})
	if here < 0 {
		if s.Has(d.version.SHA256) != nil {
			u.Same++
			return nil
		}
		e.ID = s.index.id(e.ID)
		u.Added = append(u.Added, *e)
		return s.Put(d, e)
	}
	old := s.index.Entries[here]
	switch v := old.Current(); {
	case d.Same(&old), v != nil && !d.version.Added.After(v.Added):
		u.Same++ // the same, or older than what is here
		return nil
	}
	e.ID, e.Versions, e.Private = old.ID, old.Versions, e.Private || old.Private
	u.Changed = append(u.Changed, *e)
	return s.Put(d, e)
}
