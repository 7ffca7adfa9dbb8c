package ios

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// mail reads Mail's index of messages.
type mail struct{}

var mailInfo = artifact.Info{
	Name:       "ios.mail",
	Version:    1,
	Summary:    "E-mails in Mail's index: who wrote to whom and when, subjects, beginnings of texts, and links in them.",
	Files:      []string{"**/Envelope Index"},
	Companions: []string{"**/Protected Index"},
	Kinds: []artifact.KindInfo{{
		Kind: "message",
		Doc: "An e-mail (table messages of Envelope Index, with what Protected Index tells of it). Columns that are not " +
			"listed are fields under their own names unless they are NULL, 0 or empty.",
		Fields: []artifact.FieldInfo{
			{Name: "subject", Type: artifact.Text, Doc: "subject"},
			{Name: "sender", Type: artifact.Text, Doc: "address of the sender, before iOS 13 with the name"},
			{Name: "sender_name", Type: artifact.Text, Doc: "name of the sender, as the e-mail had it"},
			{Name: "recipients", Type: artifact.Strings, Doc: "addresses that it went to, copies included"},
			{Name: "snippet", Type: artifact.Text, Doc: "beginning of the text, as far as it was loaded"},
			{Name: "attachments", Type: artifact.Strings, Doc: "names of attached files"},
			{Name: "links", Type: artifact.Strings, Doc: "links in subject, beginning and previews, each once"},
			{Name: "mailbox", Type: artifact.Text, Doc: "account and folder that it lies in"},
			{Name: "message_id_header", Type: artifact.Text, Doc: "identity of the e-mail, as its sender's server gave it"},
			otherColumns,
		},
		Times: []string{"sent", "received", "last_viewed"},
	}},
	Caveats: []string{
		"Texts of e-mails lie in files of their own; this is the beginning that the list of messages shows.",
		"The sent time is the sender's claim.",
		"Mail is not part of a backup; its index is in dumps of the file system.",
	},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/mailprotect.py",
	},
}

// Info implements artifact.Parser.
func (mail) Info() artifact.Info { return mailInfo }

// Parse implements artifact.Parser.
func (mail) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readMail)
}

// mailParts are the tables that a message refers to. Since iOS 13 the texts
// among them lie in Protected Index, on other systems in the index itself.
type mailParts struct {
	subjects, addresses, summaries  side
	mailboxes, headers, attachments side
	recipients                      side // by message: an address's row
	links                           side // by message's global row: a link's row
	urls                            side
	old                             side // before iOS 13, by message: who, whom and what
	bodies, data                    side // before iOS 13: texts, and which is whose
}

// oldMail are the columns of a message in Protected Index before iOS 13.
var oldMail = []string{"sender", "subject", "_to", "cc", "bcc"}

// read reads the tables that there are in one of the two files.
func (m *mailParts) read(r *reading, protected bool) error {
	for _, p := range []struct {
		into    *side
		name    string
		key     string // "" for the row
		columns []string
	}{
		{&m.subjects, "subjects", "", []string{"subject"}},
		{&m.addresses, "addresses", "", []string{"address", "comment"}},
		{&m.summaries, "summaries", "", []string{"summary"}},
		{&m.mailboxes, "mailboxes", "", []string{"url"}},
		{&m.headers, "message_global_data", "", []string{"message_id_header"}},
		{&m.attachments, "message_attachments", "global_message_id", []string{"name"}},
		{&m.recipients, "recipients", "message", []string{"address"}},
		{&m.links, "message_rich_links", "global_message_id", []string{"rich_link"}},
		{&m.urls, "rich_links", "", []string{"url", "title"}},
	} {
		if err := readMailPart(r, p.into, p.name, p.key, p.columns); err != nil {
			return err
		}
	}
	if !protected {
		return readMailPart(r, &m.data, "message_data", "message_id", []string{"ROWID"})
	}
	if err := readMailPart(r, &m.old, "messages", "message_id", oldMail); err != nil {
		return err
	}
	return readMailPart(r, &m.bodies, "message_data", "message_data_id", []string{"data"})
}

// readMailPart reads columns of a table, where it has the first of them.
func readMailPart(r *reading, into *side, name, key string, columns []string) error {
	wanted := slices.Clone(columns)
	if key != "" {
		wanted = append(wanted, key)
	}
	t := r.optional(name, wanted...)
	if t == nil {
		return nil
	}
	at := t.find(key)
	row := func() int64 {
		if key == "" {
			return t.rowID()
		}
		return t.key(at)
	}
	if columns[0] == "ROWID" {
		// A table whose rows alone are wanted, whether it declares their column or not.
		err := t.each(func() error {
			if !into.add(row(), artifact.IntValue(t.rowID())) {
				return t.tooMuch()
			}
			return nil
		})
		into.sort()
		return r.unjoined(err)
	}
	if t.find(columns[0]) < 0 || key != "" && at < 0 {
		return nil
	}
	return t.side(into, columns, row)
}

// A mailReader reads messages.
type mailReader struct {
	*table
	parts mailParts

	sender, subject, summary, mailbox, global, sent, received, viewed int
}

func readMail(r *reading) error {
	t, err := r.table("messages")
	if err != nil {
		return err
	}
	m := &mailReader{table: t}
	if err := m.parts.read(r, false); err != nil {
		return err
	}
	folder := strings.TrimSuffix(r.In.Path, fileName(r.In.Path))
	if err := r.companion(folder+"Protected Index", func(other *reading) error { return m.parts.read(other, true) }); err != nil {
		return err
	}
	m.sender, m.subject, m.summary = t.take("sender"), t.take("subject"), t.take("summary")
	m.mailbox, m.global = t.take("mailbox"), t.find("global_message_id")
	m.sent, m.received, m.viewed = t.take("date_sent"), t.take("date_received"), t.take("date_last_viewed")
	t.hide("ROWID")
	t.seal(mailInfo.Kinds[0])
	return t.each(m.message)
}

// A letter is what is told of one e-mail, wherever it lay.
type letter struct {
	subject, sender, name, snippet string
	recipients, attachments        []string
}

func (m *mailReader) message() error {
	rec := m.start("message")
	l := m.gather()
	rec.Set("subject", artifact.TextOrNull(l.subject))
	rec.Set("sender", artifact.TextOrNull(l.sender))
	for _, a := range mailAddresses(l.sender) {
		rec.Observe(artifact.Email, a, "sender")
	}
	rec.Set("sender_name", artifact.TextOrNull(l.name))
	setAddresses(rec, l.recipients)
	rec.Set("snippet", artifact.TextOrNull(l.snippet))
	if len(l.attachments) > 0 {
		rec.Set("attachments", artifact.StringsValue(l.attachments))
		for _, a := range l.attachments {
			rec.Observe(artifact.FileName, fileName(a), "attachments")
		}
	}
	list := m.r.addLinks(m.r.addLinks(nil, l.subject), l.snippet)
	setLinks(rec, m.previews(list))
	rec.Set("mailbox", artifact.TextOrNull(one(&m.parts.mailboxes, m.key(m.mailbox))))
	rec.Set("message_id_header", artifact.TextOrNull(one(&m.parts.headers, m.key(m.global))))
	m.set(rec)
	rec.When("sent", artifact.UnixSeconds, m.number(m.sent))
	rec.When("received", artifact.UnixSeconds, m.number(m.received))
	rec.When("last_viewed", artifact.UnixSeconds, m.number(m.viewed))
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "e-mail from ", firstText(rec.Text("sender"), rec.Text("sender_name")), ": ", rec.Text("subject"))
	}
	return m.give()
}

// gather joins what the tables tell of the row.
func (m *mailReader) gather() letter {
	p := &m.parts
	l := letter{subject: one(&p.subjects, m.key(m.subject)), snippet: one(&p.summaries, m.key(m.summary))}
	var who [2]artifact.Value
	if p.addresses.first(m.key(m.sender), who[:]) {
		l.sender, _ = who[0].Str()
		l.name, _ = who[1].Str()
	}
	var to [1]artifact.Value
	for i, row := range p.recipients.find(m.rowID()) {
		if i == maxList {
			m.r.Rec.Truncated = true
			break
		}
		p.recipients.read(row, to[:])
		if n, ok := to[0].Int(); ok {
			l.recipients = appendNew(l.recipients, one(&p.addresses, n))
		}
	}
	for i, row := range p.attachments.find(m.key(m.global)) {
		if i == maxList {
			m.r.Rec.Truncated = true
			break
		}
		p.attachments.read(row, to[:])
		name, _ := to[0].Str()
		l.attachments = appendNew(l.attachments, name)
	}
	m.gatherOld(&l)
	return l
}

// gatherOld adds what lay in Protected Index before iOS 13.
func (m *mailReader) gatherOld(l *letter) {
	p := &m.parts
	old := make([]artifact.Value, len(oldMail))
	if p.old.first(m.rowID(), old) {
		sender, _ := old[0].Str()
		subject, _ := old[1].Str()
		l.sender, l.subject = firstText(l.sender, sender), firstText(l.subject, subject)
		for _, v := range old[2:] {
			s, _ := v.Str()
			for _, a := range mailAddresses(s) {
				l.recipients = appendNew(l.recipients, a)
			}
		}
	}
	var data [1]artifact.Value
	if l.snippet == "" && p.data.first(m.rowID(), data[:]) {
		row, _ := data[0].Int()
		l.snippet = one(&p.bodies, row)
	}
}

// previews appends the links that Mail shows previews of.
func (m *mailReader) previews(list []string) []string {
	var link [1]artifact.Value
	var page [2]artifact.Value
	for i, row := range m.parts.links.find(m.key(m.global)) {
		if i == maxList {
			break
		}
		m.parts.links.read(row, link[:])
		n, ok := link[0].Int()
		if ok && m.parts.urls.first(n, page[:]) {
			url, _ := page[0].Str()
			list = m.r.addLinks(list, url)
		}
	}
	return list
}

// one returns the text of a row of a side table with one column that counts.
func one(s *side, row int64) string {
	var v [2]artifact.Value
	found := s.find(row)
	if row == 0 || len(found) == 0 {
		return ""
	}
	s.read(found[0], v[:1])
	if b := v[0].Bytes(); b != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	text, _ := v[0].Str()
	return text
}

// setAddresses sets the recipients, and notes the addresses among them.
func setAddresses(rec *artifact.Record, list []string) {
	if len(list) == 0 {
		return
	}
	rec.Set("recipients", artifact.StringsValue(list))
	for _, entry := range list {
		for _, a := range mailAddresses(entry) {
			rec.Observe(artifact.Email, a, "recipients")
		}
	}
}

// mailAddresses returns the addresses in a text such as `"Ana" <ana@example.org>, b@c.de`.
func mailAddresses(s string) []string {
	var list []string
	for _, word := range strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(" \t\r\n<>,;:\"'()[]", c) }) {
		at := strings.LastIndexByte(word, '@')
		if at > 0 && at < len(word)-1 && len(list) < maxList {
			list = appendNew(list, word)
		}
	}
	return list
}
