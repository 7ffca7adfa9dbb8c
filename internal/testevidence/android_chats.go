package testevidence

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// WriteAndroidChats writes into dir what chat apps keep on an Android phone with
// root: the stores of Telegram and Viber, with published links and near misses,
// and what Signal leaves, of which nothing can be read.
//
// Tables: Telegram's MessagesStorage.java
// (https://github.com/DrKLO/Telegram), Viber's own migrations and a database of
// calls that log2timeline publishes; objects of messages as TLRPC.java writes
// them (TL_message of layer 179 and of layer 118).
func WriteAndroidChats(dir string) (*Truth, error) {
	c := &chatsWriter{dir: dir, truth: &Truth{}, r: newRandom(3, "android chats"), at: last.Add(-48 * time.Hour)}
	for _, write := range []func() error{c.telegram, c.viberMessages, c.viberData, c.signal} {
		if err := write(); err != nil {
			return nil, fmt.Errorf("write synthetic chats: %w", err)
		}
	}
	return c.truth, nil
}

type chatsWriter struct {
	dir   string
	truth *Truth
	r     random
	at    time.Time
}

func (c *chatsWriter) plant(name, artifact, path, indicator, value string) {
	c.truth.Planted = append(c.truth.Planted, Trace{Name: name, Artifact: artifact, Path: path, Indicator: indicator, Value: value, Severity: "critical"})
}

func (c *chatsWriter) decoy(name, artifact, path, value string) {
	c.truth.Decoys = append(c.truth.Decoys, Trace{Name: name, Artifact: artifact, Path: path, Value: value})
}

// file makes the folders of a file and returns where it goes.
func (c *chatsWriter) file(name string) (string, error) {
	full := filepath.Join(c.dir, filepath.FromSlash(name))
	c.truth.Files++
	return full, os.MkdirAll(filepath.Dir(full), 0o750)
}

// database writes a database by the schema in schema/NAME.sql.
func (c *chatsWriter) database(name, schema string, fill func(exec func(query string, args ...any))) (err error) {
	full, err := c.file(name)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(full))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tables, err := schemas.ReadFile("schema/" + schema + ".sql")
	if err != nil {
		return err
	}
	exec := func(query string, args ...any) {
		if err == nil {
			_, err = db.ExecContext(context.Background(), query, args...)
		}
	}
	exec(string(tables))
	fill(exec)
	return err
}

const (
	tgUser, tgSelf, tgGroup = 5550000001, 5550000009, 1600000077
	telegramFile            = "data/data/org.telegram.messenger/files/cache4.db"
	viberFile               = "data/data/com.viber.voip/databases/viber_messages"
)

func (c *chatsWriter) telegram() error {
	return c.database(telegramFile, "android_telegram", func(exec func(string, ...any)) {
		exec("INSERT INTO users VALUES (?, 'ana pérez;;;ana_p', ?, ?), (?, 'yo', 0, NULL)", tgUser, c.at.Unix(), telegramUser(tgUser, "Ana", "Pérez", "ana_p", "525500000001"), tgSelf)
		exec("INSERT INTO chats VALUES (?, 'Vecinos', NULL)", tgGroup)
		exec("INSERT INTO enc_chats (uid, user, name) VALUES (77, ?, 'ana pérez')", tgUser)
		exec("INSERT INTO dialogs (did, date, unread_count) VALUES (?, ?, 1)", tgUser, c.at.Unix())
		exec("INSERT INTO user_contacts_v7 VALUES ('k', ?, 'Ana', 'Pérez', 0)", tgUser)
		exec("INSERT INTO user_phones_v7 VALUES ('k', '+525500000001', '525500000001', 0)")
		message := func(id int, chat int64, out int, m telegramMessage) {
			m.id, m.date = id, int32(c.at.Add(time.Duration(id)*time.Minute).Unix())
			exec("INSERT INTO messages_v2 (mid, uid, read_state, send_state, date, data, out) VALUES (?, ?, 3, 0, ?, ?, ?)", id, chat, m.date, m.bytes(), out)
		}
		message(1, tgUser, 0, telegramMessage{text: "Buenos días"})
		message(2, tgUser, 0, telegramMessage{text: "Mira esto https://free247downloads.com/a1"})
		message(3, -tgGroup, 0, telegramMessage{from: tgUser, forwarded: true, text: "Aviso", url: "https://android-apps.tech/b2"})
		message(4, tgUser, 1, telegramMessage{text: "Gracias https://free247downloads.example/"})
		message(5, tgUser, 0, telegramMessage{service: true})
		message(6, 1<<62|77, 0, telegramMessage{old: true, text: "En secreto https://smsmensaje.mx/c3"})
		const artifact = "android.telegram"
		c.plant("link in a message", artifact, telegramFile, "free247downloads.com", "https://free247downloads.com/a1")
		c.plant("link behind words, passed on", artifact, telegramFile, "android-apps.tech", "https://android-apps.tech/b2")
		c.plant("link in a secret chat", artifact, telegramFile, "smsmensaje.mx", "https://smsmensaje.mx/c3")
		c.decoy("link of another host", artifact, telegramFile, "https://free247downloads.example/")
	})
}

func (c *chatsWriter) viberMessages() error {
	return c.database(viberFile, "android_viber_messages", func(exec func(string, ...any)) {
		exec("INSERT INTO conversations (_id, conversation_type, recipient_number) VALUES (1, 0, '+525500000002')")
		exec("INSERT INTO conversations (_id, conversation_type, name) VALUES (2, 1, 'Vecinos')")
		exec("INSERT INTO participants_info (_id, number, display_name, participant_type) VALUES (1, NULL, NULL, 0), (2, '+525500000002', 'Beto', 1)")
		exec("INSERT INTO participants (_id, conversation_id, participant_info_id) VALUES (1, 1, 1), (2, 1, 2), (3, 2, 2)")
		message := func(sent, chat, member int, body, info string) {
			c.at = c.at.Add(time.Minute)
			exec("INSERT INTO messages (msg_date, send_type, body, conversation_id, participant_id, msg_info) VALUES (?, ?, ?, ?, ?, ?)", c.at.UnixMilli(), sent, body, chat, member, info)
		}
		message(0, 1, 2, "Hola", "")
		message(0, 1, 2, "Tienes un paquete: https://smsmensaje.mx/d4", "")
		message(0, 2, 3, "Noticias", `{"url":"https:\/\/free247downloads.com\/e5"}`)
		message(1, 1, 1, "https://smsmensaje.mx.example/", "")
		const artifact = "android.viber"
		c.plant("link in a message", artifact, viberFile, "smsmensaje.mx", "https://smsmensaje.mx/d4")
		c.plant("link in a preview", artifact, viberFile, "free247downloads.com", "https://free247downloads.com/e5")
		c.decoy("link of another host", artifact, viberFile, "https://smsmensaje.mx.example/")
	})
}

func (c *chatsWriter) viberData() error {
	return c.database("data/data/com.viber.voip/databases/viber_data", "android_viber_data", func(exec func(string, ...any)) {
		exec("INSERT INTO calls (call_id, aggregate_hash, number, canonized_number, viber_call_type, date, duration, type) VALUES (1, 1, '5500000002', '+525500000002', 4, ?, 61, 1)", c.at.UnixMilli())
		exec("INSERT INTO phonebookcontact (_id, display_name) VALUES (1, 'Beto')")
		exec("INSERT INTO phonebookdata (contact_id, raw_id, data1, data2) VALUES (1, 1, '5500000002', '+525500000002'), (1, 1, 'Beto', NULL)")
		exec("INSERT INTO vibernumbers (canonized_number, viber_name, clear, member_id, encrypted_member_id) VALUES ('+525500000002', 'beto', 0, 'm', 'e')")
		exec("INSERT INTO blockednumbers (canonized_number, blocked_date) VALUES ('+525500000003', ?)", c.at.UnixMilli())
	})
}

// signal writes what Signal leaves: a store of bytes that tell nothing, a
// backup file, settings, and an attachment.
func (c *chatsWriter) signal() error {
	const app = "data/data/org.thoughtcrime.securesms/"
	header := protowire.AppendTag(nil, 1, protowire.BytesType)
	header = protowire.AppendBytes(header, c.r.bytes(16))
	header = protowire.AppendBytes(protowire.AppendTag(header, 2, protowire.BytesType), c.r.bytes(32))
	header = protowire.AppendVarint(protowire.AppendTag(header, 3, protowire.VarintType), 1)
	frame := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), header)
	backup := append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
	files := map[string][]byte{
		app + "databases/signal.db":                                     c.r.bytes(64 * 1024),
		app + "app_parts/part123456.mms":                                c.r.bytes(300),
		"sdcard/Signal/Backups/signal-2025-09-01-10-00-00.backup":       append(backup, c.r.bytes(4096)...),
		app + "shared_prefs/org.thoughtcrime.securesms_preferences.xml": []byte(signalPreferences),
	}
	for _, name := range sortedKeys(files) {
		full, err := c.file(name)
		if err == nil {
			err = os.WriteFile(full, files[name], 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const signalPreferences = `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<map>
    <string name="pref_local_number">+525500000009</string>
    <string name="pref_database_encrypted_secret">{&quot;data&quot;:&quot;c2VhbGVk&quot;,&quot;iv&quot;:&quot;aXY&quot;}</string>
    <boolean name="pref_backup_enabled_v3" value="true" />
    <int name="pref_last_version_code" value="126200" />
    <long name="pref_next_rotation" value="1757440800000" />
    <set name="pref_media_download_mobile">
        <string>image</string>
        <string>audio</string>
    </set>
</map>
`
