package ios

import (
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/format/segb"
	"github.com/amparo-project/amparo/internal/format/segb/segbtest"
)

const biomeFolder = "private/var/mobile/Library/Biome/streams/restricted/"

// wire writes a message: a number and a value for each field.
func wire(fields ...any) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		num := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
		case float64:
			b = protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), math.Float64bits(v))
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), v)
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
		}
	}
	return b
}

func written(messages ...[]byte) []segbtest.Entry {
	var entries []segbtest.Entry
	for i, m := range messages {
		entries = append(entries, segbtest.Entry{Data: m, State: segb.Written, At: 700000000 + float64(i)})
	}
	return entries
}

func biomeSample(name, path string, data []byte) artifacttest.Sample {
	return artifacttest.Sample{Name: name, Path: biomeFolder + path, Files: map[string][]byte{biomeFolder + path: data}}
}

// biomeSamples have the fields of the messages as readers of Biome name them.
func biomeSamples() []artifacttest.Sample {
	focus := written(
		wire(1, "com.apple.SpringBoard.transitionReason.homescreen", 2, 1, 3, 1, 4, 700000000.25, 6, "org.example.app", 9, "1.2", 10, "34"),
		wire(3, 0, 4, 700000060.5, 6, "org.example.app"),
	)
	focus = append(focus,
		segbtest.Entry{Data: wire(3, 1, 6, "org.example.deleted"), State: segb.Deleted, At: 700000100},
		segbtest.Entry{Data: make([]byte, 24), State: segb.Deleted, At: 700000101, Sum: 1},
		segbtest.Entry{Data: wire(6, "org.example.damaged"), State: segb.Written, At: 700000102, Sum: 1},
		segbtest.Entry{Data: []byte{0xff, 0xff}, State: segb.Written, At: 700000103},
	)
	web := written(wire(1, "V1", 2, 700000000.0, 3, 2, 4, "https://lure.example.org/x", 5, "lure.example.org", 6, "com.apple.mobilesafari", 8, 1))
	event := written(wire(1, wire(1, "/app/inFocus", 2, wire(1, 2, 2, 11)), 2, 700000000.5, 3, 700000009.5, 4, wire(1, wire(1, 3, 2, 1), 3, "org.example.app"),
		5, "GUID", 7, wire(1, wire(1, 9), 2, wire(1, wire(1, 2), 3, "transition")), 8, 700000010.0))
	unknown := written(
		wire(1, "agentd", 2, 5, 3, wire(1, "/private/var/tmp/agentd", 2, "EXC_BAD_ACCESS"), 4, "ab"),
		wire(1, 7, 2, 1.5), wire(1, "https://c2.example.org/p", 2, "mail@example.org", 3, "two words", 4, "update.example.org"),
	)
	return []artifacttest.Sample{
		biomeSample("in_focus", "App.InFocus/local/700000000000000", segbtest.Version2(focus...)),
		biomeSample("web_usage", "App.WebUsage/remote/A1B2-C3/700000000000000", segbtest.Version2(web...)),
		biomeSample("dk_event", "_DKEvent.App.InFocus/local/690000000000000", segbtest.Version1(event...)),
		biomeSample("unknown", "ProcessCrash/local/700000000000000", segbtest.Version1(unknown...)),
	}
}

func TestBiome(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, biome{}, "testdata/biome", biomeSamples()...)
}

func FuzzBiome(f *testing.F) { artifacttest.Fuzz(f, biome{}, biomeSamples()...) }

func TestBiomeStream(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		biomeFolder + "App.InFocus/local/7":                 {"App.InFocus", ""},
		biomeFolder + "App.InFocus/remote/A1-B2/7":          {"App.InFocus", "A1-B2"},
		"streams/public/NowPlaying/local/7":                 {"NowPlaying", ""},
		"local/7":                                           {"", ""},
		"HomeDomain/Library/Biome/streams/restricted/x/y/z": {"", ""},
	} {
		if stream, device := biomeStream(path); stream != want[0] || device != want[1] {
			t.Errorf("%s: %q %q", path, stream, device)
		}
	}
}

func TestBiomeObserves(t *testing.T) {
	t.Parallel()
	samples := biomeSamples()
	recs, errs := artifacttest.Parse(t, biome{}, samples[1])
	if len(recs) != 2 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://lure.example.org/x", Field: "url"},
		{Type: artifact.Domain, Value: "lure.example.org", Field: "domain"},
		{Type: artifact.Process, Value: "com.apple.mobilesafari", Field: "bundle_id"},
		{Type: artifact.AppID, Value: "com.apple.mobilesafari", Field: "bundle_id"},
	})
	recs, errs = artifacttest.Parse(t, biome{}, samples[3])
	if len(recs) != 3 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.Process, Value: "agentd", Field: "texts"},
		{Type: artifact.FilePath, Value: "/private/var/tmp/agentd", Field: "texts"},
		{Type: artifact.Process, Value: "/private/var/tmp/agentd", Field: "texts"},
		{Type: artifact.Process, Value: "EXC_BAD_ACCESS", Field: "texts"},
	})
}

// TestBiomeCounts: what is left of deleted events is read, and what is
// damaged is told.
func TestBiomeCounts(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, biome{}, biomeSamples()[0])
	last := recs[len(recs)-1]
	for field, want := range map[string]int64{"entries": 6, "events": 3, "deleted": 2, "blank": 1, "damaged": 1, "version": 2} {
		if n, _ := last.Get(field).Int(); n != want {
			t.Errorf("%s: %d, want %d", field, n, want)
		}
	}
	if len(errs) != 2 || recs[2].Text("entry_state") != "deleted" || recs[2].Text("bundle_id") != "org.example.deleted" {
		t.Errorf("%v, errors %v", recs[2].Fields, errs)
	}
}

// TestTextsAreBounded: neither depth nor number grows with the file.
func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	deep := wire(1, "the text in the middle")
	for range 1000 {
		deep = wire(1, deep)
	}
	if texts := appendTexts(nil, deep, maxDepth); len(texts) != 0 {
		t.Errorf("deep: %q", texts)
	}
	var many []any
	for range 1000 {
		many = append(many, 1, strings.Repeat("x", 5))
	}
	if texts := appendTexts(nil, wire(many...), maxDepth); len(texts) != maxTexts {
		t.Errorf("many: %d", len(texts))
	}
	group := protowire.AppendTag(nil, 1, protowire.StartGroupType)
	if wellFormed(slices.Repeat(group, 100000)) {
		t.Error("groups without an end are a message")
	}
}
