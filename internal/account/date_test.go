package account

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestDate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "2017", "2017-06", "2017-06-19", "2017-06-19T14:30", "2017-06-19T14:30:59", "2017-06-19T14:30-05:00",
		"2017-06-19T14:30:59-05:00", "2017-06-19T14:30:59Z",
	} {
		d, err := ParseDate(text)
		if err != nil || d.String() != text {
			t.Errorf("%q is read as %q: %v", text, d, err)
		}
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var again Date
		if err := json.Unmarshal(data, &again); err != nil || again.String() != text {
			t.Errorf("%s is read as %q: %v", data, again, err)
		}
	}
	for _, text := range []string{"17", "2017-13", "2017-02-30", "June 2017", "2017-06-19T25:00", "0017", "9999", "2017-06-19Z", "2017-06-19T14"} {
		if d, err := ParseDate(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is read as %q: %v", text, d, err)
		}
	}
}

func TestBefore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want Truth
	}{
		{"2016", "2017", Yes},
		{"2017", "2016", No},
		{"2017", "2017-06", NotKnown},
		{"2017", "2017", NotKnown},
		{"2017-06-19", "2017-06-19", No},
		{"2017-06-18", "2017-06-19", Yes},
		{"2017-06-19", "2017-07", Yes},
		{"2017-06-18", "2017-06-19T01:00:00Z", NotKnown}, // it was still the 18th in Mexico
		{"2017-06-17", "2017-06-19T01:00:00Z", Yes},
		{"2017-06-19T01:00:00Z", "2017-06-18", NotKnown},
		{"2017-06-19T01:00:00+02:00", "2017-06-19T00:30:00Z", Yes},
		{"2017-06-19T14:30", "2017-06-19T14:30:00Z", NotKnown},
		{"", "2017", NotKnown},
		{"2017", "", NotKnown},
	} {
		if got := MustDate(test.a).Before(MustDate(test.b)); got != test.want {
			t.Errorf("%s before %s: %s, want %s", test.a, test.b, got, test.want)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to, at string
		want         Truth
	}{
		{"2016-03-01", "2016-03-04", "2016-03-01", Yes},
		{"2016-03-01", "2016-03-04", "2016-03-04", Yes},
		{"2016-03-01", "2016-03-04", "2016-03-05", No},
		{"2016-03-01", "2016-03-04", "2016-02-29", No},
		{"2016-03-01", "2016-03-31", "2016-03", Yes},
		{"2016-03-01", "2016-03-04", "2016-03", NotKnown},
		{"2016-03", "", "2016-03-10", NotKnown}, // since some day in March
		{"2016-03", "", "2016-04-01", Yes},
		{"2015", "2016", "2015-12-31", NotKnown},
		{"2014", "2016", "2015-12-31", Yes},
		{"", "2016", "2015-12-31", NotKnown},
		{"", "2014", "2015-12-31", No},
		{"2016-03-01", "2016-03-04", "2016-03-01T11:59:59Z", NotKnown}, // a day somewhere
		{"2016-03-01", "2016-03-04", "2016-03-02T13:00:00Z", Yes},
		{"2016-03-01", "2016-03-04", "2016-03-05T12:00:00Z", No},
		{"2016-03-01T10:00:00Z", "2016-03-01T11:00:00Z", "2016-03-01T10:30:00Z", Yes},
		{"2016-03-01", "", "", NotKnown},
	} {
		s := Span{From: MustDate(test.from), To: MustDate(test.to)}
		if got := s.Holds(MustDate(test.at)); got != test.want {
			t.Errorf("%s to %s holds at %s: %s, want %s", test.from, test.to, test.at, got, test.want)
		}
	}
	if got := (Span{Always: true}).Holds(Date{}); got != Yes {
		t.Error(got)
	}
	if err := (Span{From: MustDate("2017"), To: MustDate("2016")}).Validate(); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2017", "2017-06", "2017-06-19", "2017-06-19T14:30", "2017-06-19T14:30:59-05:00", "", "x"} {
		f.Add(s, "2017-06-19")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		d, err := ParseDate(a)
		if err != nil {
			return
		}
		again, err := ParseDate(d.String())
		if err != nil || again.String() != d.String() {
			t.Fatalf("%q is read as %q, and that as %q: %v", a, d, again, err)
		}
		o, err := ParseDate(b)
		if err != nil {
			return
		}
		if d.Before(o) == Yes && o.Before(d) != No {
			t.Errorf("%s is before %s, and the other way around it is %s", d, o, o.Before(d))
		}
		if s := (Span{From: d, To: o}); s.Validate() == nil && s.Holds(d) == No && d.Before(o) == Yes {
			t.Errorf("a span from %s to %s does not hold when it begins", d, o)
		}
	})
}
