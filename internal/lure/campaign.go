package lure

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mfonda/simhash"
)

// A Received is one message with its reading, and who received it.
type Received struct {
	Message Message
	Reading Reading
	Device  string // "" where it is not known
}

// A Campaign is messages that belong together.
type Campaign struct {
	By       []Bond         `json:"by"`       // what ties them, each once
	Messages []int          `json:"messages"` // places in the list given to Campaigns, in order of time
	From     *time.Time     `json:"from,omitempty"`
	To       *time.Time     `json:"to,omitempty"`
	Devices  map[string]int `json:"devices"` // messages by who received them
	Themes   []string       `json:"themes"`
}

// A Bond is one thing that messages have in common.
type Bond struct {
	Kind  string `json:"kind"` // registered, host, sender, text, theme
	Value string `json:"value,omitempty"`
}

// themeDays is how near in time messages of one theme, that pretend the same
// by the same kind of link, must be to belong together by that alone.
const themeDays = 3

// minWords is the shortest text that is compared with others.
const minWords = 6

// Campaigns groups messages by the server or domain of their links, by their
// sender, by nearly the same text, and by theme and time. The groups with most
// messages come first; a message that stands alone is in none.
func Campaigns(list []Received) []Campaign {
	g := &grouping{list: list, parent: make([]int, len(list)), bonds: map[int][]Bond{}}
	for i := range g.parent {
		g.parent[i] = i
	}
	g.byLinks()
	g.bySender()
	g.byText()
	g.byTheme()
	return g.campaigns()
}

// grouping joins messages into sets (union and find).
type grouping struct {
	list   []Received
	parent []int
	bonds  map[int][]Bond // by the message that was joined
}

func (g *grouping) root(i int) int {
	for g.parent[i] != i {
		g.parent[i] = g.parent[g.parent[i]]
		i = g.parent[i]
	}
	return i
}

func (g *grouping) join(a, b int, why Bond) {
	ra, rb := g.root(a), g.root(b)
	if ra > rb {
		ra, rb = rb, ra
	}
	g.parent[rb] = ra
	g.bonds[a] = append(g.bonds[a], why)
}

// byKey joins messages that share a key.
func (g *grouping) byKey(kind string, keys func(r *Received) []string) {
	first := map[string]int{}
	for i := range g.list {
		for _, key := range keys(&g.list[i]) {
			if at, ok := first[key]; ok && at != i {
				g.join(i, at, Bond{kind, key})
			} else if !ok {
				first[key] = i
			}
		}
	}
}

func (g *grouping) byLinks() {
	g.byKey("registered", func(r *Received) []string { return linkKeys(r, func(l *Link) string { return l.Registered }) })
	g.byKey("host", func(r *Received) []string {
		return linkKeys(r, func(l *Link) string {
			if l.Registered != "" {
				return "" // its domain says more
			}
			return l.Host
		})
	})
}

// linkKeys are keys of the links that say something of who sent them: not
// those of institutions, nor of services that everybody uses.
func linkKeys(r *Received, key func(*Link) string) []string {
	var keys []string
	for i := range r.Reading.Links {
		l := &r.Reading.Links[i]
		if l.Kind == Official || l.Kind == ShortLink {
			continue
		}
		if k := key(l); k != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (g *grouping) bySender() {
	g.byKey("sender", func(r *Received) []string {
		if r.Message.Sender == "" {
			return nil
		}
		return []string{senderKey(r.Message.Sender)}
	})
}

// senderKey writes a number in one way.
func senderKey(s string) string {
	if n, ok := ordinaryNumber(s); ok {
		return strings.Map(func(r rune) rune {
			if r == '+' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, n)
	}
	return strings.ToLower(strings.TrimSpace(s))
}

// plainWords are the words of a text without numbers: sums, names of links and
// times differ in what is otherwise one text.
func plainWords(text string) []string {
	var list []string
	for _, w := range appendWords(nil, text) {
		if !strings.ContainsAny(w.text, "0123456789") {
			list = append(list, w.text)
		}
	}
	return list
}

// bands is into how many parts a SimHash is cut: texts that share one are compared.
const bands = 4

// perBand bounds the comparisons of one message with those of a band.
const perBand = 64

// byText joins messages of nearly the same text: SimHash over pairs of words
// finds the candidates, their shared words decide.
func (g *grouping) byText() {
	words := make([][]string, len(g.list))
	var seen [bands]map[uint16][]int
	for b := range seen {
		seen[b] = map[uint16][]int{}
	}
	for i := range g.list {
		words[i] = plainWords(g.list[i].Message.Text)
		if len(words[i]) < minWords {
			continue
		}
		hash := simhash.SimhashBytes(pairs(words[i]))
		for b := range seen {
			part := uint16(hash >> (16 * b))
			near := seen[b][part]
			for _, j := range near[max(0, len(near)-perBand):] {
				if g.root(i) != g.root(j) && alike(words[i], words[j]) {
					g.join(i, j, Bond{Kind: "text"})
				}
			}
			seen[b][part] = append(near, i)
		}
	}
}

func pairs(words []string) [][]byte {
	list := make([][]byte, 0, len(words))
	for i := range words {
		list = append(list, []byte(words[i]))
		if i+1 < len(words) {
			list = append(list, []byte(words[i]+" "+words[i+1]))
		}
	}
	return list
}

// alike reports whether two texts share at least seven of ten words.
func alike(a, b []string) bool {
	in := map[string]bool{}
	for _, w := range a {
		in[w] = true
	}
	both, all := 0, len(in)
	counted := map[string]bool{}
	for _, w := range b {
		if counted[w] {
			continue
		}
		counted[w] = true
		if in[w] {
			both++
		} else {
			all++
		}
	}
	return both*10 >= all*7
}

// byTheme joins messages that press by the same, pretend the same by the same
// kind of link, and lie close in time.
func (g *grouping) byTheme() {
	order := make([]int, 0, len(g.list))
	for i := range g.list {
		if r := &g.list[i].Reading; len(r.Pressure) > 0 && r.Time != nil && len(r.Links) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return g.list[a].Reading.Time.Compare(*g.list[b].Reading.Time) })
	last := map[string]int{}
	for _, i := range order {
		r := &g.list[i].Reading
		key := r.Pressure[0] + "\x00" + r.Links[0].Kind
		if r.Links[0].Kind == ShortLink {
			key += "\x00" + r.Links[0].Host
		}
		if p := r.Pretends; p != nil {
			key += "\x00" + string(p.Kind) + "\x00" + p.Institution
		}
		if j, ok := last[key]; ok && r.Time.Sub(*g.list[j].Reading.Time) <= themeDays*24*time.Hour && g.root(i) != g.root(j) {
			g.join(i, j, Bond{"theme", r.Pressure[0]})
		}
		last[key] = i
	}
}

func (g *grouping) campaigns() []Campaign {
	sets := map[int][]int{}
	for i := range g.list {
		sets[g.root(i)] = append(sets[g.root(i)], i)
	}
	var out []Campaign
	for _, members := range sets {
		if len(members) > 1 {
			out = append(out, g.campaign(members))
		}
	}
	slices.SortFunc(out, func(a, b Campaign) int {
		return cmp.Or(cmp.Compare(len(b.Messages), len(a.Messages)), cmp.Compare(a.Messages[0], b.Messages[0]))
	})
	return out
}

func (g *grouping) campaign(members []int) Campaign {
	slices.SortStableFunc(members, func(a, b int) int {
		return cmp.Or(g.list[a].Message.Time.Compare(g.list[b].Message.Time), cmp.Compare(a, b))
	})
	c := Campaign{Messages: members, Devices: map[string]int{}, Themes: []string{}, By: []Bond{}}
	for _, i := range members {
		r := &g.list[i]
		c.Devices[r.Device]++
		for _, t := range r.Reading.Pressure {
			if !slices.Contains(c.Themes, t) {
				c.Themes = append(c.Themes, t)
			}
		}
		for _, b := range g.bonds[i] {
			if !slices.Contains(c.By, b) {
				c.By = append(c.By, b)
			}
		}
		if at := r.Reading.Time; at != nil {
			if c.From == nil {
				c.From = at
			}
			c.To = at
		}
	}
	slices.Sort(c.Themes)
	slices.SortFunc(c.By, func(a, b Bond) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value)) })
	return c
}

// ThemeDays is themeDays as people read it.
func ThemeDays() string { return strconv.Itoa(themeDays) }
