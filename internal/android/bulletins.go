package android

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed data/bulletins.csv
var bulletinsCSV string

// A Bulletin is one of the Android Security Bulletins, which come each month.
type Bulletin struct {
	Month time.Time // its first day
	// Levels are the patch levels that it made, in order: a phone with the last
	// has all fixes. The first two bulletins made none. Some bulletins made a
	// third that the list lacks.
	Levels []string
	// Published is the day, the zero time where the list has none.
	Published time.Time
}

// usualDay is the day of the month by which a bulletin of which the day is not
// known counts as published: the latest of those known since September 2015 came
// out on the 9th.
const usualDay = 10

// out is the day by which the bulletin was published.
func (b *Bulletin) out() time.Time {
	if b.Published.IsZero() {
		return b.Month.AddDate(0, 0, usualDay-1)
	}
	return b.Published
}

var bulletins = sync.OnceValue(func() []Bulletin {
	var list []Bulletin
	for month, f := range table(bulletinsCSV, 3) {
		b := Bulletin{Levels: strings.Fields(f[0])}
		b.Month, _ = time.Parse("2006-01", month)
		b.Published, _ = time.Parse(time.DateOnly, f[1])
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b Bulletin) int { return a.Month.Compare(b.Month) })
	return list
})

// Bulletins returns those of the list, from the oldest. It lacks some of the
// newest, so that what is counted with it is at least so much.
func Bulletins() []Bulletin { return slices.Clone(bulletins()) }

// A Patch says how a patch level stands on a day.
type Patch struct {
	// AgeDays are the days from the level to that day, 0 where it lies after it.
	AgeDays int
	// Missed are the bulletins with fixes for this version of Android that were
	// out by that day and that the level lacks: at least so many.
	Missed int
	// Newest is the newest level of the list that a phone of this version could
	// have by that day, "" where the level was it.
	Newest string
	// Ended says that bulletins had no more fixes for this version by that day.
	Ended bool
}

// PatchOn says how a patch level (2025-09-05) of a version, by its API level,
// stands on a day. ok is false where level is no day. A version that the list
// lacks counts as one that still has fixes.
func PatchOn(level string, api int, day time.Time) (p Patch, ok bool) {
	at, err := time.Parse(time.DateOnly, level)
	if err != nil {
		return Patch{}, false
	}
	p.AgeDays = max(int(day.Sub(at).Hours()/24), 0)
	version, hasVersion := VersionOf(api)
	ends := hasVersion && !version.Ended.IsZero()
	p.Ended = version.EndedBy(day)
	for _, b := range bulletins() {
		if len(b.Levels) == 0 || b.out().After(day) || ends && b.Month.After(version.Ended) || hasVersion && b.Month.Before(version.Released.AddDate(0, -1, 0)) {
			continue
		}
		if newest := b.Levels[len(b.Levels)-1]; newest > level {
			p.Missed++
			p.Newest = newest
		}
	}
	return p, true
}
