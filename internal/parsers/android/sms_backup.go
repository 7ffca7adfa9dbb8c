package android

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/limit"
)

// smsBackup reads the messages that Android's telephony provider puts into a
// backup.
type smsBackup struct{}

var smsBackupInfo = artifact.Info{
	Name:    "android.sms",
	Version: 1,
	Summary: "Text and picture messages from a backup.",
	Files:   []string{"**/d_f/*_sms_backup", "**/d_f/*_mms_backup", "**/*_sms_backup", "**/*_mms_backup"},
	Kinds: []artifact.KindInfo{{
		Kind: "message",
		Doc:  "A message. What else the provider wrote of it is a field under its own name.",
		Fields: []artifact.FieldInfo{
			{Name: "service", Type: artifact.Text, Doc: "SMS or MMS"},
			{Name: "direction", Type: artifact.Text, Doc: "received, sent, or draft: by the folder that the phone keeps it in"},
			{Name: "folder", Type: artifact.Text, Doc: "that folder: inbox, sent, draft, outbox, failed, queued"},
			{Name: "address", Type: artifact.Text, Doc: "the other's number or name"},
			{Name: "addresses", Type: artifact.Strings, Doc: "all numbers of a picture message: the sender first"},
			{Name: "recipients", Type: artifact.Strings, Doc: "numbers of the conversation"},
			{Name: "self_phone", Type: artifact.Text, Doc: "the phone's own number"},
			{Name: "body", Type: artifact.Text, Doc: "text"},
			{Name: "subject", Type: artifact.Text, Doc: "subject"},
			{Name: "read", Type: artifact.Bool, Doc: "it was read"},
			{Name: "status", Type: artifact.Text, Doc: "of its delivery, as the provider writes it"},
			{Name: "links", Type: artifact.Strings, Doc: "links in text and subject"},
			{Name: "*", Doc: "what else stands there, under its own name"},
		},
		Times: []string{"message", "sent"},
	}},
	Caveats: []string{
		"A message that was deleted before the backup was made is not there.",
		"Of a picture message the backup holds the text alone.",
	},
	Refs: []string{
		"https://android.googlesource.com/platform/packages/providers/TelephonyProvider/+/refs/heads/main/src/com/android/providers/telephony/TelephonyBackupAgent.java",
		"https://developer.android.com/reference/android/provider/Telephony.TextBasedSmsColumns",
	},
}

// Bounds of one file of a backup, packed and unpacked. The provider begins a
// new one at a thousand messages.
const (
	maxPackedMessages = 64 * limit.MiB
	maxMessages       = 256 * limit.MiB
)

// Info implements artifact.Parser.
func (smsBackup) Info() artifact.Info { return smsBackupInfo }

// Parse implements artifact.Parser.
func (smsBackup) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		packed, err := in.All(maxPackedMessages)
		if err != nil {
			return err
		}
		data, damage := inflate(packed)
		if data == nil && damage != nil {
			return damage
		}
		mms := strings.HasSuffix(in.Path, "_mms_backup")
		root, err := ips.ValueAt(data, 0)
		if err != nil && damage == nil {
			return err
		}
		if err != nil { // cut: the messages before are whole
			root, err = openList(data)
			if err != nil {
				return damage
			}
		}
		for v := range root.Elements() {
			if err := r.message(v, mms); err != nil {
				return err
			}
		}
		if damage == nil {
			damage = root.Err()
		}
		if damage != nil {
			return r.Problem(0, damage)
		}
		return nil
	})
}

// inflate unpacks zlib data, as far as it can.
func inflate(packed []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	defer z.Close()
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, maxMessages+1))
	switch {
	case n > maxMessages:
		return nil, fmt.Errorf("%w: more than %d bytes of messages", limit.ErrLimit, int64(maxMessages))
	case err != nil:
		return out.Bytes(), fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	default:
		return out.Bytes(), nil
	}
}

// openList returns a list that breaks off, ended behind its last whole message.
func openList(data []byte) (ips.Value, error) {
	end := bytes.LastIndexByte(data, '}')
	if end < 0 {
		return ips.Value{}, errUnknownForm
	}
	return ips.ValueAt(append(data[:end+1:end+1], ']'), 0)
}

// folders are the names of the folders of messages, by number: those of SMS;
// of MMS the first four are the same.
var folders = []string{"", "inbox", "sent", "draft", "outbox", "failed", "queued"}

// directions are what they say of the direction.
var directions = map[string]string{"inbox": "received", "sent": "sent", "outbox": "sent", "failed": "sent", "queued": "sent", "draft": "draft"}

func (r *fileReading) message(v ips.Value, mms bool) error {
	rec := r.Start("message", 0, r.In.Size)
	m := v.Map()
	service, box, epoch := "SMS", m["type"], artifact.UnixMilliseconds
	if mms {
		service, box, epoch = "MMS", m["msg_box"], artifact.UnixSeconds
	}
	rec.Set("service", artifact.TextValue(service))
	if n, ok := box.Int(); ok && n > 0 && n < int64(len(folders)) {
		r.set("direction", directions[folders[n]])
		r.set("folder", folders[n])
	}
	address := m["address"].Text()
	r.set("address", address)
	observePhone(rec, address, "address")
	r.addresses(m["mms_addresses"])
	recipients := r.texts(m["recipients"])
	r.list("recipients", recipients)
	for _, other := range recipients {
		observePhone(rec, other, "recipients")
	}
	r.set("self_phone", m["self_phone"].Text())
	body := firstOf(m["body"].Text(), m["mms_body"].Text())
	subject := firstOf(m["subject"].Text(), m["sub"].Text())
	r.set("body", body)
	r.set("subject", subject)
	if n, ok := m["read"].Int(); ok {
		rec.Set("read", artifact.BoolValue(n != 0))
	}
	r.set("status", m["status"].Plain())
	r.setLinks(links.Scan(subject, links.Scan(body, nil)))
	r.otherMembers(v)
	r.instant("message", epoch, m["date"])
	r.instant("sent", epoch, m["date_sent"])
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, service, " ", rec.Text("direction"), " ", rec.Text("address"), ": ", body)
	}
	return r.Give()
}

// takenMembers are those that have fields of their own.
var takenMembers = wordSet("type msg_box address mms_addresses recipients self_phone body mms_body subject sub read status date date_sent links service direction folder addresses")

// otherMembers sets what else the provider wrote, in its order.
func (r *fileReading) otherMembers(v ips.Value) {
	n := 0
	for key, member := range v.Members() {
		if takenMembers[key] || key == "" || len(key) > 64 || n == maxOthers || r.Rec.Get(key).Kind() != artifact.Null {
			continue
		}
		n++
		r.Rec.Set(key, r.Scalar(member))
	}
}

// maxOthers bounds the further members of a message: there are about ten.
const maxOthers = 100

// The types of addresses of MMS (OMA-TS-MMS_ENC, 7.3; PduHeaders of Android).
const mmsFrom = 137

// addresses sets the addresses of a picture message, the sender first.
func (r *fileReading) addresses(v ips.Value) {
	var from, others []string
	for e := range v.Elements() {
		address := e.Get("address").Text()
		if len(from)+len(others) >= maxTexts || address == "" {
			continue
		}
		if n, _ := e.Get("type").Int(); n == mmsFrom {
			from = append(from, address)
		} else {
			others = append(others, address)
		}
	}
	all := append(from, others...)
	if len(from) > 0 && r.Rec.Text("address") == "" && from[0] != "insert-address-token" {
		r.set("address", from[0])
	}
	r.list("addresses", all)
	for _, address := range all {
		observePhone(&r.Rec, address, "addresses")
	}
}

// observePhone notes a number, or an e-mail address that sent a picture message.
func observePhone(rec *artifact.Record, s, field string) {
	if strings.Count(s, "@") == 1 {
		rec.Observe(artifact.Email, s, field)
		return
	}
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, strings.IndexByte(" -()./", c) >= 0:
		default:
			return
		}
	}
	if digits >= 3 {
		rec.Observe(artifact.Phone, s, field)
	}
}
