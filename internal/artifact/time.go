package artifact

import (
	"math"
	"time"
)

// A Time is an instant with the meaning that the artifact gives it, and the
// number or text that stood there.
type Time struct {
	Meaning string    // "sent", "first_seen"
	At      time.Time // UTC; zero where Raw makes no sensible instant
	Epoch   Epoch     // how Raw was read
	Raw     Value     // Int, Float or Text as it stood in the evidence
}

// An Epoch says from when, and in which unit, a raw time counts.
type Epoch string

// The epochs of phone artifacts.
const (
	// MacSeconds counts from 2001-01-01T00:00:00Z (Apple's CFAbsoluteTime).
	MacSeconds Epoch = "mac_s"
	// MacNanoseconds is MacSeconds in nanoseconds (iMessage since iOS 11).
	MacNanoseconds Epoch = "mac_ns"
	// UnixSeconds counts from 1970-01-01T00:00:00Z.
	UnixSeconds Epoch = "unix_s"
	// UnixMilliseconds is UnixSeconds in milliseconds.
	UnixMilliseconds Epoch = "unix_ms"
	// UnixMicroseconds is UnixSeconds in microseconds.
	UnixMicroseconds Epoch = "unix_us"
	// UnixNanoseconds is UnixSeconds in nanoseconds.
	UnixNanoseconds Epoch = "unix_ns"
	// WebKitMicroseconds counts from 1601-01-01T00:00:00Z (Chrome).
	WebKitMicroseconds Epoch = "webkit_us"
	// Calendar is a date that the format itself writes out, as a plist does.
	Calendar Epoch = "calendar"
	// LocalCalendar is a date that is written out without its time zone: At is
	// the phone's clock read as if it showed UTC.
	LocalCalendar Epoch = "calendar_local"
	// Derived is an instant that what stands there tells only together with
	// another clock of the evidence: a date without a year, a wall clock with
	// the phone's zone, time since the start. Raw is what stands there.
	Derived Epoch = "derived"
)

const (
	macToUnix    = 978_307_200    // seconds from 1970 to 2001
	webkitToUnix = 11_644_473_600 // seconds from 1601 to 1970

	// No phone artifact is older than 1990 or younger than 2100: what lies
	// outside is a default, a flag or damage, and stays as its raw value.
	minUnix = 631_152_000
	maxUnix = 4_102_444_800
)

// macNanosecondsFrom tells the two Mac epochs of one column apart: as seconds
// it is the year 33658, as nanoseconds 16 minutes after the epoch.
const macNanosecondsFrom = 1_000_000_000_000

// MacEpochOf returns the Mac epoch that a number of iMessage's date columns is
// in: iOS 11 changed them from seconds to nanoseconds.
func MacEpochOf(raw Value) Epoch {
	if f, ok := raw.Float(); ok && math.Abs(f) >= macNanosecondsFrom {
		return MacNanoseconds
	}
	return MacSeconds
}

// At reads raw as a number of e. It reports false, and the zero time, for a
// raw value that is no number, is zero, or lies outside 1990 to 2100.
func (e Epoch) At(raw Value) (time.Time, bool) {
	if i, ok := raw.Int(); ok {
		return e.atInt(i)
	}
	f, ok := raw.Float()
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return time.Time{}, false
	}
	return e.atFloat(f)
}

func (e Epoch) perSecond() int64 {
	switch e {
	case MacNanoseconds, UnixNanoseconds:
		return 1_000_000_000
	case UnixMicroseconds, WebKitMicroseconds:
		return 1_000_000
	case UnixMilliseconds:
		return 1_000
	default:
		return 1
	}
}

func (e Epoch) toUnix() int64 {
	switch e {
	case MacSeconds, MacNanoseconds:
		return macToUnix
	case WebKitMicroseconds:
		return -webkitToUnix
	default:
		return 0
	}
}

func (e Epoch) atInt(i int64) (time.Time, bool) {
	per := e.perSecond()
	sec, frac := i/per, i%per
	if frac < 0 {
		sec, frac = sec-1, frac+per
	}
	return instant(i != 0, sec, frac*(1_000_000_000/per), e.toUnix())
}

func (e Epoch) atFloat(f float64) (time.Time, bool) {
	sec, frac := math.Modf(f / float64(e.perSecond()))
	if math.Abs(sec) > 1e12 {
		return time.Time{}, false
	}
	if frac < 0 {
		sec, frac = sec-1, frac+1
	}
	// A float of seconds since 2001 resolves about a tenth of a microsecond;
	// what lies below is noise of the format, not of the event.
	ns := int64(math.Round(frac*1e6)) * 1000
	return instant(f != 0, int64(sec), ns, e.toUnix())
}

func instant(set bool, sec, ns, toUnix int64) (time.Time, bool) {
	if !set || sec > maxUnix+webkitToUnix || sec < -maxUnix {
		return time.Time{}, false
	}
	sec += toUnix
	if sec < minUnix || sec >= maxUnix {
		return time.Time{}, false
	}
	return time.Unix(sec, ns).UTC(), true
}

// When appends a time to r. A Null raw value adds nothing; one that makes no
// sensible instant is kept with a zero At.
func (r *Record) When(meaning string, e Epoch, raw Value) {
	if raw.kind == Null {
		return
	}
	at, _ := e.At(raw)
	r.Times = append(r.Times, Time{meaning, at, e, raw})
}

// WhenAt appends a time that the format itself writes out as a date.
func (r *Record) WhenAt(meaning string, at time.Time) {
	if u := at.Unix(); u < minUnix || u >= maxUnix {
		r.Times = append(r.Times, Time{Meaning: meaning, Epoch: Calendar, Raw: TextValue(at.UTC().Format(time.RFC3339Nano))})
		return
	}
	r.Times = append(r.Times, Time{Meaning: meaning, At: at.UTC(), Epoch: Calendar})
}

// WhenLocal appends a time of the phone's clock whose time zone is not told.
// wall is that clock's time, taken as UTC.
func (r *Record) WhenLocal(meaning string, wall time.Time) {
	r.WhenAt(meaning, wall)
	r.Times[len(r.Times)-1].Epoch = LocalCalendar
}

// WhenDerived appends a time that was worked out from raw and another clock of
// the evidence. A zero at keeps raw alone.
func (r *Record) WhenDerived(meaning string, at time.Time, raw Value) {
	if u := at.Unix(); u < minUnix || u >= maxUnix {
		at = time.Time{}
	}
	r.Times = append(r.Times, Time{Meaning: meaning, At: at.UTC(), Epoch: Derived, Raw: raw})
}

func floatBits(f float64) uint64 { return math.Float64bits(f) }
func floatFrom(u uint64) float64 { return math.Float64frombits(u) }
