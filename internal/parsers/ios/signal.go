package ios

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// signal reads what Signal leaves readable.
type signal struct{}

var signalInfo = artifact.Info{
	Name:    "ios.signal",
	Version: 1,
	Summary: "What Signal leaves readable: that its store is there and encrypted, its settings, its attachments by name; messages of a store that was decrypted before.",
	Files: []string{
		"**/signal.sqlite", "**/group.org.whispersystems.signal.group.plist", "**/org.whispersystems.signal.plist", artifact.ListingPath,
	},
	Kinds: []artifact.KindInfo{
		chatKind("A message (table model_TSInteraction) of a store that was decrypted before.", []string{"message", "received"},
			artifact.FieldInfo{Name: "sender_uuid", Type: artifact.Text, Doc: "identity of the sender at the service"}),
		storeKind,
		{
			Kind: "setting",
			Doc:  "One key of the app's settings.",
			Fields: []artifact.FieldInfo{
				{Name: "entry", Type: artifact.Text, Doc: "key"},
				{Name: "value", Type: artifact.Tree, Doc: "value, of whatever type it is"},
			},
		},
		{
			Kind: "attachment",
			Doc:  "A file among the app's attachments. Newer versions encrypt each, and name it at random.",
			Fields: []artifact.FieldInfo{
				{Name: "file", Type: artifact.Text, Doc: "its path"},
				{Name: "size", Type: artifact.Int, Doc: "its bytes"},
			},
			Times: []string{"modified"},
		},
	},
	Caveats: []string{
		"The key of the store lies in the phone's keychain: a backup has none, and this program asks for none.",
		"Signal keeps its store out of backups.",
	},
	Refs: []string{
		"https://github.com/signalapp/Signal-iOS/blob/main/SignalServiceKit/Storage/Database/GRDBDatabaseStorageAdapter.swift",
		"https://www.zetetic.net/sqlcipher/design/ (pages are encrypted, a plain header is kept on iOS)",
	},
}

// Info implements artifact.Parser.
func (signal) Info() artifact.Info { return signalInfo }

// Parse implements artifact.Parser.
func (signal) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	switch {
	case in.Path == artifact.ListingPath:
		return listSignal(ctx, in)
	case strings.HasSuffix(in.Path, ".plist"):
		return readPropertyList(ctx, in, readSignalSettings)
	default:
		return readChatStore(ctx, in, readSignal)
	}
}

// A signalReader reads messages of a plain store.
type signalReader struct {
	*table
	threads map[string]party

	body, author, uuid, thread, at, arrived, preview int
}

func readSignal(r *reading) error {
	t, err := r.table("model_TSInteraction")
	if err != nil {
		return err
	}
	s := &signalReader{table: t, threads: map[string]party{}}
	if err := s.readThreads(); err != nil {
		return err
	}
	s.body, s.author, s.uuid = t.take("body"), t.take("authorPhoneNumber"), t.take("authorUUID")
	s.thread, s.at, s.arrived = t.take("uniqueThreadId"), t.take("timestamp"), t.take("receivedAtTimestamp")
	s.preview = t.find("linkPreview")
	t.seal(signalInfo.Kinds[0])
	return t.each(s.message)
}

func (s *signalReader) readThreads() error {
	t := s.r.optional("model_TSThread", "uniqueId", "contactPhoneNumber", "contactUUID")
	if t == nil {
		return nil
	}
	id, number, uuid := t.find("uniqueId"), t.find("contactPhoneNumber"), t.find("contactUUID")
	return s.r.unjoined(t.each(func() error {
		key := t.text(id)
		p := party{id: firstText(t.plain(number), t.text(uuid), key)}
		s.threads[key] = p
		return t.hold(key, p.id)
	}))
}

func (s *signalReader) message() error {
	rec := s.start("message")
	id := s.text(s.thread)
	m := chatMessage{text: s.text(s.body), chat: s.threads[id], addresses: true}
	if m.chat.id == "" {
		m.chat.id = id
	}
	uuid := s.text(s.uuid)
	switch author := s.plain(s.author); {
	case author != "" || uuid != "":
		m.direction, m.sender = received, party{id: firstText(author, uuid)}
	case m.text != "":
		// The owner's messages have no author; notices have neither that nor a body.
		m.direction = sent
	}
	if data := s.bytes(s.preview); len(data) > 0 && len(data) <= maxMetadata {
		m.links = s.r.listLinks(data)
	}
	s.r.setChat(rec, &m)
	rec.Set("sender_uuid", artifact.TextOrNull(uuid))
	s.set(rec)
	rec.When("message", artifact.UnixMilliseconds, s.number(s.at))
	rec.When("received", artifact.UnixMilliseconds, s.number(s.arrived))
	return s.give()
}

func readSignalSettings(r *listReading) error {
	for key, v := range r.root.All() {
		rec := r.start("setting", key, v)
		rec.Set("entry", artifact.TextValue(r.Cut(key)))
		value, err := plist.Any(v, treeLimits)
		if err != nil {
			if err := r.problem(key, err); err != nil {
				return err
			}
		}
		rec.Set("value", artifact.TreeValue(value))
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "setting ", rec.Text("entry")) }
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}

// signalStore is where the store lies in the folder of the app's group.
const signalStore = "grdb/signal.sqlite"

// maxSignalGroups bounds the folders that hold a store; a phone has one.
const maxSignalGroups = 16

// errNotListed says that a list of files has nothing of an artifact.
var errNotListed = fmt.Errorf("nothing in the list of files: %w", fs.ErrNotExist)

// listSignal finds the folders that hold a store, and tells of the attachments
// in them: in a dump their names are random, and say nothing of the app.
func listSignal(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		var groups []string
		for f, err := range in.Files() {
			if err != nil {
				continue // what could not be listed is told by the list of files itself
			}
			if group, ok := strings.CutSuffix(f.Path, signalStore); ok && len(groups) < maxSignalGroups {
				groups = append(groups, group)
			}
		}
		if len(groups) == 0 {
			yield(nil, errNotListed)
			return
		}
		var rec artifact.Record
		for f, err := range in.Files() {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if err != nil || !signalAttachment(f.Path, groups) {
				continue // what could not be listed is told by the list of files itself
			}
			giveAttachment(&rec, f)
			if !yield(&rec, nil) {
				return
			}
		}
	}
}

func signalAttachment(path string, groups []string) bool {
	for _, g := range groups {
		if rest, ok := strings.CutPrefix(path, g); ok {
			return strings.HasPrefix(rest, "Attachments/") || strings.HasPrefix(rest, "attachment_files/")
		}
	}
	return false
}

func giveAttachment(rec *artifact.Record, f artifact.File) {
	rec.Reset("attachment")
	rec.Loc.Path = f.Path
	rec.Set("file", artifact.TextValue(f.Path))
	rec.Set("size", artifact.IntValue(f.Size))
	rec.Observe(artifact.FileName, fileName(f.Path), "file")
	if !f.Modified.IsZero() {
		rec.WhenAt("modified", f.Modified)
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "attachment of Signal ", f.Path) }
}
