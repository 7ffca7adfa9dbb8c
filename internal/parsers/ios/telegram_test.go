package ios

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const telegramPath = "AppDomainGroup-group.ph.telegra.Telegraph/telegram-data/account-1/postbox/db/db_sqlite"

// The writers below follow PostboxCoding and MessageHistoryTable of Telegram-iOS.

func le32(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(int32(n))) }

func boxText(b []byte, s string) []byte { return append(le32(b, len(s)), s...) }

type boxField struct {
	key   string
	value any // int32, int64, bool, string, []boxField for an object, [][]boxField for a list of them, []byte
}

func boxObject(fields ...boxField) []byte {
	var b []byte
	for _, f := range fields {
		b = append(append(b, byte(len(f.key))), f.key...)
		switch v := f.value.(type) {
		case int32:
			b = binary.LittleEndian.AppendUint32(append(b, 0), uint32(v))
		case int64:
			b = binary.LittleEndian.AppendUint64(append(b, 1), uint64(v))
		case bool:
			b = append(b, 2, byte(btoi(v)))
		case string:
			b = boxText(append(b, 4), v)
		case []boxField:
			b = boxInner(append(b, 5), v)
		case [][]boxField:
			b = le32(append(b, 8), len(v))
			for _, o := range v {
				b = boxInner(b, o)
			}
		case []string:
			b = le32(append(b, 12), len(v))
			for _, s := range v {
				b = boxText(b, s)
			}
		case []byte:
			b = boxText(append(b, 10), string(v))
		case nil:
			b = append(b, 11)
		default:
			panic(fmt.Sprintf("no type for %T", v))
		}
	}
	return b
}

func boxInner(b []byte, fields []boxField) []byte {
	return boxText(le32(b, 77), string(boxObject(fields...)))
}

func boxRoot(fields ...boxField) []byte { return boxObject(boxField{"_", fields}) }

type boxMessage struct {
	tags, flags byte
	author      int64
	forward     []byte // its flags and what follows
	text        string
	attributes  [][]byte
	media       [][]byte
}

func (m boxMessage) bytes() []byte {
	b := []byte{0, 1, 0, 0, 0, 2, 0, 0, 0, m.tags}
	for bit, n := range telegramTags {
		if m.tags&(1<<bit) != 0 {
			b = append(b, make([]byte, n)...)
		}
	}
	b = append(b, m.flags, 0, 0, 0, 0, 0, 0, 0)
	if m.forward == nil {
		b = append(b, 0)
	}
	b = append(b, m.forward...)
	if m.author == 0 {
		b = append(b, 0)
	} else {
		b = binary.LittleEndian.AppendUint64(append(b, 1), uint64(m.author))
	}
	b = boxText(b, m.text)
	for _, list := range [][][]byte{m.attributes, m.media} {
		b = le32(b, len(list))
		for _, o := range list {
			b = boxText(b, string(o))
		}
	}
	return le32(b, 0)
}

func boxKey(peer int64, id, date uint32) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(peer))
	b = binary.BigEndian.AppendUint32(b, 0)
	return hex.EncodeToString(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, date), id))
}

const channelID = int64(2)<<32 | 4242

func telegramSamples(tb testing.TB) []artifacttest.Sample {
	forward := binary.LittleEndian.AppendUint64([]byte{0x0a}, 55)
	forward = boxText(append(le32(forward, 1670000000), make([]byte, 8)...), "firma")
	messages := map[string]boxMessage{
		boxKey(1001, 1, 1680000000): {flags: telegramIncoming, author: 1001, text: "mira https://bad.example.com/4 ya", attributes: [][]byte{
			boxRoot(boxField{"entities", [][]boxField{{{"_rawValue", int32(8)}, {"url", "https://hidden.example.net/x"}, {"from", int32(0)}}}}),
		}, media: [][]byte{boxRoot(boxField{"u", "https://page.example.org/p"}, boxField{"ti", "Título"}, boxField{"ok", true}, boxField{"no", nil})}},
		boxKey(1001, 2, 1680000001): {author: 1002, text: "gracias", tags: 0x3f},
		boxKey(channelID, 3, 1680000002): {flags: telegramIncoming, author: channelID, forward: forward, media: [][]byte{
			boxRoot(boxField{"mt", "application/vnd.android.package-archive"}, boxField{"at", [][]boxField{{{"t", int32(0)}, {"fn", "update.apk"}}, {{"t", int32(1)}}}}, boxField{"s64", int64(9)}, boxField{"im", []byte{1, 2}}, boxField{"w", []string{"a"}}),
		}},
	}
	script := "CREATE TABLE t2 (key INTEGER PRIMARY KEY, value BLOB); CREATE TABLE t7 (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;"
	peers := map[int64][]byte{
		1001:      boxRoot(boxField{"i", int64(1001)}, boxField{"fn", "Ana"}, boxField{"ln", "López"}, boxField{"un", "ana_l"}, boxField{"p", "5215550001111"}),
		1002:      boxRoot(boxField{"i", int64(1002)}, boxField{"fn", "Carla"}),
		channelID: boxRoot(boxField{"i", channelID}, boxField{"t", "Noticias"}),
	}
	for _, id := range []int64{1001, 1002, channelID} {
		script += fmt.Sprintf("INSERT INTO t2 VALUES (%d, x'%x');", id, peers[id])
	}
	for _, key := range slices.Sorted(maps.Keys(messages)) {
		script += fmt.Sprintf("INSERT INTO t7 VALUES (x'%s', x'%x');", key, messages[key].bytes())
	}
	return []artifacttest.Sample{
		databaseSample(tb, "plain", telegramPath, script),
		databaseSample(tb, "bad", telegramPath, "CREATE TABLE t2 (key INTEGER PRIMARY KEY, value BLOB); CREATE TABLE t7 (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;"+
			"INSERT INTO t2 VALUES (5, x'015f05'); INSERT INTO t7 VALUES (x'00', x'00'), (x'"+boxKey(7, 1, 5)+"', x'00010000'), (x'"+boxKey(8, 1, 1680000000)+"', x'"+hex.EncodeToString(boxMessage{text: "queda"}.bytes())+"');"),
		fileSample("encrypted", telegramPath, string(cipherStore(32))),
	}
}

func TestTelegram(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, telegram{}, "testdata/telegram", telegramSamples(t)...)
}

func FuzzTelegram(f *testing.F) { artifacttest.Fuzz(f, telegram{}, telegramSamples(f)...) }

// FuzzTelegramBody: no bytes make the reader of messages panic or hang.
func FuzzTelegramBody(f *testing.F) {
	f.Add(boxMessage{text: "a", media: [][]byte{boxRoot(boxField{"u", "x"})}}.bytes())
	f.Add(boxMessage{tags: 0x3f, author: 4}.bytes())
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = parseTelegramBody(data)
		_, _ = postboxRoot(data)
	})
}

func TestTelegramObservables(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, telegram{}, telegramSamples(t)[0])
	if len(errs) != 0 || len(recs) != 6 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{{Type: artifact.Phone, Value: "+5215550001111", Field: "phone"}})
	compareObserved(t, recs[3], []artifact.Observable{
		{Type: artifact.URL, Value: "https://hidden.example.net/x", Field: "links"},
		{Type: artifact.URL, Value: "https://page.example.org/p", Field: "links"},
		{Type: artifact.URL, Value: "https://bad.example.com/4", Field: "links"},
	})
	compareObserved(t, recs[5], []artifact.Observable{{Type: artifact.FileName, Value: "update.apk", Field: "attachments"}})
}

func TestPeerNumber(t *testing.T) {
	t.Parallel()
	got := map[int64]string{}
	for _, id := range []int64{1001, channelID, 3<<32 | 5, 1<<35 | 7} {
		got[id] = peerKind(id) + " " + peerNumber(id)
	}
	want := map[int64]string{1001: "user 1001", channelID: "channel 4242", 3<<32 | 5: "secret_chat 5", 1<<35 | 7: "user 4294967303"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
