package fulltext

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"data":{"a":"x","b":[1,-2.5e3,{"c":"\u00e9\n\ud83d\ude00\\"}],"d":true,"e":null}}`: "x\n1\n-2.5e3\n\u00e9 \U0001f600\\\n",
		`{"kind":"k","data":{},"provenance":{"path":"p"}}`:                                   "",
		`{}`: "",
	} {
		var r record
		if !r.read([]byte(line)) || string(r.text) != want {
			t.Errorf("%s: %q, want %q", line, r.text, want)
		}
	}
	for _, bad := range []string{``, `[]`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":"x`, `{"a":"x\"}`, `{"a":1}x`, `"a"`, `{"data":[[1]`} {
		var r record
		if r.read([]byte(bad)) {
			t.Errorf("%s is read", bad)
		}
	}
}

// FuzzRecord holds the reader to the standard library: what is an object there
// is a record here, unless it is too deep.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"times":[{"at":"2024-05-01T10:00:00Z"}],"data":{"text":"a \"b\" \u00e9","list":[1,{"deep":"x"}]}}`))
	f.Add([]byte(`{"data":{"a":"\ud83d\u00"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var r record
		ok := r.read(line)
		if trimmed := bytes.TrimSpace(line); !ok && json.Valid(line) && trimmed[0] == '{' && bytes.Count(line, []byte("["))+bytes.Count(line, []byte("{")) < maxDepth {
			t.Errorf("%q is not read", line)
		}
		if len(r.text) > 2*len(line)+1 {
			t.Errorf("%d bytes of text from %d", len(r.text), len(line))
		}
	})
}
