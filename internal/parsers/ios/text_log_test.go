package ios

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
)

func TestParseStamp(t *testing.T) {
	t.Parallel()
	type result struct{ At, Rest string }
	for in, want := range map[string]result{
		"2023-05-24 13:29:15.759 -0700 a":      {"2023-05-24T20:29:15.759Z", "a"},
		"2023-05-24T13:29:15Z: b":              {"2023-05-24T13:29:15Z", "b"},
		"[2023-05-24 13:29:15+02:00] [x] c":    {"2023-05-24T11:29:15Z", "[x] c"},
		"2023-05-24 13:29:15,123 d":            {"local 2023-05-24T13:29:15.123Z", "d"},
		"05/24/2023 13:29:15.000001 e":         {"local 2023-05-24T13:29:15.000001Z", "e"},
		"05/24/23 13:29:15 f":                  {"local 2023-05-24T13:29:15Z", "f"},
		"Wed May 24 13:29:15 2023 g":           {"local 2023-05-24T13:29:15Z", "g"},
		"Wed May  4 13:29:15.123 <airport> h":  {"raw Wed May  4 13:29:15.123", "<airport> h"},
		"[16:34:02.0411-GMT]{3>6} CHECKPOINT":  {"raw 16:34:02.0411-GMT", "{3>6} CHECKPOINT"},
		"2023-13-45 99:99:99 odd":              {"raw 2023-13-45 99:99:99", "odd"},
		"no stamp":                             {"", "no stamp"},
		"":                                     {"", ""},
		"13:29:15 without brackets is no time": {"", "13:29:15 without brackets is no time"},
	} {
		s, rest, ok := parseStamp(in)
		got := result{Rest: rest}
		switch {
		case !ok:
		case s.at.IsZero():
			got.At = "raw " + s.raw
		case s.zoned:
			got.At = s.at.UTC().Format(time.RFC3339Nano)
		default:
			got.At = "local " + s.at.Format(time.RFC3339Nano)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestSetNamed(t *testing.T) {
	t.Parallel()
	var rec artifact.Record
	setNamed(&rec, `tcp4 0 0 10.0.0.2.49153 203.0.113.7.443 ESTABLISHED; fe80::1 127.0.0.1 host evil.example.com:443, com.apple.wifid (https://a.example.org/x?y) /private/var/tmp/hook, 2001:db8::5.5353`)
	compareObserved(t, &rec, []artifact.Observable{
		{Type: artifact.URL, Value: "https://a.example.org/x?y", Field: "links"},
		{Type: artifact.Domain, Value: "evil.example.com", Field: "hosts"},
		{Type: artifact.IP, Value: "10.0.0.2", Field: "addresses"},
		{Type: artifact.IP, Value: "203.0.113.7", Field: "addresses"},
		{Type: artifact.IP, Value: "2001:db8::5", Field: "addresses"},
		{Type: artifact.FilePath, Value: "/private/var/tmp/hook", Field: "paths"},
	})
}
