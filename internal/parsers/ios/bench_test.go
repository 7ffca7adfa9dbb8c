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
