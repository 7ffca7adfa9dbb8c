package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// kik reads the chats of Kik.
type kik struct{}

var kikInfo = artifact.Info{
	Name:    "ios.kik",
	Version: 1,
	Summary: "Messages and contacts of Kik.",
	Files:   []string{"**/kik.sqlite"},
	Kinds: withGaps([]artifact.KindInfo{
		chatKind("A message (table ZKIKMESSAGE with its user and attachment).", []string{"message", "received"},
			artifact.FieldInfo{Name: "type", Type: artifact.Int, Doc: "1 received, 2 sent, 3 a notice of the group, 4 a message of the group"},
			artifact.FieldInfo{Name: "attachment", Type: artifact.Text, Doc: "name of the attached file in the app's folder"}),
		{
			Kind: "contact",
			Doc:  "A person or group that the app knows (table ZKIKUSER).",
			Fields: []artifact.FieldInfo{
				{Name: "jid", Type: artifact.Text, Doc: "identity at the service"},
				{Name: "username", Type: artifact.Text, Doc: "name that the person chose"},
				{Name: "display_name", Type: artifact.Text, Doc: "name that is shown"},
				{Name: "email", Type: artifact.Text, Doc: "e-mail address"},
				{Name: "picture", Type: artifact.Text, Doc: "where the profile's picture lies"},
				otherColumns,
			},
		},
	}),
	Caveats: []string{"Messages that were deleted leave no row."},
	Refs: []string{
		"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/sqlite_plugins/ios_kik.py",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/kikMessages.py",
	},
}

// Info implements artifact.Parser.
func (kik) Info() artifact.Info { return kikInfo }

// Parse implements artifact.Parser.
func (kik) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readKik)
}

// A kikReader reads messages.
type kikReader struct {
	*table
	users       map[int64]party
	attachments side

	body, user, kind, at, arrived int
}

func readKik(r *reading) error {
	t, err := r.table("ZKIKMESSAGE")
	if err != nil {
		return err
	}
	users, err := r.parties("ZKIKUSER", "ZJID", "ZDISPLAYNAME", "ZUSERNAME")
	if err != nil {
		return err
	}
	k := &kikReader{table: t, users: users}
	if a := r.optional("ZKIKATTACHMENT", "ZMESSAGE", "ZCONTENT"); a != nil {
		message := a.find("ZMESSAGE")
		if err := a.side(&k.attachments, []string{"ZCONTENT"}, func() int64 { return a.key(message) }); err != nil {
			return err
		}
	}
	k.body, k.user, k.kind = t.take("ZBODY"), t.take("ZUSER"), t.take("ZTYPE")
	k.at, k.arrived = t.take("ZTIMESTAMP"), t.take("ZRECEIVEDTIMESTAMP")
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(kikInfo.Kinds[0])
	t.numbered(k.at, gap.In(artifact.MacSeconds))
	if err := t.each(k.message); err != nil {
		return err
	}
	return readKikUsers(r)
}

func (k *kikReader) message() error {
	rec := k.start("message")
	user := k.users[k.key(k.user)]
	m := chatMessage{text: k.text(k.body), sender: user, chat: user}
	switch kind, _ := k.integer(k.kind); kind {
	case 1:
		m.direction = received
	case 2:
		m.direction = sent
	}
	k.r.setChat(rec, &m)
	rec.Set("type", k.value(k.kind))
	var attachment [1]artifact.Value
	if k.attachments.first(k.rowID(), attachment[:]) {
		rec.Set("attachment", attachment[0])
		rec.Observe(artifact.FileName, rec.Text("attachment"), "attachment")
	}
	k.set(rec)
	rec.When("message", artifact.MacSeconds, k.number(k.at))
	rec.When("received", artifact.MacSeconds, k.number(k.arrived))
	return k.give()
}

func readKikUsers(r *reading) error {
	t := r.optional("ZKIKUSER")
	if t == nil {
		return nil
	}
	jid, user, name := t.take("ZJID"), t.take("ZUSERNAME"), t.take("ZDISPLAYNAME")
	email, picture := t.take("ZEMAIL"), t.take("ZPPURL")
	t.hide("Z_PK", "Z_ENT", "Z_OPT", "ZDISPLAYNAMEASCII")
	t.seal(kikInfo.Kinds[1])
	summary := func(b []byte) []byte {
		return appendSummary(b, "contact ", firstText(r.Rec.Text("display_name"), r.Rec.Text("jid")))
	}
	return t.each(func() error {
		rec := t.start("contact")
		rec.Set("jid", t.value(jid))
		rec.Set("username", t.value(user))
		rec.Set("display_name", t.value(name))
		rec.Set("email", t.value(email))
		observeAddress(rec, t.text(email), "email")
		rec.Set("picture", t.value(picture))
		rec.Observe(artifact.URL, t.text(picture), "picture")
		t.set(rec)
		rec.Summary = summary
		return t.give()
	})
}
