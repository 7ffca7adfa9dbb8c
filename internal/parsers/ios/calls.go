package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// calls reads the history of phone and FaceTime calls.
type calls struct{}

var callsInfo = artifact.Info{
	Name:    "ios.calls",
	Version: 1,
	Summary: "Phone and FaceTime calls, and those of apps that show in the phone's list.",
	Files:   onPhone("HomeDomain/Library/CallHistoryDB/CallHistory.storedata"),
	Kinds: withGaps([]artifact.KindInfo{{
		Kind: "call",
		Doc: "One call (table ZCALLRECORD). Columns that are not listed are fields under their own names " +
			"unless they are NULL, 0 or empty; of bytes only the length is told.",
		Fields: []artifact.FieldInfo{
			{Name: "id", Type: artifact.Int, Doc: "Z_PK, the number of the row"},
			{Name: "number", Type: artifact.Text, Doc: "the other party's number, e-mail address or name in an app (ZADDRESS)"},
			{Name: "participants", Type: artifact.Strings, Doc: "all other parties of a group call (ZHANDLE)"},
			{Name: "name", Type: artifact.Text, Doc: "name of the other party at the time, where the phone knew one"},
			{Name: "direction", Type: artifact.Text, Doc: "outgoing or incoming (ZORIGINATED)"},
			{Name: "answered", Type: artifact.Int, Doc: "1: the call was answered"},
			{Name: "read", Type: artifact.Int, Doc: "1: the missed call was seen"},
			{Name: "duration", Type: artifact.Float, Doc: "seconds that the call lasted"},
			{Name: "call_type", Type: artifact.Int, Doc: "ZCALLTYPE: 1 phone, 8 FaceTime video, 16 FaceTime audio, 0 an app"},
			{Name: "provider", Type: artifact.Text, Doc: "bundle id of the app or service that made the call (ZSERVICE_PROVIDER)"},
			{Name: "disconnected_cause", Type: artifact.Int, Doc: "why the call ended, as the network says it"},
			{Name: "country", Type: artifact.Text, Doc: "ISO code of the country of the number"},
			{Name: "location", Type: artifact.Text, Doc: "region of the number, as the phone shows it"},
			{Name: "face_time_data", Type: artifact.Int, Doc: "bytes that FaceTime used (ZFACE_TIME_DATA)"},
			otherColumns,
		},
		Times: []string{"call"},
	}}),
	Refs: []string{
		"https://github.com/mvt-project/mvt (module calls)",
		"https://github.com/abrignoni/iLEAPP (artifact callHistory)",
	},
	Caveats: []string{"The phone keeps about a thousand calls, and people delete single ones."},
}

// Info describes the parser.
func (calls) Info() artifact.Info { return callsInfo }

// Parse yields the calls of a call history.
func (calls) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readCalls)
}

// A callReader reads the table of calls.
type callReader struct {
	*table
	handles      map[int64]string
	participants pairs // from a call to handles

	summary func([]byte) []byte

	id, address, date, originated int
}

func readCalls(r *reading) error {
	t, err := r.table("ZCALLRECORD")
	if err != nil {
		return err
	}
	c := &callReader{
		table: t,
		id:    t.take("Z_PK"), address: t.take("ZADDRESS"), date: t.take("ZDATE"), originated: t.take("ZORIGINATED"),
	}
	t.fields(map[string]string{
		"ZNAME": "name", "ZANSWERED": "answered", "ZREAD": "read", "ZDURATION": "duration", "ZCALLTYPE": "call_type",
		"ZSERVICE_PROVIDER": "provider", "ZDISCONNECTED_CAUSE": "disconnected_cause", "ZISO_COUNTRY_CODE": "country",
		"ZLOCATION": "location", "ZFACE_TIME_DATA": "face_time_data",
	})
	t.hide("Z_ENT", "Z_OPT")
	t.seal(callsInfo.Kinds[0])
	if err := c.readParticipants(r); err != nil {
		return err
	}
	c.summary = c.summarize
	t.numbered(c.date, gap.In(artifact.MacSeconds))
	return t.each(c.call)
}

// readParticipants reads who else took part in a group call: since iOS 13 a
// join table, whose name and columns carry numbers that change with the
// version of the model, links calls to rows of ZHANDLE.
func (c *callReader) readParticipants(r *reading) error {
	handles := r.optional("ZHANDLE")
	links := r.matching("Z_", "REMOTEPARTICIPANTHANDLES", "REMOTEPARTICIPANTCALLS")
	if handles == nil || links == nil {
		return nil
	}
	var err error
	if c.handles, err = handles.texts("ZVALUE"); err != nil {
		return err
	}
	return links.links(&c.participants, "REMOTEPARTICIPANTCALLS", "REMOTEPARTICIPANTHANDLES")
}

func (c *callReader) call() error {
	rec := c.start("call")
	number := c.text(c.address)
	rec.Set("id", c.value(c.id))
	if number != "" {
		rec.Set("number", artifact.TextValue(number))
	} else {
		rec.Set("number", c.value(c.address))
	}
	observeAddress(rec, number, "number")
	c.observeParticipants(rec)
	rec.Set("direction", c.oneOf(c.originated, "incoming", "outgoing"))
	c.set(rec)
	rec.When("call", artifact.MacSeconds, c.number(c.date))
	rec.Summary = c.summary
	return c.give()
}

// observeParticipants lists the other parties of a group call.
func (c *callReader) observeParticipants(rec *artifact.Record) {
	var names []string
	for _, link := range c.participants.find(c.rowID()) {
		if len(names) < maxList {
			names = appendNew(names, c.handles[link.to])
		}
	}
	rec.Set("participants", artifact.StringsValue(names))
	for _, name := range names {
		observeAddress(rec, name, "participants")
	}
}

func (c *callReader) summarize(b []byte) []byte {
	rec := &c.r.Rec
	return appendSummary(b, firstText(rec.Text("direction"), "unknown"), " call: ",
		rec.Text("number"), " ", rec.Text("name"), " ", rec.Text("provider"))
}
