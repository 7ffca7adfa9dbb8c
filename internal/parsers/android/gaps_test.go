package android

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// TestGaps: runs of missing numbers, with the time around them.
func TestGaps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		parser artifact.Parser
		path   string
		script string
		want   []string
	}{
		{"calls", phoneDatabases{}, "data/data/com.android.providers.contacts/databases/calllog.db", callsSQL +
			`INSERT INTO calls (_id, number, date) VALUES (5, '+52', 1700000060000), (6, '+52', 1700000090000); DELETE FROM calls WHERE _id = 6;`, []string{
			"calls 3-4 end false, autoincrement, 2023-11-14 22:13:21 – 2023-11-14 22:14:20",
			"calls 6-6 end true, autoincrement, 2023-11-14 22:14:20 – …",
		}},
		// The provider of text messages has no AUTOINCREMENT: what is missing at
		// the end cannot be seen.
		{"messages", phoneDatabases{}, "data/data/com.android.providers.telephony/databases/mmssms.db", smsSQL +
			`INSERT INTO sms (_id, address, date) VALUES (4, 'x', 1700000060000), (5, 'x', 1700000060000); DELETE FROM sms WHERE _id = 5;`, []string{
			"sms 3-3 end false, plain, … – 2023-11-14 22:14:20",
		}},
		{"whatsapp", whatsApp{}, "data/data/com.whatsapp/databases/msgstore.db", waNewSQL +
			`INSERT INTO message (_id, chat_row_id, from_me, key_id, timestamp, text_data) VALUES (9, 1, 0, 'D', 1700000060000, 'x');`, []string{
			"message 4-8 end false, autoincrement, 2023-11-14 22:13:22 – 2023-11-14 22:14:20",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recs, errs := artifacttest.Parse(t, tt.parser, dbSample(t, tt.name, tt.path, "PRAGMA secure_delete=on;"+tt.script))
			var got []string
			for _, r := range recs {
				if r.Kind == "gap" {
					first, _ := r.Get("first_missing").Int()
					last, _ := r.Get("last_missing").Int()
					end, _ := r.Get("at_end").Bool()
					got = append(got, fmt.Sprintf("%s %d-%d end %v, %s, %s", r.Text("table"), first, last, end, r.Text("numbering"), r.Text("window")))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(errs) != 0 {
				t.Errorf("errors %v (-want +got):\n%s", errs, diff)
			}
		})
	}
}
