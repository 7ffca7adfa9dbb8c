package lure

import (
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// A Message is what somebody received.
type Message struct {
	Text string
	// Sender is the number, address or identity that it came from, "" where
	// that is not known.
	Sender string
	// SenderName is what the phone or the sender calls the sender.
	SenderName string
	// Links are the links of the message, as found. Where there are none, Read
	// looks for them in Text.
	Links []string
	Time  time.Time // zero: not known
	// Listed says that a published indicator names a link of the message.
	Listed bool
}

// A Reading is what a message pretends to be.
type Reading struct {
	Severity finding.Severity `json:"severity"`           // Info: nothing to worry about
	Language string           `json:"language,omitempty"` // a guess, BCP 47; "" where the text is too short
	Pretends *Pretence        `json:"pretends,omitempty"` // nil: nobody
	Pressure []string         `json:"pressure"`           // themes by id, the gravest first
	Links    []Link           `json:"links"`              // those that matter first
	Reasons  []finding.Reason `json:"reasons"`            // ids of messages "lure.reason.<id>", with their values
	Time     *time.Time       `json:"time,omitempty"`     // when it was sent or received
}

// A Pretence is whom a message claims to come from.
type Pretence struct {
	Kind        Kind   `json:"kind"`
	Institution string `json:"institution,omitempty"` // id; "" where only the kind is named
	Name        string `json:"name,omitempty"`        // as people call it
	How         string `json:"how"`                   // "text", "sender", "link"
}

// A Link is one link of a message.
type Link struct {
	URL        string `json:"url"`
	Host       string `json:"host"`                 // as looked up: lower case, ASCII
	Registered string `json:"registered,omitempty"` // registered domain, "" for an address
	// Kind is what is odd about it, "" for nothing: lookalike, short, address,
	// official, service_name, odd_name, hidden, path.
	Kind string `json:"kind,omitempty"`
	// Trick is how a look-alike is made: typo, digits, homoglyph, hyphen,
	// added_word, suffix, subdomain, government.
	Trick string `json:"trick,omitempty"`
	// Of is the institution that it looks like, or belongs to.
	Of string `json:"of,omitempty"`
	// Name is what people call that institution.
	Name string `json:"name,omitempty"`
	// Official is a domain of that institution.
	Official string `json:"official,omitempty"`
}

// The kinds of link.
const (
	Lookalike   = "lookalike"
	ShortLink   = "short"
	Address     = "address"
	Official    = "official"
	ServiceName = "service_name"
	OddName     = "odd_name"
	Hidden      = "hidden"
	ExploitPath = "path"
)
