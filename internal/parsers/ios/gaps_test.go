package ios

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// gapsOf lists the runs of missing numbers among records.
func gapsOf(recs []*artifact.Record) []string {
	var list []string
	for _, r := range recs {
		if r.Kind != "gap" {
			continue
		}
		n := func(name string) int64 { n, _ := r.Get(name).Int(); return n }
		end, _ := r.Get("at_end").Bool()
		list = append(list, fmt.Sprintf("%s %d-%d recovered %d, end %v, %s, %s",
			r.Text("table"), n("first_missing"), n("last_missing"), n("recovered"), end, r.Text("numbering"), r.Text("window")))
	}
	return list
}

// TestGaps: rows that a real SQLite deletes leave runs of missing numbers with
// the time around them, and a run says how many of its rows were recovered.
func TestGaps(t *testing.T) {
	t.Parallel()
	const tenMessages = `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
INSERT INTO message (ROWID, guid, text, date) SELECT i, 'guid-' || i, 'the text of message ' || i, (600000000 + i * 60) * 1000000000 FROM n;
`
	for _, tt := range []struct {
		name   string
		parser artifact.Parser
		path   string
		script string
		want   []string
	}{
		// Of two rows side by side the free block of one takes the number of the other.
		{"messages", sms{}, "HomeDomain/Library/SMS/sms.db", messagesSchema + tenMessages + `PRAGMA secure_delete=off; DELETE FROM message WHERE ROWID IN (4, 5, 10);`, []string{
			"message 4-5 recovered 1, end false, autoincrement, 2020-01-06 10:43:00 – 2020-01-06 10:46:00",
			"message 10-10 recovered 1, end true, autoincrement, 2020-01-06 10:49:00 – …",
		}},
		{"vacuumed", sms{}, "HomeDomain/Library/SMS/sms.db", messagesSchema + tenMessages + `DELETE FROM message WHERE ROWID IN (4, 5); VACUUM;`, []string{
			"message 4-5 recovered 0, end false, autoincrement, 2020-01-06 10:43:00 – 2020-01-06 10:46:00",
		}},
		{"calls", calls{}, "HomeDomain/Library/CallHistoryDB/CallHistory.storedata", `
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZDATE TIMESTAMP, ZADDRESS VARCHAR);
CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
INSERT INTO Z_PRIMARYKEY VALUES (2, 'CallRecord', 0, 9);
INSERT INTO ZCALLRECORD VALUES (1, 2, 1, 600000000, '+52'), (3, 2, 1, 600000060, '+52'), (4, 2, 1, 600000120, '+52');
`, []string{
			"ZCALLRECORD 2-2 recovered 0, end false, core_data, 2020-01-06 10:40:00 – 2020-01-06 10:41:00",
			"ZCALLRECORD 5-9 recovered 0, end true, core_data, 2020-01-06 10:42:00 – …",
		}},
		{"visits", safariHistory{}, historyPath, historySchema + `
INSERT INTO history_visits (id, history_item, visit_time) VALUES (1, 1, 600000000), (7, 1, 600000060);
`, []string{"history_visits 2-6 recovered 0, end false, autoincrement, 2020-01-06 10:40:00 – 2020-01-06 10:41:00"}},
		{"no_gaps", sms{}, "HomeDomain/Library/SMS/sms.db", messagesSchema + tenMessages, nil},
		{"older_are_gone", sms{}, "HomeDomain/Library/SMS/sms.db", messagesSchema + tenMessages + `DELETE FROM message WHERE ROWID < 4;`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := databaseSample(t, tt.name, tt.path, tt.script)
			s.Recover = true
			recs, errs := artifacttest.Parse(t, tt.parser, s)
			if diff := cmp.Diff(tt.want, gapsOf(recs)); diff != "" || len(errs) != 0 {
				t.Errorf("errors %v (-want +got):\n%s", errs, diff)
			}
		})
	}
}
