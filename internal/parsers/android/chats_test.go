package android

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// tgObject writes an object of Telegram: words of four bytes, longs and strings.
func tgObject(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = binary.LittleEndian.AppendUint32(b, uint32(p))
		case int64:
			b = binary.LittleEndian.AppendUint64(b, uint64(p))
		case string:
			n := len(b)
			b = append(append(b, byte(len(p))), p...)
			for (len(b)-n)%4 != 0 {
				b = append(b, 0)
			}
		}
	}
	return b
}

const tgDate = 1700000000

// tgMessages are objects of messages of several versions of the app, as
// TLRPC.java and TL_legacy_message.java write them, and what is read of each.
var tgMessages = []struct {
	name string
	id   int64
	blob []byte
	want tgMessage
}{
	{"layer179", 42, tgObject(0x94345242, 0, 0, 42, 0x59511722, int64(555), tgDate, "hola"), tgMessage{known: true, found: true, text: "hola"}},
	{"from", 42, tgObject(0x94345242, 1<<8, 0, 42, 0xa2a5371e, int64(7), 0x59511722, int64(555), tgDate, "hola"), tgMessage{known: true, found: true, sender: -7, text: "hola"}},
	{"layer118", 42, tgObject(0x58ae39c9, 1<<3|1<<8, 42, 0x59511722, int64(9), 0x59511722, int64(555), 0xa6d57763, 0, 7, tgDate, ""), tgMessage{known: true, found: true, reply: true, sender: 9}},
	{"old_peer", 42, tgObject(0x44f9b43d, 1<<8, 42, 0x9db1bc6d, 9, 0x9db1bc6d, 555, tgDate, "viejo"), tgMessage{known: true, found: true, sender: 9, text: "viejo"}},
	{"forwarded", 42, tgObject(0x94345242, 1<<2, 0, 42, 0x59511722, int64(555), 0x4e4df4bb, 1<<5, "Alguien", tgDate-60, tgDate, "pasado"), tgMessage{known: true, found: true, forwarded: true, text: "pasado"}},
	{"forwarded_at_once", 42, tgObject(0x94345242, 1<<2, 0, 42, 0x59511722, int64(555), 0x4e4df4bb, 0, tgDate, 0x59511722, tgDate, "pasado"), tgMessage{known: true, found: true, forwarded: true, text: "pasado"}},
	{"service", 42, tgObject(0x2b085862, 0, 42, 0x59511722, int64(555), tgDate, 0x04040403), tgMessage{known: true, service: true}},
	{"unknown", 42, tgObject(1, 2, 3, 4), tgMessage{}},
	{"other_number", 42, tgObject(0x555555fa, 0, 43, tgDate, "secreto"), tgMessage{found: true, text: "secreto"}},
	{"no_text", 42, tgObject(0x94345242, 0, 0, 42, tgDate), tgMessage{known: true}},
	{"not_text", 42, append(tgObject(0x94345242, 0, 0, 42, tgDate), 3, 0xff, 0xfe, 0xfd), tgMessage{known: true}},
	{"empty", 42, nil, tgMessage{}},
	{"short", 42, []byte{1, 2, 3, 4, 5}, tgMessage{}},
}

func TestTelegramMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range tgMessages {
		if diff := cmp.Diff(tt.want, readTGMessage(tt.blob, tt.id, tgDate), cmp.AllowUnexported(tgMessage{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestTelegramPhone(t *testing.T) {
	t.Parallel()
	const id = int64(5550000001)
	for _, tt := range []struct {
		name string
		id   int64
		blob []byte
		want string
	}{
		{"now", id, tgObject(0x8f97c628, 1|1<<1|1<<4, 0, id, int64(1), "Ana", "525500000001"), "525500000001"},
		{"layer_of_2021", id, tgObject(0x3ff6ecb0, 1<<1|1<<2|1<<3|1<<4, id, "Ana", "Pérez", "ana_p", "525500000001"), "525500000001"},
		{"small_number", 77, tgObject(0x938458c1, 1|1<<4, 77, int64(1), "525500000001"), "525500000001"},
		{"none", id, tgObject(0x8f97c628, 1|1<<1, 0, id, int64(1), "Ana"), ""},
		{"of_another", 5, tgObject(0x8f97c628, 1<<4, 0, id, "525500000001"), ""},
		{"no_number", id, tgObject(0x8f97c628, 1<<4, 0, id, "Ana"), ""},
		{"cut", id, tgObject(0x8f97c628, 1|1<<4, 0, id), ""},
		{"empty", id, nil, ""},
	} {
		if got := tgPhone(tt.blob, tt.id); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// telegramSQL has the tables of MessagesStorage.java with some of their columns.
func telegramSQL() string {
	x := func(b []byte) string { return "x'" + hex.EncodeToString(b) + "'" }
	var s strings.Builder
	s.WriteString(`
CREATE TABLE messages_v2(mid INTEGER, uid INTEGER, read_state INTEGER, send_state INTEGER, date INTEGER, data BLOB, out INTEGER, ttl INTEGER, media INTEGER, PRIMARY KEY(mid, uid));
CREATE TABLE media_v4(mid INTEGER, uid INTEGER, date INTEGER, type INTEGER, data BLOB, PRIMARY KEY(mid, uid, type));
CREATE TABLE users(uid INTEGER PRIMARY KEY, name TEXT, status INTEGER, data BLOB);
CREATE TABLE chats(uid INTEGER PRIMARY KEY, name TEXT, data BLOB);
CREATE TABLE enc_chats(uid INTEGER PRIMARY KEY, user INTEGER, name TEXT, data BLOB);
CREATE TABLE dialogs(did INTEGER PRIMARY KEY, date INTEGER, unread_count INTEGER);
CREATE TABLE user_contacts_v7(key TEXT PRIMARY KEY, uid INTEGER, fname TEXT, sname TEXT, imported INTEGER);
CREATE TABLE user_phones_v7(key TEXT, phone TEXT, sphone TEXT, deleted INTEGER, PRIMARY KEY (key, phone));
INSERT INTO chats VALUES(77,'Vecinos',NULL);
INSERT INTO enc_chats VALUES(5,555,'ana',NULL);
INSERT INTO dialogs VALUES(555,1700000000,2),(-77,0,0);
INSERT INTO user_contacts_v7 VALUES('k',555,'Ana','Pérez',0),('none',0,'Beto',NULL,0);
INSERT INTO user_phones_v7 VALUES('k','+525500000001','525500000001',0),('k','','',0);
`)
	fmt.Fprintf(&s, "INSERT INTO users VALUES(555,'ana pérez;;;ana_p',1700000100,%s),(556,'beto',-1,NULL);", x(tgObject(0x8f97c628, 1|1<<1|1<<4, 0, int64(555), int64(1), "Ana", "525500000001")))
	for i, m := range tgMessages {
		blob := append([]byte(nil), m.blob...)
		fmt.Fprintf(&s, "INSERT INTO messages_v2 VALUES(42,%d,3,0,%d,%s,%d,0,0);", 555+i, tgDate, x(blob), i%2)
	}
	link := tgObject(0x94345242, 1<<7, 0, 9, 0x59511722, int64(555), tgDate, "mira www.example.org/a", 0x1cb5c415, 1, 0x76a6d327, 0, 4, "https://c2.example.org/b")
	fmt.Fprintf(&s, "INSERT INTO messages_v2 VALUES(9,555,3,0,%d,%s,0,0,0),(10,-77,3,0,%d,NULL,0,0,0),(11,%d,3,0,%d,NULL,1,0,0),(12,%d,3,0,%d,NULL,1,0,0);", tgDate, x(link), tgDate, int64(1)<<62|5, tgDate, int64(5)<<32, tgDate)
	fmt.Fprintf(&s, "INSERT INTO media_v4 VALUES(9,555,%d,0,%s),(99,555,%d,0,%s);", tgDate, x(link), tgDate, x(tgObject(0x94345242, 0, 0, 99, 0x59511722, int64(555), tgDate, "perdido")))
	return s.String()
}

const telegramOldSQL = `
CREATE TABLE messages(mid INTEGER PRIMARY KEY, uid INTEGER, read_state INTEGER, send_state INTEGER, date INTEGER, data BLOB, out INTEGER, ttl INTEGER, media INTEGER);
INSERT INTO messages VALUES(1,555,3,0,1500000000,NULL,1,0,0);`

func TestTelegram(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, telegram{}, "testdata/telegram", dbSample(t, "now", "data/data/org.telegram.messenger/files/cache4.db", telegramSQL()),
		dbSample(t, "old", "cache4.db", telegramOldSQL), dbSample(t, "other", "cache4.db", "CREATE TABLE x(a)"))
}

func FuzzTelegram(f *testing.F) {
	artifacttest.Fuzz(f, telegram{}, dbSample(f, "", "cache4.db", telegramSQL()), dbSample(f, "", "cache4.db", telegramOldSQL))
}

func FuzzTelegramMessage(f *testing.F) {
	for _, m := range tgMessages {
		f.Add(m.blob, m.id, int64(tgDate))
	}
	f.Fuzz(func(t *testing.T, b []byte, id, date int64) {
		if m := readTGMessage(b, id, date); len(m.text) > len(b) {
			t.Errorf("%d bytes of text in %d", len(m.text), len(b))
		}
		tgPhone(b, id)
	})
}

// Tables of Viber before and after it renamed the columns of messages.
const (
	viberSQL = `
CREATE TABLE conversations (_id INTEGER PRIMARY KEY autoincrement,conversation_type INTEGER DEFAULT 0,recipient_number TEXT,name TEXT);
CREATE TABLE participants_info (_id INTEGER PRIMARY KEY autoincrement,number TEXT,display_name TEXT,contact_name TEXT,viber_name TEXT);
CREATE TABLE participants (_id INTEGER PRIMARY KEY autoincrement,conversation_id INTEGER DEFAULT 0, participant_info_id INTEGER DEFAULT 0);
CREATE TABLE messages (_id INTEGER PRIMARY KEY autoincrement,msg_date INTEGER NOT NULL,unread INTEGER,send_type INTEGER NOT NULL,body TEXT,extra_uri TEXT,extra_mime INTEGER,description TEXT,conversation_id INTEGER,participant_id INTEGER,msg_info TEXT);
INSERT INTO conversations VALUES(1,0,'+525500000001',NULL),(2,1,NULL,'Vecinos');
INSERT INTO participants_info VALUES(1,NULL,NULL,NULL,'yo'),(2,'+525500000001','ana','Ana','anita');
INSERT INTO participants VALUES(1,1,1),(2,1,2),(3,2,2);
INSERT INTO messages VALUES(1,1700000000000,0,0,'mira https://c2.example.org/z',NULL,NULL,NULL,1,2,NULL),(2,1700000001000,0,1,'no',NULL,NULL,NULL,1,1,NULL),
 (3,1700000002000,0,0,'{"Text":"aviso","URL":"https:\/\/d.example.org\/x"}','file:///storage/emulated/0/viber/a.apk',7,'ver www.example.org/q',2,3,'{"url":"https:\/\/e.example.org"}'),(7,1700000003000,0,0,'',NULL,NULL,NULL,9,9,NULL);`
	viberOldSQL = `
CREATE TABLE messages (_id INTEGER PRIMARY KEY autoincrement,address TEXT DEFAULT NULL,date INTEGER NOT NULL,read INTEGER DEFAULT 0,type INTEGER NOT NULL,body TEXT,extra_uri TEXT,extra_mime TEXT,description TEXT,conversation_id INTEGER DEFAULT 0,participant_id DEFAULT 0);
INSERT INTO messages VALUES(1,'+525500000001',1400000000000,1,0,'hola',NULL,'image',NULL,1,1),(2,'+525500000001',1400000001000,1,1,'sí',NULL,NULL,NULL,1,1);`
	viberDataSQL = `
CREATE TABLE calls (_id INTEGER PRIMARY KEY AUTOINCREMENT,call_id LONG NOT NULL,number TEXT NOT NULL,canonized_number TEXT NOT NULL,viber_call_type INTEGER DEFAULT 1, date LONG NOT NULL,duration LONG NOT NULL,type INT NOT NULL);
CREATE TABLE phonebookcontact (_id INTEGER PRIMARY KEY NOT NULL,display_name TEXT);
CREATE TABLE phonebookdata (_id INTEGER PRIMARY KEY AUTOINCREMENT,contact_id INTEGER NOT NULL,data1 TEXT, data2 TEXT);
CREATE TABLE vibernumbers (_id INTEGER PRIMARY KEY AUTOINCREMENT,canonized_number TEXT NOT NULL,viber_name TEXT);
CREATE TABLE blockednumbers (_id INTEGER PRIMARY KEY AUTOINCREMENT, canonized_number TEXT NOT NULL,blocked_date LONG DEFAULT 0);
INSERT INTO calls VALUES(1,1,'5500000001','+525500000001',1,1700000000000,60,1),(2,2,'5500000001','',4,1700000001000,0,3),(3,3,'x','x',9,0,0,9);
INSERT INTO phonebookcontact VALUES(1,'Ana');
INSERT INTO phonebookdata VALUES(1,1,'5500000001','+525500000001'),(2,1,'Ana',NULL),(3,8,'5500000002',NULL);
INSERT INTO vibernumbers VALUES(1,'+525500000001','anita');
INSERT INTO blockednumbers VALUES(1,'+525500000003',1700000000000);`
)

func TestViber(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, viber{}, "testdata/viber", dbSample(t, "messages", "databases/viber_messages", viberSQL), dbSample(t, "old", "viber_messages", viberOldSQL),
		dbSample(t, "data", "viber_data", viberDataSQL), dbSample(t, "other", "viber_messages", "CREATE TABLE x(a)"))
}

func FuzzViber(f *testing.F) {
	artifacttest.Fuzz(f, viber{}, dbSample(f, "", "viber_messages", viberSQL), dbSample(f, "", "viber_messages", viberOldSQL))
}

func FuzzViberData(f *testing.F) {
	artifacttest.Fuzz(f, viber{}, dbSample(f, "", "viber_data", viberDataSQL))
}

// TestViberReal reads a database that log2timeline publishes for its own tests.
func TestViberReal(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, viber{}, fileSample("real", "viber_data", string(readEvidence(t, "plaso", "android", "viber_data"))))
	got := map[artifact.Kind]int{}
	for _, rec := range recs {
		got[rec.Kind]++
	}
	if got["call"] != 4 || got["contact"] < 2 || len(errs) != 0 {
		t.Errorf("%v, errors %v", got, errs)
	}
}

// random is text that tells nothing, as an encrypted file is.
func random(n int) string {
	r := rand.NewChaCha8([32]byte{7})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return string(b)
}

func signalSamples() []artifacttest.Sample {
	head := func(iv, salt int) string {
		header := "\x0a" + string(rune(iv)) + random(iv) + "\x12" + string(rune(salt)) + random(salt) + "\x18\x01"
		frame := "\x0a" + string(rune(len(header))) + header
		return "\x00\x00\x00" + string(rune(len(frame))) + frame
	}
	return []artifacttest.Sample{
		fileSample("store", "databases/signal.db", random(16*1024)),
		fileSample("backup", "sdcard/Signal/Backups/signal-2025-09-01-10-00-00.backup", head(16, 32)+random(500)),
		fileSample("no_backup", "signal-x.backup", head(8, 32)+random(500)),
		fileSample("short_backup", "signal-y.backup", "\x00\x00\x01\x00\x0a"),
		fileSample("settings", "shared_prefs/org.thoughtcrime.securesms_preferences.xml", `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<map>
    <string name="pref_local_number">+525500000009</string>
    <string name="pref_database_encrypted_secret">{&quot;data&quot;:&quot;c2VhbGVk&quot;}</string>
    <boolean name="pref_backup_enabled_v3" value="true" />
    <int name="pref_last_version_code" value="126200" />
    <set name="pref_media_download_mobile">
        <string>image</string>
        <string>audio</string>
    </set>
</map>
`),
		fileSample("cut_settings", "org.thoughtcrime.securesms_preferences.xml", `<map><string name="a">b</string><string name="c`),
		fileSample("no_settings", "org.thoughtcrime.securesms_preferences.xml", `<html/>`),
		fileSample("attachment", "app_parts/part1.mms", random(100)),
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	plain := dbSample(t, "decrypted", "signal.db", "CREATE TABLE recipient(_id INTEGER PRIMARY KEY, e164 TEXT); INSERT INTO recipient VALUES(1,'+52');")
	artifacttest.Run(t, signal{}, "testdata/signal", append(signalSamples(), plain, dbSample(t, "other", "signal.db", "CREATE TABLE x(a)"))...)
}

func FuzzSignalSettings(f *testing.F) { artifacttest.Fuzz(f, signal{}, signalSamples()[4:7]...) }
func FuzzSignalBackup(f *testing.F)   { artifacttest.Fuzz(f, signal{}, signalSamples()[1:4]...) }
