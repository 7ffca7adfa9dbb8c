package artifact

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// AppendJSON appends r as one JSON object without a line end: kind, times,
// fields, provenance. Fields keep the order in which the parser set them, so
// that the same record is always the same bytes.
func (r *Record) AppendJSON(b []byte) []byte {
	b = append(b, `{"kind":`...)
	b = AppendString(b, string(r.Kind))
	if len(r.Times) > 0 {
		b = append(b, `,"times":[`...)
		for i := range r.Times {
			if i > 0 {
				b = append(b, ',')
			}
			b = r.Times[i].appendJSON(b)
		}
		b = append(b, ']')
	}
	b = append(b, `,"data":{`...)
	for i := range r.Fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, r.Fields[i].Name)
		b = append(b, ':')
		b = r.Fields[i].Value.AppendJSON(b)
	}
	b = append(b, '}')
	if r.Truncated {
		b = append(b, `,"truncated":true`...)
	}
	b = append(b, `,"provenance":`...)
	b = r.Loc.AppendJSON(b)
	return append(b, '}')
}

func (t *Time) appendJSON(b []byte) []byte {
	b = append(b, `{"meaning":`...)
	b = AppendString(b, t.Meaning)
	if !t.At.IsZero() {
		b = append(b, `,"at":`...)
		b = AppendTime(b, t.At)
	}
	b = append(b, `,"epoch":`...)
	b = AppendString(b, string(t.Epoch))
	if t.Raw.kind != Null {
		b = append(b, `,"raw":`...)
		b = t.Raw.AppendJSON(b)
	}
	return append(b, '}')
}

// AppendTime appends t in UTC as a quoted RFC 3339 time with as many digits
// of the second as it has.
func AppendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = AppendInstant(b, t)
	return append(b, '"')
}

// AppendInstant is AppendTime without the quotes.
func AppendInstant(b []byte, t time.Time) []byte {
	sec := t.Unix()
	if sec < minUnix || sec >= maxUnix {
		return t.UTC().AppendFormat(b, time.RFC3339Nano)
	}
	year, month, day := civil(sec / 86400)
	b = append(b, byte('0'+year/1000), byte('0'+year/100%10))
	b = append(two(b, year%100), '-')
	b = append(two(b, month), '-')
	return AppendClock(two(b, day), sec%86400, t.Nanosecond())
}

// AppendClock appends what follows the date in a time of UTC: the second of the
// day, and nanoseconds with as many digits as they have.
func AppendClock(b []byte, of int64, ns int) []byte {
	b = append(two(append(b, 'T'), of/3600), ':')
	b = append(two(b, of/60%60), ':')
	b = two(b, of%60)
	if ns != 0 {
		b = append(b, '.')
		for digit := 100_000_000; ns != 0; digit /= 10 {
			b = append(b, byte('0'+ns/digit))
			ns %= digit
		}
	}
	return append(b, 'Z')
}

func two(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// civil turns days since 1970 into a date of the Gregorian calendar, by Howard
// Hinnant's civil_from_days (https://howardhinnant.github.io/date_algorithms.html):
// formatting times is a good part of the work of a check.
func civil(days int64) (year, month, day int64) {
	z := days + 719_468
	era := z / 146_097
	doe := z - era*146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// AppendJSON appends the location as a JSON object.
func (l *Location) AppendJSON(b []byte) []byte {
	b = append(b, `{"path":`...)
	b = AppendString(b, l.Path)
	if l.Table != "" {
		b = append(b, `,"table":`...)
		b = AppendString(b, l.Table)
	}
	if l.Row {
		b = appendNumber(b, `,"rowid":`, l.RowID)
	}
	if l.Page > 0 {
		b = appendNumber(b, `,"page":`, l.Page)
	}
	if l.Length > 0 {
		b = appendNumber(b, `,"offset":`, l.Offset)
		b = appendNumber(b, `,"length":`, l.Length)
	}
	b = append(b, `,"state":"`...)
	if l.State == Live {
		b = append(b, "live"...)
	} else {
		b = append(b, l.State...)
	}
	b = append(b, '"')
	if l.Frame > 0 {
		b = appendNumber(b, `,"frame":`, l.Frame)
	}
	if l.Confidence > 0 {
		b = appendNumber(b, `,"confidence":`, int64(l.Confidence))
	}
	return append(b, '}')
}

func appendNumber(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}

// AppendJSON appends v as JSON: bytes in base64, a float that JSON cannot
// hold (NaN, infinities) as a text.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.kind {
	case Bool:
		return strconv.AppendBool(b, v.num != 0)
	case Int:
		return strconv.AppendInt(b, int64(v.num), 10)
	case Float:
		return appendFloat(b, floatFrom(v.num))
	case Text:
		return AppendString(b, v.str)
	case Bytes:
		return appendBase64(b, v.Bytes())
	case Strings:
		return appendStrings(b, v.Strings())
	case Tree:
		return appendTree(b, v.ref, maxTreeDepth)
	default:
		return append(b, "null"...)
	}
}

func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return AppendString(b, strconv.FormatFloat(f, 'g', -1, 64))
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

func appendBase64(b, data []byte) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, data)
	return append(b, '"')
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, s)
	}
	return append(b, ']')
}

// maxTreeDepth is deeper than any property list that a phone writes; readers
// bound depth themselves, and this bounds the recursion below all the same.
const maxTreeDepth = 512

func appendTree(b []byte, v any, depth int) []byte {
	if depth == 0 {
		return append(b, `"(nested too deeply)"`...)
	}
	switch v := v.(type) {
	case map[string]any:
		return appendMap(b, v, depth)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendTree(b, e, depth-1)
		}
		return append(b, ']')
	default:
		return appendScalar(b, v)
	}
}

func appendMap(b []byte, m map[string]any, depth int) []byte {
	b = append(b, '{')
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, k)
		b = append(b, ':')
		b = appendTree(b, m[k], depth-1)
	}
	return append(b, '}')
}

func appendScalar(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return AppendString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		return appendFloat(b, v)
	case []byte:
		return appendBase64(b, v)
	case time.Time:
		return AppendTime(b, v)
	default:
		return append(b, "null"...)
	}
}
