// Package link finds what ties people together: values that lie on the
// evidence of several of them and that few others have, within days of each
// other. It knows no store and no keys: it is given sightings, and returns a
// graph. The same sightings give the same graph, in any order and on any
// number of cores.
//
// Start with Find. How values weigh, and why, is in docs/links.md.
package link

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Kind says what a value is.
type Kind string

// The kinds of value.
const (
	Indicator Kind = "indicator" // a published indicator that a finding rests on: "domain evil.example"
	Lure      Kind = "lure"      // the domain to which a message leads that pretends to be another's
	Theme     Kind = "theme"     // whom such a message speaks for
	Host      Kind = "host"      // also of URLs
	IP        Kind = "ip"
	Email     Kind = "email" // also an Apple ID
	Phone     Kind = "phone"
	Process   Kind = "process"
	FileHash  Kind = "file_hash"
	CertHash  Kind = "cert_hash"
	ProfileID Kind = "profile_id"
)

// Seen is a value on the evidence of one person, once or more.
type Seen struct {
	Kind        Kind
	Value       []byte
	First, Last time.Time // zero: undated
}

// Person is somebody, with all that was seen on their evidence.
type Person struct {
	ID, Case string
	// Seen calls fn with each value; the memory is the caller's again after. It
	// is called twice, from several goroutines for several people.
	Seen func(ctx context.Context, fn func(*Seen)) error
}

// Options is what Find needs to know beside people.
type Options struct {
	// Clean says how many clean phones hold a value, of how many that were
	// looked at; nil where nobody counted.
	Clean func(k Kind, value string) (held, of int)
}

// Graph is what was found.
type Graph struct {
	People   int       `json:"people"` // that were compared
	Clusters []Cluster `json:"clusters"`
	Edges    []Edge    `json:"edges"`
}

// A Cluster is people whom one operator may have reached. Somebody may be in
// several.
type Cluster struct {
	ID     string    `json:"id"` // the same for the same people
	People []Member  `json:"people"`
	Values []Value   `json:"values"` // that make it, the weightiest first
	More   int       `json:"values_more,omitempty"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
}

// Member is somebody in a cluster.
type Member struct {
	ID   string `json:"person"`
	Case string `json:"case"`
	// Name is what the caller calls the person; Find leaves it empty.
	Name string `json:"pseudonym,omitempty"`
}

// A Value ties people of a cluster.
type Value struct {
	Kind   Kind      `json:"kind"`
	Value  string    `json:"value"`
	Weight float64   `json:"weight"` // the greatest that it has between two of them
	People []string  `json:"people"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
}

// An Edge ties two people whose score reaches Threshold.
type Edge struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	Score float64 `json:"score"`
	Ties  []Tie   `json:"ties"` // the weightiest first
	More  int     `json:"ties_more,omitempty"`
	// Shared is how many rare values the two have in common in all, tie or not:
	// many are a household, not an operator.
	Shared int `json:"shared"`
}

// A Tie is one value that two people share.
type Tie struct {
	Kind   Kind    `json:"kind"`
	Value  string  `json:"value"`
	Weight float64 `json:"weight"`
	Days   float64 `json:"days"` // between the nearest times; -1: undated
}

// Bounds of what a graph names; all are counted.
const (
	maxTies   = 20
	maxValues = 50
)

// Find compares people.
func Find(ctx context.Context, people []Person, o Options) (*Graph, error) {
	people = slices.SortedFunc(slices.Values(people), func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	values, err := gather(ctx, people)
	if err != nil {
		return nil, err
	}
	w := weigher{n: max(len(people), fewPeople), clean: o.Clean, pairs: map[pair]*bond{}}
	w.all(values)
	return w.graph(people), nil
}
