package inbox

import (
	"strconv"
	"strings"
	"time"
)

// layouts are the ways in which tables write times. Without a zone a time is
// taken for UTC.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04:05.999999", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly,
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", time.RFC1123Z, time.RFC1123, "02/01/2006 15:04:05", "02/01/2006 15:04", "02/01/2006", "2/1/2006 15:04:05", "2/1/2006 15:04", "2/1/2006",
	"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "2006/01/02 15:04:05", "2006/01/02", "02.01.2006 15:04", "02.01.2006",
	"02-01-2006 15:04:05", "02-01-2006", "20060102",
}

// parseTime reads a time of a table: in one of layouts, or seconds or
// milliseconds since 1970.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 6 || len(s) > 40 {
		return time.Time{}, false
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t.UTC(), true
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case n > 900_000_000 && n < 5_000_000_000 && len(s) == 10:
		return time.Unix(n, 0).UTC(), true
	case n > 900_000_000_000 && n < 5_000_000_000_000 && len(s) == 13:
		return time.UnixMilli(n).UTC(), true
	}
	return time.Time{}, false
}
