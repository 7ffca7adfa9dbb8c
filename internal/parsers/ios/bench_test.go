package ios

import (
	"context"
	"fmt"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// benchmarkParser measures the parser over s with all that a check does to a
// record but matching it and writing it.
func benchmarkParser(b *testing.B, p artifact.Parser, s artifacttest.Sample) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(int64(len(s.Files[s.Path])))
	records := 0
	for b.Loop() {
		in := s.Input()
		for _, err := range artifact.Run(context.Background(), p, in) {
			if err != nil {
				b.Fatal(err)
			}
			records++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}

func BenchmarkSMS(b *testing.B) {
	const messages = 20_000
	script := messagesSchema + fmt.Sprintf(`
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO handle SELECT i, printf('+5255555%%05d', i), 'mx', 'iMessage', NULL, NULL FROM n;
INSERT INTO chat (ROWID, guid, chat_identifier) SELECT ROWID, 'iMessage;-;' || id, id FROM handle;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO message (ROWID, guid, text, handle_id, service, account, account_guid, date, date_read, is_from_me, is_read, is_delivered, is_finished, is_sent, version)
SELECT i, printf('%%08X-0000-4000-8000-%%012X', i, i * 7919), 'Message number ' || i || ' is about as long as most messages are, ' ||
	CASE WHEN i %% 20 = 0 THEN 'see https://www.example.com/path/' || i ELSE 'and has no link in it' END,
	i %% 200 + 1, 'iMessage', 'E:owner@example.com', '11111111-2222-3333-4444-555555555555', 700000000000000000 + i * 60000000000,
	700000000000000000 + i * 60000000000 + 5000000000, i %% 2, 1, 1, 1, i %% 2, 10 FROM n;
INSERT INTO chat_message_join SELECT handle_id, ROWID, date FROM message;
`, messages)
	benchmarkParser(b, sms{}, databaseSample(b, "bench", messagesPath, script))
}

func BenchmarkWhatsApp(b *testing.B) {
	const messages = 20_000
	script := whatsAppSchema + fmt.Sprintf(`
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO ZWACHATSESSION (Z_PK, ZCONTACTJID, ZPARTNERNAME) SELECT i, printf('5255555%%05d@s.whatsapp.net', i), 'Name ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO ZWAMESSAGE (Z_PK, Z_ENT, Z_OPT, ZISFROMME, ZMESSAGETYPE, ZSORT, ZSTANZAID, ZCHATSESSION, ZMESSAGEDATE, ZFROMJID, ZTEXT)
SELECT i, 9, 1, i %% 2, 0, i, printf('%%020X', i * 7919), i %% 200 + 1, 700000000.5 + i * 60,
	CASE WHEN i %% 2 THEN NULL ELSE printf('5255555%%05d@s.whatsapp.net', i %% 200) END,
	'Message number ' || i || ' is about as long as most messages are, ' ||
	CASE WHEN i %% 20 = 0 THEN 'see https://www.example.com/path/' || i ELSE 'and has no link in it' END FROM n;
INSERT INTO ZWAMEDIAITEM (Z_PK, ZMESSAGE, ZMEDIAURL, ZFILESIZE) SELECT Z_PK, Z_PK, 'https://mmg.whatsapp.net/v/t62.7118-24/' || Z_PK || '.enc', 5000 FROM ZWAMESSAGE WHERE Z_PK %% 10 = 0;
`, messages)
	benchmarkParser(b, whatsApp{}, databaseSample(b, "bench", chatStoragePath, script))
}

func BenchmarkManifest(b *testing.B) {
	const files = 20_000
	blob := mbfile(b, "Documents/12/0123456789AB-1234.dat", map[string]any{
		"Birth": 1_600_000_000, "LastModified": 1_600_000_100, "LastStatusChange": 1_600_000_200, "Mode": 0o100644, "UserID": 501,
		"GroupID": 501, "Size": 1234, "ProtectionClass": 3, "InodeNumber": 123_456, "Flags": 0, "Digest": make([]byte, 20),
	})
	script := realPages + manifestSchema + fmt.Sprintf(`
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO Files SELECT printf('%%040x', i * 7919), 'AppDomainGroup-group.org.example.app' || (i %% 50),
	CASE WHEN i %% 20 THEN printf('Documents/%%02d/%%012X-%%d.dat', i %% 100, i * 104729, i)
	ELSE printf('Library/WebKit/WebsiteData/LocalStorage/https_www.example.org_%%d.localstorage', i) END, 1, %s FROM n;
`, files, blob)
	benchmarkParser(b, manifest{}, databaseSample(b, "bench", "Manifest.db", script))
}

func BenchmarkSafariHistory(b *testing.B) {
	const visits = 20_000
	script := realPages + historySchema + fmt.Sprintf(`
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO history_items (id, url, visit_count, daily_visit_counts, should_recompute_derived_visit_counts, visit_count_score)
SELECT i, 'https://www.example' || (i %% 500) || '.com/path/to/page/' || i, 1, x'00', 0, 100 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO history_visits (id, history_item, visit_time, title, redirect_source, redirect_destination)
SELECT i, i, 700000000.25 + i * 60, 'The title of page ' || i, CASE WHEN i %% 10 = 1 AND i > 1 THEN i - 1 END, CASE WHEN i %% 10 = 0 THEN i + 1 END FROM n;
`, visits, visits)
	benchmarkParser(b, safariHistory{}, databaseSample(b, "bench", historyPath, script))
}

// realPages undoes the small pages of samples: iOS writes pages of 4 KiB.
const realPages = "PRAGMA page_size=4096;"
