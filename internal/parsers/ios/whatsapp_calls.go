package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// whatsAppCalls reads the calls that WhatsApp notes of itself.
type whatsAppCalls struct{}

var whatsAppCallsInfo = artifact.Info{
	Name:    "ios.whatsapp_calls",
	Version: 1,
	Summary: "Calls over WhatsApp: with whom, when, how long, answered or missed.",
	Files:   onPhone(whatsAppGroup+"CallHistory.sqlite", whatsAppBusiness+"CallHistory.sqlite"),
	Kinds: []artifact.KindInfo{{
		Kind: "call",
		Doc: "One call (table ZWACDCALLEVENT with its participants and ZWAAGGREGATECALLEVENT). Columns that are not listed are fields " +
			"under their own names unless they are NULL, 0 or empty.",
		Fields: []artifact.FieldInfo{
			{Name: "participants", Type: artifact.Strings, Doc: "identities of the others (ZJIDSTRING)"},
			{Name: "creator", Type: artifact.Text, Doc: "identity of who began the call"},
			{Name: "group", Type: artifact.Text, Doc: "identity of the group, in a group's call"},
			{Name: "direction", Type: artifact.Text, Doc: "incoming or outgoing (ZINCOMING)"},
			{Name: "missed", Type: artifact.Bool, Doc: "true: it was not answered (ZMISSED)"},
			{Name: "video", Type: artifact.Bool, Doc: "true: with picture (ZVIDEO)"},
			{Name: "duration", Type: artifact.Float, Doc: "seconds (ZDURATION)"},
			{Name: "bytes_received", Type: artifact.Int, Doc: "bytes received (ZBYTESRECEIVED)"},
			{Name: "bytes_sent", Type: artifact.Int, Doc: "bytes sent (ZBYTESSENT)"},
			{Name: "link_token", Type: artifact.Text, Doc: "end of the link of a call that was joined by one (ZLINKTOKEN)"},
			otherColumns,
		},
		Times: []string{"call"},
	}},
	Caveats: []string{
		"Calls that the owner deleted from the list leave no row.",
		"The exploit of 2019 (CVE-2019-3568) came as calls that need not have been answered, and were removed from the list.",
	},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/whatsApp.py",
		"https://citizenlab.ca/2019/10/nso-q-cyber-technologies-100-new-abuse-cases/",
	},
}

// Info implements artifact.Parser.
func (whatsAppCalls) Info() artifact.Info { return whatsAppCallsInfo }

// Parse implements artifact.Parser.
func (whatsAppCalls) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readWhatsAppCalls)
}

// A waCallReader reads the calls.
type waCallReader struct {
	*table
	others map[int64][]string // identities, by call
	whole  side               // incoming, missed, video and token of each aggregate
	list   []string

	of, creator, group, at, duration, received, sent int
}

func readWhatsAppCalls(r *reading) error {
	t, err := r.table("ZWACDCALLEVENT")
	if err != nil {
		return err
	}
	c := &waCallReader{table: t, others: map[int64][]string{}}
	if err := c.readParticipants(); err != nil {
		return err
	}
	if a := r.optional("ZWAAGGREGATECALLEVENT"); a != nil {
		if err := a.side(&c.whole, []string{"ZINCOMING", "ZMISSED", "ZVIDEO", "ZLINKTOKEN"}, a.rowID); err != nil {
			return err
		}
	}
	c.of, c.creator, c.group = t.take("Z1CALLEVENTS"), t.take("ZGROUPCALLCREATORUSERJIDSTRING"), t.take("ZGROUPJIDSTRING")
	c.at, c.duration = t.take("ZDATE"), t.take("ZDURATION")
	c.received, c.sent = t.take("ZBYTESRECEIVED"), t.take("ZBYTESSENT")
	t.hide("Z_PK", "Z_ENT", "Z_OPT", "Z_FOK_1CALLEVENTS")
	t.seal(whatsAppCallsInfo.Kinds[0])
	return t.each(c.call)
}

func (c *waCallReader) readParticipants() error {
	t := c.r.optional("ZWACDCALLEVENTPARTICIPANT", "Z1PARTICIPANTS", "ZJIDSTRING")
	if t == nil {
		return nil
	}
	call, jid := t.find("Z1PARTICIPANTS"), t.find("ZJIDSTRING")
	return c.r.unjoined(t.each(func() error {
		id, key := t.text(jid), t.key(call)
		if id == "" || len(c.others[key]) >= maxList {
			return nil
		}
		c.others[key] = append(c.others[key], id)
		return t.hold(id)
	}))
}

func (c *waCallReader) call() error {
	rec := c.start("call")
	c.list = append(c.list[:0], c.others[c.rowID()]...)
	rec.Set("participants", artifact.StringsValue(c.list))
	for _, id := range c.list {
		observeJID(rec, id, "participants")
	}
	rec.Set("creator", c.value(c.creator))
	observeJID(rec, c.text(c.creator), "creator")
	rec.Set("group", c.value(c.group))
	var v [4]artifact.Value
	if c.whole.first(c.key(c.of), v[:]) {
		setAggregate(rec, v)
	}
	rec.Set("duration", c.value(c.duration))
	rec.Set("bytes_received", c.value(c.received))
	rec.Set("bytes_sent", c.value(c.sent))
	c.set(rec)
	rec.When("call", artifact.MacSeconds, c.number(c.at))
	rec.Summary = func(b []byte) []byte {
		who := rec.Text("group")
		if len(c.list) > 0 {
			who = c.list[0]
		}
		return appendSummary(b, "WhatsApp call ", rec.Text("direction"), " ", firstText(who, rec.Text("creator")))
	}
	return c.give()
}

// setAggregate sets what stands in the table of whole calls. A value that is
// neither 0 nor 1 is kept as it stands there.
func setAggregate(rec *artifact.Record, v [4]artifact.Value) {
	flag := func(v artifact.Value, no, yes artifact.Value) artifact.Value {
		switch n, ok := v.Int(); {
		case ok && n == 0:
			return no
		case ok && n == 1:
			return yes
		}
		return v
	}
	rec.Set("direction", flag(v[0], artifact.TextValue("outgoing"), artifact.TextValue("incoming")))
	rec.Set("missed", flag(v[1], artifact.BoolValue(false), artifact.BoolValue(true)))
	rec.Set("video", flag(v[2], artifact.BoolValue(false), artifact.BoolValue(true)))
	rec.Set("link_token", v[3])
}

// observeJID observes the number in an identity that is one.
func observeJID(rec *artifact.Record, id, field string) {
	if s := server(id); s == "s.whatsapp.net" || s == "c.us" {
		if n := digits(id); isNumber(n) {
			rec.Observe(artifact.Phone, "+"+n, field)
		}
	}
}
