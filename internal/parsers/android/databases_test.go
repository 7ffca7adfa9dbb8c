package android

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// Schemas as on phones, with the columns that are read and some that are not:
// of Chromium (components/history), of WhatsApp since 2.21 and before (ALEAPP,
// WhatsApp.py), and of the providers of AOSP (CallLogProvider, TelephonyProvider,
// DownloadProvider).
const (
	chromeSQL = `
CREATE TABLE urls(id INTEGER PRIMARY KEY AUTOINCREMENT,url LONGVARCHAR,title LONGVARCHAR,visit_count INTEGER DEFAULT 0 NOT NULL,typed_count INTEGER DEFAULT 0 NOT NULL,last_visit_time INTEGER NOT NULL,hidden INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE visits(id INTEGER PRIMARY KEY,url INTEGER NOT NULL,visit_time INTEGER NOT NULL,from_visit INTEGER,transition INTEGER DEFAULT 0 NOT NULL,segment_id INTEGER,visit_duration INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE downloads (id INTEGER PRIMARY KEY,guid VARCHAR NOT NULL,current_path LONGVARCHAR NOT NULL,target_path LONGVARCHAR NOT NULL,start_time INTEGER NOT NULL,received_bytes INTEGER NOT NULL,total_bytes INTEGER NOT NULL,end_time INTEGER NOT NULL,referrer VARCHAR NOT NULL,tab_url VARCHAR NOT NULL,mime_type VARCHAR(255) NOT NULL);
CREATE TABLE downloads_url_chains (id INTEGER NOT NULL,chain_index INTEGER NOT NULL,url LONGVARCHAR NOT NULL, PRIMARY KEY (id, chain_index));
INSERT INTO urls VALUES(1,'https://t.example.org/x','Aviso',1,0,13340000000000000,0),(2,'https://c2.example.org/y','',1,1,13340000001000000,0),(3,'https://old.example.org/','Viejo',4,0,13330000000000000,0);
INSERT INTO visits VALUES(1,1,13340000000000000,0,805306368,0,0),(2,2,13340000001000000,1,-1610612736,0,0),(3,99,13340000002000000,7,0,0,0);
INSERT INTO downloads VALUES(1,'g','/storage/emulated/0/Download/a.apk','/storage/emulated/0/Download/a.apk',13340000003000000,10,10,13340000004000000,'https://c2.example.org/y','https://c2.example.org/y','application/vnd.android.package-archive');
INSERT INTO downloads_url_chains VALUES(1,0,'https://c2.example.org/a'),(1,1,'https://cdn.example.org/a.apk');`
	waNewSQL = `
CREATE TABLE jid (_id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, server TEXT NOT NULL, agent INTEGER, device INTEGER, type INTEGER, raw_string TEXT);
CREATE TABLE chat (_id INTEGER PRIMARY KEY AUTOINCREMENT,jid_row_id INTEGER UNIQUE,hidden INTEGER,subject TEXT,created_timestamp INTEGER);
CREATE TABLE message (_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_row_id INTEGER NOT NULL, from_me INTEGER NOT NULL, key_id TEXT NOT NULL, sender_jid_row_id INTEGER, status INTEGER, timestamp INTEGER, received_timestamp INTEGER, message_type INTEGER, text_data TEXT);
CREATE TABLE message_media (message_row_id INTEGER PRIMARY KEY, chat_row_id INTEGER, file_path TEXT, file_size INTEGER, message_url TEXT, mime_type TEXT);
CREATE TABLE message_text (message_row_id INTEGER PRIMARY KEY, description TEXT, page_title TEXT, url TEXT);
INSERT INTO jid VALUES(1,'525500000001','s.whatsapp.net',0,0,0,'525500000001@s.whatsapp.net'),(2,'5255-1','g.us',0,0,1,NULL);
INSERT INTO chat VALUES(1,1,0,NULL,0),(2,2,0,'Vecinos',0);
INSERT INTO message VALUES(1,1,0,'A',0,0,1700000000000,1700000000500,0,'mira https://c2.example.org/z'),(2,2,0,'B',1,0,1700000001000,0,1,NULL),(3,1,1,'C',0,0,1700000002000,0,0,'no');
INSERT INTO message_media VALUES(2,2,'Media/WhatsApp Images/x.jpg',5,'https://mmg.whatsapp.net/x','image/jpeg');
INSERT INTO message_text VALUES(1,'todo sobre http://d.example.org','Aviso','https://c2.example.org/z');`
	waOldSQL = `
CREATE TABLE messages (_id INTEGER PRIMARY KEY AUTOINCREMENT, key_remote_jid TEXT NOT NULL, key_from_me INTEGER, key_id TEXT NOT NULL, status INTEGER, data TEXT, timestamp INTEGER, media_url TEXT, media_mime_type TEXT, media_wa_type TEXT, media_caption TEXT, remote_resource TEXT, received_timestamp INTEGER);
INSERT INTO messages VALUES(1,'-1',0,'-1',-1,NULL,0,NULL,NULL,NULL,NULL,NULL,0),(2,'5255-1@g.us',0,'A',0,'hola',1500000000000,NULL,NULL,'0','ver www.example.org/q','525500000002@s.whatsapp.net',1500000000100);`
	waContactsSQL = `
CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL, is_whatsapp_user BOOLEAN NOT NULL, status TEXT, status_timestamp INTEGER, number TEXT, raw_contact_id INTEGER, display_name TEXT, wa_name TEXT);
INSERT INTO wa_contacts VALUES(1,'525500000001@s.whatsapp.net',1,'en https://s.example.org',1700000000000,'+52 55 0000 0001',1,'Ana','Ana P.');`
	callsSQL = `
CREATE TABLE calls (_id INTEGER PRIMARY KEY AUTOINCREMENT,number TEXT,date INTEGER,duration INTEGER,type INTEGER,name TEXT,geocoded_location TEXT);
INSERT INTO calls VALUES(1,'+525500000001',1700000000000,60,1,'Ana','CDMX'),(2,'*86',1700000001000,0,99,NULL,NULL);`
	smsSQL = `
CREATE TABLE sms (_id INTEGER PRIMARY KEY,thread_id INTEGER,address TEXT,person INTEGER,date INTEGER,date_sent INTEGER DEFAULT 0,protocol INTEGER,read INTEGER DEFAULT 0,status INTEGER DEFAULT -1,type INTEGER,subject TEXT,body TEXT,service_center TEXT,creator TEXT);
INSERT INTO sms VALUES(1,1,'+525500000009',NULL,1700000000000,1699999999000,0,1,-1,1,NULL,'Paquete: https://c2.example.org/p','+52','com.android.mms'),(2,1,'x',NULL,0,0,0,1,-1,3,NULL,'borrador',NULL,NULL);`
	downloadsSQL = `
CREATE TABLE downloads(_id INTEGER PRIMARY KEY AUTOINCREMENT,uri TEXT,_data TEXT,mimetype TEXT,lastmod BIGINT,notificationpackage TEXT,referer TEXT,total_bytes INTEGER,title TEXT,deleted BOOLEAN NOT NULL DEFAULT 0);
INSERT INTO downloads VALUES(1,'https://c2.example.org/a.apk','/storage/emulated/0/Download/a.apk','application/vnd.android.package-archive',1700000000000,'com.android.chrome','https://c2.example.org/',10,'a.apk',1);`
)

func dbSample(tb testing.TB, name, path, script string) artifacttest.Sample {
	tb.Helper()
	return artifacttest.Sample{Name: name, Path: path, Files: map[string][]byte{path: artifacttest.SQLite(tb, script)}}
}

func TestChromeHistory(t *testing.T) {
	t.Parallel()
	db, wal := artifacttest.SQLiteWAL(t, chromeSQL, `INSERT INTO visits VALUES(4,3,13340000005000000,0,1,0,0)`)
	const path = "browser_history/com.android.chrome/Default/History"
	artifacttest.Run(t, chromeHistory{}, "testdata/chrome_history",
		dbSample(t, "chrome", "data/data/com.android.chrome/app_chrome/Default/History", chromeSQL),
		artifacttest.Sample{Name: "wal", Path: path, Files: map[string][]byte{path: db, path + "-wal": wal}},
		dbSample(t, "other", path, "CREATE TABLE x(a)"))
}

func FuzzChromeHistory(f *testing.F) {
	artifacttest.Fuzz(f, chromeHistory{}, dbSample(f, "", "browser_history/a/Default/History", chromeSQL))
}

func TestWhatsApp(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, whatsApp{}, "testdata/whatsapp", dbSample(t, "new", "databases/msgstore.db", waNewSQL),
		dbSample(t, "old", "msgstore.db", waOldSQL), dbSample(t, "contacts", "wa.db", waContactsSQL), dbSample(t, "other", "msgstore.db", "CREATE TABLE x(a)"))
}

func FuzzWhatsApp(f *testing.F) {
	artifacttest.Fuzz(f, whatsApp{}, dbSample(f, "", "msgstore.db", waNewSQL))
}

func TestPhoneDatabases(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, phoneDatabases{}, "testdata/phone_databases", dbSample(t, "calls", "contacts2.db", callsSQL),
		dbSample(t, "sms", "databases/mmssms.db", smsSQL), dbSample(t, "downloads", "downloads.db", downloadsSQL), dbSample(t, "no_calls", "contacts2.db", "CREATE TABLE x(a)"))
}

func FuzzPhoneDatabases(f *testing.F) {
	artifacttest.Fuzz(f, phoneDatabases{}, dbSample(f, "", "downloads.db", downloadsSQL))
}

// TestDatabasesReal reads databases that log2timeline publishes for its own tests.
func TestDatabasesReal(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string]map[artifact.Kind]int{
		"contacts2.db": {"call": 3}, "downloads.db": {"download": 11},
	} {
		s := fileSample("real", name, string(readEvidence(t, "plaso", "android", name)))
		recs, errs := artifacttest.Parse(t, phoneDatabases{}, s)
		got := map[artifact.Kind]int{}
		for _, rec := range recs {
			got[rec.Kind]++
		}
		for kind, n := range kinds {
			if got[kind] != n || len(errs) != 0 {
				t.Errorf("%s: %v, errors %v", name, got, errs)
			}
		}
	}
}
