package link

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// What the weights are, and why they are so, is in docs/links.md, which a
// change here changes too.
const (
	// Threshold is the score from which two people are tied: one published
	// domain within two weeks, or three to four rare hosts within days.
	Threshold = 0.6

	// fewPeople is the least number of people that rarity is reckoned with: in
	// a workspace of three, two say nothing of how rare a value is.
	fewPeople = 100

	halfLife    = 7.0  // days: the weight of a value halves with each
	farMarked   = 0.35 // what is left of an indicator's or a lure's, however far apart
	undatedMark = 0.5  // of an indicator or a lure without a time
	undatedElse = 0.1  // of another value without one
	ownLife     = 30.0 // days: a value that is on a phone longer belongs to its life

	// household is how many rare values two people share when a value between
	// them weighs half: a household shares hundreds, an operator's targets few.
	household = 8.0
)

// strength is the weight of a kind before rarity and time.
var strength = map[Kind]float64{
	Lure: 1, Theme: 0.25, Host: 0.3, IP: 0.3, Email: 0.35, Phone: 0.3, Process: 0.25, FileHash: 0.35, CertHash: 0.3, ProfileID: 0.35,
}

// published is the strength of an indicator by its type: a server belongs to
// one operator, a program to all customers of its maker.
var published = map[string]float64{
	"domain": 1, "url": 1, "ip": 1, "email": 1, "phone": 1,
	"file_hash": 0.7, "cert_hash": 0.7, "profile_id": 0.7, "app_id": 0.5,
	"process": 0.35, "file_name": 0.35, "file_path": 0.35, "android_property": 0.2,
}

func (v *value) strength() float64 {
	if v.kind != Indicator {
		return strength[v.kind]
	}
	kind, _, _ := strings.Cut(v.text, " ")
	return published[kind]
}

type pair struct{ a, b int32 }

// bond is what two people share.
type bond struct {
	marked float64 // of indicators and lures
	other  float64 // of all else, before the household is taken off
	shared int     // rare values, near in time or not
	ties   []tie
}

type tie struct {
	value  *value
	weight float64
	days   float64
	bundle bool // lessened by the household
}

type weigher struct {
	n     int // people, at least fewPeople
	clean func(Kind, string) (held, of int)
	pairs map[pair]*bond
}

// rarity is the inverse frequency over the people of the workspace and the
// clean phones that were counted: 1 for what one of very many has, 0 for what
// all have.
func (w *weigher) rarity(v *value) float64 {
	held, of := 0, 0
	if w.clean != nil {
		held, of = w.clean(v.kind, v.text)
	}
	all := float64(w.n + of + 1)
	return max(0, math.Log(all/float64(len(v.holders)+held))/math.Log(all))
}

// closeness is what time leaves of a weight, and the days between.
func closeness(a, b holder, marked bool) (share, days float64) {
	if !a.dated || !b.dated {
		if marked {
			return undatedMark, -1
		}
		return undatedElse, -1
	}
	gap := int64(math.MaxInt64)
	for _, x := range [...]int64{a.first, a.last} {
		for _, y := range [...]int64{b.first, b.last} {
			gap = min(gap, max(x-y, y-x))
		}
	}
	const day = 24 * 3600 * 1e6
	days = float64(gap) / day
	share = math.Exp2(-days / halfLife)
	if marked {
		return max(share, farMarked), days
	}
	span := float64(max(a.last-a.first, b.last-b.first)) / day
	return share * min(1, ownLife/max(span, 1)), days
}

// all weighs values. Those that the very same people have are one bundle: what
// an app, or a page, brings along all at once.
func (w *weigher) all(values []value) {
	bundles := map[string][]*value{}
	var order []string
	for i := range values {
		v := &values[i]
		if always(v.kind) {
			w.marked(v)
			continue
		}
		k := samePeople(v.holders)
		if bundles[k] == nil {
			order = append(order, k)
		}
		bundles[k] = append(bundles[k], v)
	}
	for _, k := range order {
		w.bundle(bundles[k])
	}
}

func (w *weigher) marked(v *value) {
	base := v.strength() * (0.5 + 0.5*w.rarity(v))
	eachPair(v.holders, func(a, b holder) {
		if v.counted(a, b) {
			return
		}
		share, days := closeness(a, b, true)
		bond := w.bond(a, b)
		bond.marked += base * share
		bond.ties = append(bond.ties, tie{value: v, weight: base * share, days: days})
	})
}

// bundle weighs values of the same people: the first in full, each further one
// less.
func (w *weigher) bundle(values []*value) {
	holders := values[0].holders
	eachPair(holders, func(a, b holder) {
		bond := w.bond(a, b)
		from := len(bond.ties)
		for _, v := range values {
			if v.counted(a, b) {
				continue
			}
			bond.shared++
			i := slices.IndexFunc(v.holders, func(h holder) bool { return h.person == a.person })
			j := slices.IndexFunc(v.holders, func(h holder) bool { return h.person == b.person })
			share, days := closeness(v.holders[i], v.holders[j], false)
			if weight := v.strength() * w.rarity(v) * share; weight > 0.01 {
				bond.ties = append(bond.ties, tie{value: v, weight: weight, days: days, bundle: true})
			}
		}
		list := bond.ties[from:]
		slices.SortStableFunc(list, func(x, y tie) int { return cmp.Compare(y.weight, x.weight) })
		for i := range list {
			list[i].weight /= float64(i + 1) // 1, 1/2, 1/3: the logarithm of their number
			bond.other += list[i].weight
		}
	})
}

func (w *weigher) bond(a, b holder) *bond {
	p := pair{min(a.person, b.person), max(a.person, b.person)}
	x := w.pairs[p]
	if x == nil {
		x = &bond{}
		w.pairs[p] = x
	}
	return x
}

func eachPair(holders []holder, fn func(a, b holder)) {
	for i := range holders {
		for j := range i {
			fn(holders[j], holders[i])
		}
	}
}

// together is what is left of a weight for two people who share much.
func (b *bond) together() float64 {
	s := float64(b.shared) / household
	return 1 / (1 + s*s)
}

func (b *bond) score() float64 { return b.marked + b.other*b.together() }
