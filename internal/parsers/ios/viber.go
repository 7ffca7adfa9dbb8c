package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// viber reads the chats, contacts and settings of Viber.
type viber struct{}

var viberInfo = artifact.Info{
	Name:    "ios.viber",
	Version: 1,
	Summary: "Messages, contacts and settings of Viber.",
	Files:   []string{"**/com.viber/database/Contacts.data", "**/com.viber/settings/Settings.data", "Contacts.data", "Settings.data"},
	Kinds: withGaps([]artifact.KindInfo{
		chatKind("A message or call (table ZVIBERMESSAGE with its chat, sender and attachment).", []string{"message", "state_changed"},
			artifact.FieldInfo{Name: "state", Type: artifact.Text, Doc: "received, send, delivered…"},
			artifact.FieldInfo{Name: "system_type", Type: artifact.Text, Doc: "what the text is where it is no plain text: url, formatted, systemCallLog…"},
			artifact.FieldInfo{Name: "metadata", Type: artifact.Text, Doc: "more of it, such as a preview, as JSON"},
			artifact.FieldInfo{Name: "attachment", Type: artifact.Text, Doc: "name of the attached file in the app's folder"},
			artifact.FieldInfo{Name: "attachment_type", Type: artifact.Text, Doc: "picture, video, audio, file…"}),
		{
			Kind: "contact",
			Doc:  "A number in the app's copy of the address book (table ZABCONTACTNUMBER).",
			Fields: []artifact.FieldInfo{
				{Name: "phone", Type: artifact.Text, Doc: "number as it is written there"},
				{Name: "number", Type: artifact.Text, Doc: "number with its country"},
				{Name: "name", Type: artifact.Text, Doc: "name of the person"},
			},
		},
		{
			Kind: "setting",
			Doc:  "A setting of the app (table Data).",
			Fields: []artifact.FieldInfo{
				{Name: "key", Type: artifact.Text, Doc: "its name"},
				{Name: "value", Type: artifact.Text, Doc: "its value, where that is a text or a number"},
				{Name: "value_length", Type: artifact.Int, Doc: "its bytes, where it is neither"},
			},
			Times: []string{"registered", "backed_up"},
		},
	}),
	Caveats: []string{"Messages that were deleted leave no row."},
	Refs:    []string{"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/viber.py"},
}

// Info implements artifact.Parser.
func (viber) Info() artifact.Info { return viberInfo }

// Parse implements artifact.Parser.
func (viber) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if strings.HasSuffix(in.Path, "Settings.data") {
		return readDatabase(ctx, in, readViberSettings)
	}
	return readDatabase(ctx, in, readViber)
}

// A viberReader reads messages.
type viberReader struct {
	*table
	members, chats map[int64]party
	phones         map[int64]string // by member
	partner        map[int64]int64  // members by chat
	files          side             // by row of ZATTACHMENT

	body, state, kind, metadata, chat, sender, file, at, changed int
}

func readViber(r *reading) error {
	t, err := r.table("ZVIBERMESSAGE")
	if err != nil {
		return err
	}
	v := &viberReader{table: t, phones: map[int64]string{}, partner: map[int64]int64{}}
	if v.members, err = r.parties("ZMEMBER", "ZMEMBERID", "ZDISPLAYFULLNAME", "ZDISPLAYSHORTNAME", "ZNAME"); err != nil {
		return err
	}
	if v.chats, err = r.parties("ZCONVERSATION", "ZGROUPID", "ZNAME"); err != nil {
		return err
	}
	if err := v.readSides(); err != nil {
		return err
	}
	v.body, v.state, v.kind, v.metadata = t.take("ZTEXT"), t.take("ZSTATE"), t.take("ZSYSTEMTYPE"), t.take("ZMETADATA")
	v.chat, v.sender, v.file = t.take("ZCONVERSATION"), t.take("ZPHONENUMINDEX"), t.take("ZATTACHMENT")
	v.at, v.changed = t.take("ZDATE"), t.take("ZSTATEDATE")
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(viberInfo.Kinds[0])
	t.numbered(v.at, gap.In(artifact.MacSeconds))
	if err := t.each(v.message); err != nil {
		return err
	}
	return readViberContacts(r)
}

// readSides reads numbers of members, members of chats, and attachments.
func (v *viberReader) readSides() error {
	if t := v.r.optional("ZPHONENUMBER", "ZMEMBER", "ZCANONIZEDPHONENUM", "ZPHONE"); t != nil {
		member, number, phone := t.find("ZMEMBER"), t.find("ZCANONIZEDPHONENUM"), t.find("ZPHONE")
		if err := v.r.unjoined(t.each(func() error {
			of := t.rowID()
			if n := t.key(member); n != 0 {
				of = n
			}
			v.phones[of] = firstText(t.plain(number), t.plain(phone))
			return t.hold(v.phones[of])
		})); err != nil {
			return err
		}
	}
	if t := v.r.optional("ZCONVERSATION", "ZINTERLOCUTOR"); t != nil {
		other := t.find("ZINTERLOCUTOR")
		if err := v.r.unjoined(t.each(func() error {
			v.partner[t.rowID()] = t.key(other)
			return t.hold()
		})); err != nil {
			return err
		}
	}
	t := v.r.optional("ZATTACHMENT", "ZNAME", "ZTYPE")
	if t == nil {
		return nil
	}
	return t.side(&v.files, []string{"ZNAME", "ZTYPE"}, t.rowID)
}

// member returns a person with their number, and with their identity at the
// service where no number is known.
func (v *viberReader) member(row int64) party {
	m := v.members[row]
	return party{firstText(v.phones[row], m.id), m.name}
}

func (v *viberReader) message() error {
	rec := v.start("message")
	row := v.key(v.chat)
	m := chatMessage{text: v.text(v.body), chat: v.chats[row], addresses: true}
	if m.chat.id == "" {
		other := v.member(v.partner[row])
		m.chat = party{other.id, firstText(m.chat.name, other.name)}
	}
	switch state := v.text(v.state); state {
	case "received":
		m.direction, m.sender = received, v.member(v.key(v.sender))
	case "send", "sent", "delivered", "seen":
		m.direction = sent
	default:
		m.sender = v.member(v.key(v.sender))
	}
	m.links = v.r.addLinks(nil, v.text(v.metadata))
	v.r.setChat(rec, &m)
	rec.Set("state", v.value(v.state))
	rec.Set("system_type", artifact.TextOrNull(v.plain(v.kind)))
	rec.Set("metadata", artifact.TextOrNull(v.text(v.metadata)))
	var file [2]artifact.Value
	if v.files.first(v.key(v.file), file[:]) {
		rec.Set("attachment", file[0])
		rec.Set("attachment_type", file[1])
		rec.Observe(artifact.FileName, rec.Text("attachment"), "attachment")
	}
	v.set(rec)
	rec.When("message", artifact.MacSeconds, v.number(v.at))
	rec.When("state_changed", artifact.MacSeconds, v.number(v.changed))
	return v.give()
}

func readViberContacts(r *reading) error {
	t := r.optional("ZABCONTACTNUMBER", "ZPHONE", "ZCANONIZEDPHONENUM", "ZCONTACT")
	if t == nil {
		return nil
	}
	names, err := r.parties("ZABCONTACT", "ZCONTACTID", "ZMAINNAME", "ZPREFIXNAME")
	if err != nil {
		return err
	}
	phone, number, contact := t.find("ZPHONE"), t.find("ZCANONIZEDPHONENUM"), t.find("ZCONTACT")
	return t.each(func() error {
		rec := t.start("contact")
		rec.Set("phone", artifact.TextOrNull(t.plain(phone)))
		rec.Set("number", artifact.TextOrNull(t.plain(number)))
		observeAddress(rec, rec.Text("phone"), "phone")
		observeAddress(rec, rec.Text("number"), "number")
		rec.Set("name", artifact.TextOrNull(names[t.key(contact)].name))
		rec.Summary = func(b []byte) []byte {
			return appendSummary(b, "contact ", rec.Text("name"), " ", firstText(rec.Text("number"), rec.Text("phone")))
		}
		return t.give()
	})
}

// viberTimes are the settings that are times, in seconds since 1970.
var viberTimes = map[string]string{
	"_registrationDate": "registered", "_lastBackupStartDate": "backed_up", "_autoBackupLastRunTime": "backed_up",
}

func readViberSettings(r *reading) error {
	t, err := r.table("Data")
	if err != nil {
		return err
	}
	key, value := t.find("key"), t.find("value")
	return t.each(func() error {
		rec := t.start("setting")
		name := t.text(key)
		rec.Set("key", artifact.TextOrNull(name))
		s := t.plain(value)
		rec.Set("value", artifact.TextOrNull(s))
		if s == "" && !t.empty(value) {
			rec.Set("value_length", artifact.IntValue(int64(len(t.bytes(value)))))
		}
		switch name {
		case "_currentEmail", "_myCanonizedPhoneNumber", "_myPhoneNumber":
			observeAddress(rec, s, "value")
		}
		if meaning := viberTimes[name]; meaning != "" {
			rec.When(meaning, artifact.UnixSeconds, numberOf(s, artifact.Float))
		}
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "setting ", name) }
		return t.give()
	})
}
