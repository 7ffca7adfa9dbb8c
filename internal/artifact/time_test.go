package artifact

import (
	"math"
	"testing"
	"time"
)

func TestEpochs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		epoch Epoch
		raw   Value
		want  string // "": no sensible instant
	}{
		{"mac_seconds", MacSeconds, IntValue(700_000_000), "2023-03-08T20:26:40Z"},
		{"mac_seconds_float", MacSeconds, FloatValue(700_000_000.25), "2023-03-08T20:26:40.25Z"},
		{"mac_nanoseconds", MacNanoseconds, IntValue(700_000_000_123_456_789), "2023-03-08T20:26:40.123456789Z"},
		{"before_the_mac_epoch", MacSeconds, IntValue(-86_400), "2000-12-31T00:00:00Z"},
		{"negative_nanoseconds", MacNanoseconds, IntValue(-1), "2000-12-31T23:59:59.999999999Z"},
		{"unix_seconds", UnixSeconds, IntValue(1_500_000_000), "2017-07-14T02:40:00Z"},
		{"unix_milliseconds", UnixMilliseconds, IntValue(1_500_000_000_123), "2017-07-14T02:40:00.123Z"},
		{"unix_microseconds", UnixMicroseconds, IntValue(1_500_000_000_123_456), "2017-07-14T02:40:00.123456Z"},
		{"webkit", WebKitMicroseconds, IntValue(13_144_473_600_000_001), "2017-07-14T02:40:00.000001Z"},
		{"negative_float", MacSeconds, FloatValue(-0.5), "2000-12-31T23:59:59.5Z"},
		{"zero_is_unset", MacSeconds, IntValue(0), ""},
		{"zero_float_is_unset", MacSeconds, FloatValue(0), ""},
		{"text", MacSeconds, TextValue("700000000"), ""},
		{"null", MacSeconds, Value{}, ""},
		{"bytes", MacSeconds, BytesValue([]byte("x")), ""},
		{"distant_past", MacSeconds, FloatValue(-63_114_076_800), ""}, // NSDate.distantPast
		{"distant_future", MacSeconds, FloatValue(64_092_211_200), ""},
		{"largest", MacNanoseconds, IntValue(math.MaxInt64), ""},
		{"smallest", MacSeconds, IntValue(math.MinInt64), ""},
		{"not_a_number", MacSeconds, FloatValue(math.NaN()), ""},
		{"infinite", UnixSeconds, FloatValue(math.Inf(1)), ""},
		{"first_of_range", UnixSeconds, IntValue(minUnix), "1990-01-01T00:00:00Z"},
		{"before_range", UnixSeconds, IntValue(minUnix - 1), ""},
		{"last_of_range", UnixSeconds, IntValue(maxUnix - 1), "2099-12-31T23:59:59Z"},
		{"after_range", UnixSeconds, IntValue(maxUnix), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := tt.epoch.At(tt.raw)
			if ok != (tt.want != "") {
				t.Fatalf("got %v, %v, want %q", got, ok, tt.want)
			}
			if ok && got.Format(time.RFC3339Nano) != tt.want {
				t.Errorf("got %s, want %s", got.Format(time.RFC3339Nano), tt.want)
			}
		})
	}
}

func TestMacEpochOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw  Value
		want Epoch
	}{
		{IntValue(500_000_000), MacSeconds},
		{IntValue(500_000_000_000_000_000), MacNanoseconds},
		{FloatValue(5.5e17), MacNanoseconds},
		{Value{}, MacSeconds},
		{TextValue("x"), MacSeconds},
	} {
		if got := MacEpochOf(tt.raw); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.raw, got, tt.want)
		}
	}
}

func TestWhenKeepsWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	var r Record
	r.When("sent", MacSeconds, TextValue("not a time"))
	r.When("read", MacSeconds, Value{})
	r.WhenAt("bought", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))
	if len(r.Times) != 2 || !r.Times[0].At.IsZero() || !r.Times[1].At.IsZero() {
		t.Fatalf("got %+v", r.Times)
	}
	if s, _ := r.Times[0].Raw.Str(); s != "not a time" {
		t.Errorf("raw %q", s)
	}
	if s, _ := r.Times[1].Raw.Str(); s != "0001-01-01T00:00:00Z" {
		t.Errorf("raw %q", s)
	}
}
