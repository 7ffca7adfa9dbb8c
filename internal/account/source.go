package account

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Certainty is how surely a source supports a statement.
type Certainty string

// From the strongest to the weakest.
const (
	Certain  Certainty = "certain"  // seen in evidence or in an official document
	Probable Certainty = "probable" // several independent reports, or traces that fit nothing else
	Possible Certainty = "possible" // one report, or traces that also fit something else
	Claimed  Certainty = "claimed"  // somebody says so of themselves
)

// Certainties lists them.
var Certainties = []Certainty{Certain, Probable, Possible, Claimed}

// Validate refuses any other word.
func (c Certainty) Validate() error {
	for _, known := range Certainties {
		if c == known {
			return nil
		}
	}
	return fmt.Errorf("%w: certainty %q is none of certain, probable, possible, claimed", ErrInvalid, string(c))
}

// A Source is where a statement comes from: an evidence or a finding of the
// workspace, or a document.
type Source struct {
	Evidence string `json:"evidence,omitempty"` // id, E-…
	Finding  string `json:"finding,omitempty"`  // id, F-…
	Run      string `json:"run,omitempty"`      // of the finding, R-…
	Title    string `json:"title,omitempty"`    // of a document
	URL      string `json:"url,omitempty"`      // where it is to be had, http or https
	Archived string `json:"archived_sha256,omitempty"`
	Date     Date   `json:"date,omitzero"`   // of the document
	Quote    string `json:"quote,omitempty"` // its words
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate demands that somebody could go and look.
func (s Source) Validate() error {
	switch {
	case s.Evidence == "" && s.Finding == "" && strings.TrimSpace(s.Title) == "":
		return fmt.Errorf("%w: source: an evidence, a finding, or the title of a document", ErrInvalid)
	case s.Archived != "" && !sha256Hex.MatchString(s.Archived):
		return fmt.Errorf("%w: source: archived_sha256 is not 64 hexadecimal digits", ErrInvalid)
	case s.URL == "":
		return nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("%w: source: %.80q is no http or https address", ErrInvalid, s.URL)
	}
	return nil
}

// A Basis is what every statement rests on.
type Basis struct {
	Sources   []Source  `json:"sources"`
	Certainty Certainty `json:"certainty"`
	Note      string    `json:"note,omitempty"`
}

// Validate demands at least one source and a certainty.
func (b Basis) Validate() error {
	if len(b.Sources) == 0 {
		return fmt.Errorf("%w: sources: a statement has at least one", ErrInvalid)
	}
	for _, s := range b.Sources {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	return b.Certainty.Validate()
}
