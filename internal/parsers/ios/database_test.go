package ios

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// databaseSample is a database that an SQL script makes.
func databaseSample(tb testing.TB, name, path, script string) artifacttest.Sample {
	tb.Helper()
	return artifacttest.Sample{
		Name: name, Path: path, Files: map[string][]byte{path: artifacttest.SQLite(tb, "PRAGMA page_size=512;"+script)},
	}
}

func withBadValues(s artifacttest.Sample) artifacttest.Sample {
	s.BadValues = true
	return s
}

// compareObserved holds the observables of a record to those wanted.
func compareObserved(t *testing.T, rec *artifact.Record, want []artifact.Observable) {
	t.Helper()
	if diff := cmp.Diff(want, rec.Observed); diff != "" {
		t.Errorf("observables (-want +got):\n%s", diff)
	}
}

// messagesSchema is that of sms.db on iOS 17, without its triggers and indexes.
const messagesSchema = `
CREATE TABLE deleted_messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, guid TEXT NOT NULL);
CREATE TABLE chat_handle_join (chat_id INTEGER REFERENCES chat (ROWID) ON DELETE CASCADE, handle_id INTEGER REFERENCES handle (ROWID) ON DELETE CASCADE, UNIQUE(chat_id, handle_id));
CREATE TABLE sync_deleted_messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, guid TEXT NOT NULL, recordID TEXT);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, id TEXT NOT NULL, country TEXT, service TEXT NOT NULL, uncanonicalized_id TEXT, person_centric_id TEXT, UNIQUE (id, service));
CREATE TABLE message_attachment_join (message_id INTEGER REFERENCES message (ROWID) ON DELETE CASCADE, attachment_id INTEGER REFERENCES attachment (ROWID) ON DELETE CASCADE, UNIQUE(message_id, attachment_id));
CREATE TABLE chat_message_join (chat_id INTEGER REFERENCES chat (ROWID) ON DELETE CASCADE, message_id INTEGER REFERENCES message (ROWID) ON DELETE CASCADE, message_date INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id));
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, text TEXT, replace INTEGER DEFAULT 0, service_center TEXT, handle_id INTEGER DEFAULT 0, subject TEXT, country TEXT, attributedBody BLOB, version INTEGER DEFAULT 0, type INTEGER DEFAULT 0, service TEXT, account TEXT, account_guid TEXT, error INTEGER DEFAULT 0, date INTEGER, date_read INTEGER, date_delivered INTEGER, is_delivered INTEGER DEFAULT 0, is_finished INTEGER DEFAULT 0, is_emote INTEGER DEFAULT 0, is_from_me INTEGER DEFAULT 0, is_empty INTEGER DEFAULT 0, is_delayed INTEGER DEFAULT 0, is_auto_reply INTEGER DEFAULT 0, is_prepared INTEGER DEFAULT 0, is_read INTEGER DEFAULT 0, is_system_message INTEGER DEFAULT 0, is_sent INTEGER DEFAULT 0, has_dd_results INTEGER DEFAULT 0, is_service_message INTEGER DEFAULT 0, is_forward INTEGER DEFAULT 0, was_downgraded INTEGER DEFAULT 0, is_archive INTEGER DEFAULT 0, cache_has_attachments INTEGER DEFAULT 0, cache_roomnames TEXT, was_data_detected INTEGER DEFAULT 0, was_deduplicated INTEGER DEFAULT 0, is_audio_message INTEGER DEFAULT 0, is_played INTEGER DEFAULT 0, date_played INTEGER, item_type INTEGER DEFAULT 0, other_handle INTEGER DEFAULT 0, group_title TEXT, group_action_type INTEGER DEFAULT 0, share_status INTEGER DEFAULT 0, share_direction INTEGER DEFAULT 0, is_expirable INTEGER DEFAULT 0, expire_state INTEGER DEFAULT 0, message_action_type INTEGER DEFAULT 0, message_source INTEGER DEFAULT 0, associated_message_guid TEXT, associated_message_type INTEGER DEFAULT 0, balloon_bundle_id TEXT, payload_data BLOB, expressive_send_style_id TEXT, associated_message_range_location INTEGER DEFAULT 0, associated_message_range_length INTEGER DEFAULT 0, time_expressive_send_played INTEGER, message_summary_info BLOB, ck_sync_state INTEGER DEFAULT 0, ck_record_id TEXT, ck_record_change_tag TEXT, destination_caller_id TEXT, is_corrupt INTEGER DEFAULT 0, reply_to_guid TEXT, sort_id INTEGER, is_spam INTEGER DEFAULT 0, has_unseen_mention INTEGER DEFAULT 0, thread_originator_guid TEXT, thread_originator_part TEXT, syndication_ranges TEXT, synced_syndication_ranges TEXT, was_delivered_quietly INTEGER DEFAULT 0, did_notify_recipient INTEGER DEFAULT 0, date_retracted INTEGER DEFAULT 0, date_edited INTEGER DEFAULT 0, was_detonated INTEGER DEFAULT 0, part_count INTEGER, is_stewie INTEGER DEFAULT 0, is_kt_verified INTEGER DEFAULT 0, fallback_hash TEXT DEFAULT NULL, date_recovered INTEGER DEFAULT 0);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, style INTEGER, state INTEGER, account_id TEXT, properties BLOB, chat_identifier TEXT, service_name TEXT, room_name TEXT, account_login TEXT, is_archived INTEGER DEFAULT 0, last_addressed_handle TEXT, display_name TEXT, group_id TEXT, is_filtered INTEGER DEFAULT 0, successful_query INTEGER);
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, created_date INTEGER DEFAULT 0, start_date INTEGER DEFAULT 0, filename TEXT, uti TEXT, mime_type TEXT, transfer_state INTEGER DEFAULT 0, is_outgoing INTEGER DEFAULT 0, user_info BLOB, transfer_name TEXT, total_bytes INTEGER DEFAULT 0, is_sticker INTEGER DEFAULT 0, sticker_user_info BLOB, attribution_info BLOB, hide_attachment INTEGER DEFAULT 0, ck_sync_state INTEGER DEFAULT 0, ck_server_change_token_blob BLOB, ck_record_id TEXT, original_guid TEXT UNIQUE NOT NULL, is_commsafety_sensitive INTEGER DEFAULT 0);
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER REFERENCES chat (ROWID) ON DELETE CASCADE, message_id INTEGER REFERENCES message (ROWID) ON DELETE CASCADE, delete_date INTEGER, ck_sync_state INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id), CHECK (delete_date != 0));
CREATE TABLE recoverable_message_part (chat_id INTEGER REFERENCES chat (ROWID) ON DELETE CASCADE, message_id INTEGER REFERENCES message (ROWID) ON DELETE CASCADE, part_index INTEGER, delete_date INTEGER, part_text BLOB NOT NULL, ck_sync_state INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id, part_index), CHECK (delete_date != 0));
`

// TestDamageIsToldOnce: a page that two tables' scans meet broken, or one
// that is scanned twice, is told once, and the other rows are there.
func TestDamageIsToldOnce(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "damaged", chatStoragePath, whatsAppSchema+`
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO ZWACHATSESSION (Z_PK, ZCONTACTJID) SELECT i, i || '@s.whatsapp.net' FROM n;
`)
	whole, errs := artifacttest.Parse(t, whatsApp{}, s)
	if errs != nil {
		t.Fatal(errs)
	}
	middle := whole[len(whole)/2].Loc
	broken := append([]byte(nil), s.Files[chatStoragePath]...)
	for i := range 512 {
		broken[(middle.Page-1)*512+int64(i)] = 0xff
	}
	s.Files = map[string][]byte{chatStoragePath: broken}
	recs, errs := artifacttest.Parse(t, whatsApp{}, s)
	if len(errs) != 1 || len(recs) >= len(whole) || len(recs) < len(whole)/2 {
		t.Errorf("%d of %d records, errors %v", len(recs), len(whole), errs)
	}
}

// rollbackJournal returns the journal of a change to page 1 of a database
// with pages of 512 bytes (https://sqlite.org/fileformat2.html#the_rollback_journal).
func rollbackJournal(db []byte) []byte {
	const pageSize, sector, nonce = 512, 512, 7
	page := db[:pageSize]
	sum := uint32(nonce)
	for i := pageSize - 200; i > 0; i -= 200 {
		sum += uint32(page[i])
	}
	b := []byte("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
	for _, n := range []uint32{1, nonce, uint32(len(db) / pageSize), sector, pageSize} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = append(b, make([]byte, sector-len(b))...)
	b = append(binary.BigEndian.AppendUint32(b, 1), page...)
	return binary.BigEndian.AppendUint32(b, sum)
}

// TestUnfinishedChange: a journal that is hot is told once, and costs no row.
func TestUnfinishedChange(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "hot", chatStoragePath, whatsAppSchema+"INSERT INTO ZWACHATSESSION (Z_PK, ZCONTACTJID) VALUES (1, 'a@s.whatsapp.net');")
	s.Files[chatStoragePath+"-journal"] = rollbackJournal(s.Files[chatStoragePath])
	records, errs := artifacttest.Parse(t, whatsApp{}, s)
	if len(records) != 1 || len(errs) != 1 || !errors.Is(errs[0], errUnfinished) {
		t.Errorf("%d records, %v", len(records), errs)
	}
}
