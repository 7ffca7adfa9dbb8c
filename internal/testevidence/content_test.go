package testevidence

import (
	"path/filepath"
	"testing"
)

// TestEveryKindOfRowIsThere: each form that parsers must read occurs in a
// small backup too.
func TestEveryKindOfRowIsThere(t *testing.T) {
	t.Parallel()
	dir, _ := shared(t)
	const home = "HomeDomain"
	for _, c := range []struct{ name, domain, path, query string }{
		{"text_in_body_only", home, smsPath, "message WHERE text IS NULL AND attributedBody IS NOT NULL"},
		{"edited", home, smsPath, "message WHERE date_edited > 0 AND message_summary_info IS NOT NULL"},
		{"unsent", home, smsPath, "message WHERE date_retracted > 0 AND text IS NULL AND attributedBody IS NULL"},
		{"recently_deleted", home, smsPath, "chat_recoverable_message_join WHERE delete_date > 0"},
		{"deleted", home, smsPath, "deleted_messages"},
		{"seconds", home, smsPath, "message WHERE date BETWEEN 1 AND 1e10"},
		{"no_handle", home, smsPath, "message WHERE handle_id = 0"},
		{"preview", home, smsPath, "message WHERE payload_data IS NOT NULL AND balloon_bundle_id IS NOT NULL"},
		{"sms", home, smsPath, "message WHERE service = 'SMS'"},
		{"group_members", home, smsPath, "chat_handle_join GROUP BY chat_id HAVING count(*) > 1"},
		{"whatsapp_group", whatsAppDomain, whatsAppPath, "ZWAMESSAGE WHERE ZGROUPMEMBER IN (SELECT Z_PK FROM ZWAGROUPMEMBER)"},
		{"whatsapp_preview", whatsAppDomain, whatsAppPath, "ZWAMESSAGEDATAITEM WHERE ZCONTENT1 <> ZMATCHEDTEXT"},
		{"whatsapp_media", whatsAppDomain, whatsAppPath, "ZWAMEDIAITEM JOIN ZWAMESSAGE ON ZMEDIAITEM = ZWAMEDIAITEM.Z_PK"},
		{"whatsapp_lid", whatsAppDomain, "LID.sqlite", "ZWAPHONENUMBERLIDPAIR"},
		{"whatsapp_contact", whatsAppDomain, "ContactsV2.sqlite", "ZWAADDRESSBOOKCONTACT WHERE ZLID IS NOT NULL"},
		{"redirect", historyDomain, historyPath, "history_visits a JOIN history_visits b ON a.redirect_destination = b.id AND b.redirect_source = a.id"},
		{"tab_session", tabsDomain, tabsPath, "tabs JOIN tab_sessions ON tab_uuid = uuid"},
		{"orphan", usageDomain, usagePath, "ZLIVEUSAGE WHERE ZHASPROCESS NOT IN (SELECT Z_PK FROM ZPROCESS)"},
		{"organizer", home, calendarPath, "CalendarItem JOIN Participant ON organizer_id = Participant.ROWID"},
		{"interaction", home, interactionsPath, "ZINTERACTIONS JOIN ZCONTACTS ON ZSENDER = ZCONTACTS.Z_PK"},
	} {
		id := fileID(c.domain, c.path)
		if got := query(t, filepath.Join(dir, id[:2], id), "SELECT CAST(count(*) AS TEXT) FROM (SELECT 1 FROM "+c.query+")"); got[0] == "0" {
			t.Errorf("%s: no row of it in %s", c.name, c.path)
		}
	}
	manifest := query(t, filepath.Join(dir, "Manifest.db"), "SELECT DISTINCT CAST(flags AS TEXT) FROM Files ORDER BY flags")
	if len(manifest) != 3 {
		t.Errorf("flags %v in the manifest, want files, folders and links", manifest)
	}
}
