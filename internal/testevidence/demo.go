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
	"expert": {
		{"+5215550000106", "En la madrugada falleció mi padre, estamos devastados, envío los datos del velatorio: https://smsmensaje.mx/1000005s/", demoTime(2016, 3, 1, 16)},
	},
}

func demoTime(y int, m time.Month, d, h int) time.Time {
	return time.Date(y, m, d, h, 5, 0, 0, time.UTC)
}

// WriteDemoPhones writes the messages of each phone of the demonstration to
// DIR/PSEUDONYM/sms.db, by the schema of sms.db. The same version gives the same
// bytes.
func WriteDemoPhones(dir string) error {
	for name, texts := range demoPhones {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o750); err != nil {
			return err
		}
		if err := writeDemoPhone(filepath.Join(dir, name, "sms.db"), texts); err != nil {
			return fmt.Errorf("phone of the %s: %w", name, err)
		}
	}
	return nil
}

func writeDemoPhone(file string, texts []demoText) (err error) {
	schema, err := schemas.ReadFile("schema/sms.sql")
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	before, _, _ := strings.Cut(string(schema), "-- after rows\n")
	if _, err := db.Exec("PRAGMA page_size=1024; PRAGMA journal_mode=OFF; " + before); err != nil {
		return err
	}
	for i, t := range texts {
		id := i + 1
		for _, row := range []struct {
			query string
			args  []any
		}{
			{"INSERT INTO handle (ROWID, id, service) VALUES (?, ?, 'SMS')", []any{id, t.from}},
			{"INSERT INTO chat (ROWID, guid, style, chat_identifier, service_name) VALUES (?, ?, 45, ?, 'SMS')", []any{id, "SMS;-;" + t.from, t.from}},
			{"INSERT INTO chat_handle_join (chat_id, handle_id) VALUES (?, ?)", []any{id, id}},
			{
				`INSERT INTO message (ROWID, guid, text, handle_id, service, account, date, date_read, is_finished, is_read)
				VALUES (?, ?, ?, ?, 'SMS', 'P:+5215550000000', ?, ?, 1, 1)`,
				[]any{id, fmt.Sprintf("00000000-0000-4000-8000-%012d", id), t.text, id, nanoseconds(t.at), nanoseconds(t.at.Add(time.Minute))},
			},
			{"INSERT INTO chat_message_join (chat_id, message_id, message_date) VALUES (?, ?, ?)", []any{id, id, nanoseconds(t.at)}},
		} {
			if _, err := db.Exec(row.query, row.args...); err != nil {
				return err
			}
		}
	}
	return nil
}
