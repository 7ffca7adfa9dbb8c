package testevidence

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A demoText is one message of a phone of the demonstration.
type demoText struct {
	from, text string
	at         time.Time
}

// demoPhones are the phones of `amparo demo`, by the pseudonym of their person.
// All of it is synthetic: the numbers are none, the words are ours. The domains
// are of the list of https://citizenlab.ca/2017/06/reckless-exploit-mexico-nso/
// (citizenlab/malware-indicators, 201706_RecklessExploit), the form of the
// address too; the months are those in which the reports say that the targets
// got such messages.
var demoPhones = map[string][]demoText{
	"attorney": {
		{"+5215550000101", "Licenciada, buenas tardes, la audiencia es el jueves.", demoTime(2016, 4, 19, 15)},
		{"+5215550000102", "Mi hermano fue detenido y necesita ayuda, este es su caso: https://smsmensaje.mx/1000001s/", demoTime(2016, 4, 20, 16)},
	},
	"journalist": {
		{"+5215550000103", "USEMBASSY.GOV/ Hay un problema con su visa, acuda pronto a la embajada. Detalles: https://smsmensaje.mx/1000002s/", demoTime(2015, 8, 30, 17)},
		{"+5215550000104", "UNOTV.COM/ Noticia de última hora sobre usted: https://unonoticias.net/1000003s/", demoTime(2016, 5, 12, 14)},
		{"+5215550000101", "¿Nos vemos mañana en la redacción?", demoTime(2016, 5, 12, 20)},
	},
	"son": {
		{"+15550100101", "See you after school?", demoTime(2016, 6, 2, 18)},
		{"+5215550000105", "USEMBASSY.GOV/ Se detectó un problema con su visa, preséntese en la embajada. Ver: https://smsmensaje.mx/1000004s/", demoTime(2016, 6, 3, 19)},
	},
	"made-up": {
		{"+5215550000107", "UNOTV.COM/ Conozca lo que se dice de usted hoy: https://unonoticias.net/1000006s/", demoTime(2016, 5, 17, 15)},
	},
	"expert": {
		{"+5215550000106", "En la madrugada falleció mi padre, estamos devastados, envío los datos del velatorio: https://smsmensaje.mx/1000005s/", demoTime(2016, 3, 1, 16)},
	},
}

// demoVisits are the pages that a phone of the demonstration opened, by the
// pseudonym of its person: the link of a message, two minutes after it came. Only
// the person that is made up has one: no report says that somebody of whom
// the letter speaks opened a link.
var demoVisits = map[string][]demoVisit{
	"made-up": {{"https://unonoticias.net/1000006s/", demoTime(2016, 5, 17, 15).Add(2 * time.Minute)}},
}

// A demoVisit is one visit of a page.
type demoVisit struct {
	url string
	at  time.Time
}

func demoTime(y int, m time.Month, d, h int) time.Time {
	return time.Date(y, m, d, h, 5, 0, 0, time.UTC)
}

// WriteDemoPhones writes each phone of the demonstration to DIR/PSEUDONYM: its
// messages to sms.db, and where it opened a page also History.db, by the schemas
// of the two. The same version gives the same bytes.
func WriteDemoPhones(dir string) error {
	for name, texts := range demoPhones {
		folder := filepath.Join(dir, name)
		err := os.MkdirAll(folder, 0o750)
		if err == nil {
			err = writeDemoDatabase(filepath.Join(folder, "sms.db"), "schema/sms.sql", demoTextRows(texts))
		}
		if visits := demoVisits[name]; err == nil && len(visits) > 0 {
			err = writeDemoDatabase(filepath.Join(folder, "History.db"), "schema/history.sql", demoVisitRows(visits))
		}
		if err != nil {
			return fmt.Errorf("phone of the %s: %w", name, err)
		}
	}
	return nil
}

// A demoRow is a row to be written.
type demoRow struct {
	query string
	args  []any
}

func demoTextRows(texts []demoText) []demoRow {
	var out []demoRow
	for i, t := range texts {
		id := i + 1
		out = append(out,
			demoRow{"INSERT INTO handle (ROWID, id, service) VALUES (?, ?, 'SMS')", []any{id, t.from}},
			demoRow{"INSERT INTO chat (ROWID, guid, style, chat_identifier, service_name) VALUES (?, ?, 45, ?, 'SMS')", []any{id, "SMS;-;" + t.from, t.from}},
			demoRow{"INSERT INTO chat_handle_join (chat_id, handle_id) VALUES (?, ?)", []any{id, id}},
			demoRow{
				`INSERT INTO message (ROWID, guid, text, handle_id, service, account, date, date_read, is_finished, is_read)
				VALUES (?, ?, ?, ?, 'SMS', 'P:+5215550000000', ?, ?, 1, 1)`,
				[]any{id, fmt.Sprintf("00000000-0000-4000-8000-%012d", id), t.text, id, nanoseconds(t.at), nanoseconds(t.at.Add(time.Minute))},
			},
			demoRow{"INSERT INTO chat_message_join (chat_id, message_id, message_date) VALUES (?, ?, ?)", []any{id, id, nanoseconds(t.at)}},
		)
	}
	return out
}

func demoVisitRows(visits []demoVisit) []demoRow {
	var out []demoRow
	for i, v := range visits {
		id := i + 1
		out = append(out,
			demoRow{
				`INSERT INTO history_items (id, url, visit_count, daily_visit_counts, should_recompute_derived_visit_counts, visit_count_score)
				VALUES (?, ?, 1, ?, 0, 100)`,
				[]any{id, v.url, []byte{0x64, 0, 0, 0}},
			},
			demoRow{
				"INSERT INTO history_visits (id, history_item, visit_time, title, load_successful, generation, score) VALUES (?, ?, ?, '', 1, 1, 100)",
				[]any{id, id, macTime(v.at)},
			},
		)
	}
	return out
}

func writeDemoDatabase(file, schema string, rows []demoRow) (err error) {
	tables, err := schemas.ReadFile(schema)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	before, _, _ := strings.Cut(string(tables), "-- after rows\n")
	if _, err := db.Exec("PRAGMA page_size=1024; PRAGMA journal_mode=OFF; " + before); err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := db.Exec(row.query, row.args...); err != nil {
			return err
		}
	}
	return nil
}
