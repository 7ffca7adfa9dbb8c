package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// messagesPath is the database of the Messages app.
const messagesPath = "HomeDomain/Library/SMS/sms.db"

// smsAttachments reads the list of files that came or went with messages.
type smsAttachments struct{}

var smsAttachmentsInfo = artifact.Info{
	Name:    "ios.sms_attachments",
	Version: 1,
	Summary: "Files that were sent or received with messages.",
	Files:   onPhone(messagesPath),
	Kinds: []artifact.KindInfo{{
		Kind: "attachment",
		Doc: "One attachment (table attachment with its message and handle). Columns that are not listed are fields under " +
			"their own names unless they are NULL, 0 or empty; of bytes only the length is told.",
		Fields: []artifact.FieldInfo{
			{Name: "attachment_id", Type: artifact.Int, Doc: "number of the row"},
			{Name: "guid", Type: artifact.Text, Doc: "the attachment's own identifier"},
			{Name: "filename", Type: artifact.Text, Doc: "path on the phone, as the database has it"},
			{Name: "transfer_name", Type: artifact.Text, Doc: "name of the file as it was sent"},
			{Name: "mime_type", Type: artifact.Text, Doc: "type as the sender declared it"},
			{Name: "uti", Type: artifact.Text, Doc: "type as the phone took it"},
			{Name: "total_bytes", Type: artifact.Int, Doc: "size of the file"},
			{Name: "extension_mismatch", Type: artifact.Bool, Doc: "true: the extension of the name is not one of the declared type"},
			{Name: "is_outgoing", Type: artifact.Int, Doc: "1: the owner sent it"},
			{Name: "direction", Type: artifact.Text, Doc: "sent or received (is_outgoing)"},
			{Name: "hide_attachment", Type: artifact.Int, Doc: "1: not shown as an attachment, such as the picture of a link preview"},
			{Name: "has_user_info", Type: artifact.Bool, Doc: "true: data of the transfer is stored with it"},
			{Name: "message_id", Type: artifact.Int, Doc: "the message (row of message)"},
			{Name: "service", Type: artifact.Text, Doc: "service of the message, such as iMessage"},
			{Name: "phone_number", Type: artifact.Text, Doc: "the other party's number or e-mail address"},
			otherColumns,
		},
		Times: []string{"created", "started"},
	}},
	Refs: []string{
		"https://github.com/mvt-project/mvt (module sms_attachments)",
		"https://github.com/ReagentX/imessage-exporter (docs/tables)",
	},
	Caveats: []string{"An attachment whose message was deleted has no message and no phone number."},
}

// Info describes the parser.
func (smsAttachments) Info() artifact.Info { return smsAttachmentsInfo }

// Parse yields the attachments.
func (smsAttachments) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readSMSAttachments)
}

// An attachmentReader reads the table of attachments.
type attachmentReader struct {
	*table
	handles  map[int64]string
	messages pairs // from an attachment to its messages
	senders  side  // handle and service of each message that has an attachment
	summary  func([]byte) []byte

	id, filename, transfer, mime, uti, outgoing, userInfo, created, started int
}

func readSMSAttachments(r *reading) error {
	t, err := r.table("attachment")
	if err != nil {
		return err
	}
	a := &attachmentReader{
		table: t,
		id:    t.take("ROWID"), filename: t.take("filename"), transfer: t.take("transfer_name"),
		mime: t.take("mime_type"), uti: t.take("uti"), outgoing: t.take("is_outgoing"), userInfo: t.find("user_info"),
		created: t.take("created_date"), started: t.take("start_date"),
	}
	a.summary = a.summarize
	for _, name := range []string{"guid", "total_bytes", "hide_attachment"} {
		t.field(name, name)
	}
	t.seal(smsAttachmentsInfo.Kinds[0])
	if a.handles, err = r.optional("handle", "id").texts("id"); err != nil {
		return err
	}
	if err := a.readMessages(r); err != nil {
		return err
	}
	return t.each(a.attachment)
}

// readMessages reads who sent the messages that have attachments.
func (a *attachmentReader) readMessages(r *reading) error {
	join := r.optional("message_attachment_join", "message_id", "attachment_id")
	if join == nil {
		return nil
	}
	var wanted pairs
	if err := join.links(&wanted, "message_id", "attachment_id"); err != nil {
		return err
	}
	for _, link := range wanted.list {
		a.messages.add(link.to, link.from)
	}
	a.messages.sort()
	t := r.optional("message", "handle_id", "service")
	if t == nil {
		return nil
	}
	handle, service := t.find("handle_id"), t.find("service")
	err := t.each(func() error {
		if len(wanted.find(t.rowID())) > 0 && !a.senders.add(t.rowID(), t.value(handle), t.value(service)) {
			return t.tooMuch()
		}
		return nil
	})
	a.senders.sort()
	return r.unjoined(err)
}

func (a *attachmentReader) attachment() error {
	rec := a.start("attachment")
	rec.Set("attachment_id", a.value(a.id))
	a.setFile(rec)
	rec.Set("is_outgoing", a.value(a.outgoing))
	rec.Set("direction", a.oneOf(a.outgoing, "received", "sent"))
	rec.Set("has_user_info", artifact.BoolValue(!a.raw(a.userInfo).IsNull()))
	a.setSender(rec)
	a.set(rec)
	for _, t := range [...]struct {
		meaning string
		column  int
	}{{"created", a.created}, {"started", a.started}} {
		raw := a.number(t.column)
		rec.When(t.meaning, artifact.MacEpochOf(raw), raw)
	}
	rec.Summary = a.summary
	return a.give()
}

func (a *attachmentReader) setFile(rec *artifact.Record) {
	path, name := a.text(a.filename), a.text(a.transfer)
	mime, uti := a.text(a.mime), a.text(a.uti)
	rec.Set("filename", a.value(a.filename))
	rec.Set("transfer_name", a.value(a.transfer))
	rec.Set("mime_type", a.value(a.mime))
	rec.Set("uti", a.value(a.uti))
	rec.Observe(artifact.FilePath, devicePath(path), "filename")
	rec.Observe(artifact.FileName, fileName(path), "filename")
	if name = fileName(name); name != fileName(path) {
		rec.Observe(artifact.FileName, name, "transfer_name")
	}
	if extensionMismatch(firstText(name, path), mime, uti) {
		rec.Set("extension_mismatch", artifact.BoolValue(true))
	}
}

func (a *attachmentReader) setSender(rec *artifact.Record) {
	found := a.messages.find(a.rowID())
	if len(found) == 0 {
		return
	}
	rec.Set("message_id", artifact.IntValue(found[0].to))
	var values [2]artifact.Value
	if !a.senders.first(found[0].to, values[:]) {
		return
	}
	rec.Set("service", values[1])
	id, _ := values[0].Int()
	rec.Set("phone_number", artifact.TextOrNull(a.handles[id]))
	observeAddress(rec, a.handles[id], "phone_number")
}

func (a *attachmentReader) summarize(b []byte) []byte {
	rec := &a.r.Rec
	return appendSummary(b, "attachment ", rec.Text("direction"), " ", rec.Text("phone_number"), ": ",
		firstText(rec.Text("transfer_name"), rec.Text("filename")), " ", rec.Text("mime_type"))
}
