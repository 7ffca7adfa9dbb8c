// Package demo holds what `amparo demo` builds a workspace from: the public
// facts of the letter of 7 December 2017 to the US Secretary of State, each with
// its source, and synthetic phones whose messages and visits lead to published
// domains.
//
// The phones are written by internal/testevidence (mkbackup -demo), where their
// sources are named; a test holds them to it.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/clock"
)

//go:embed data
var files embed.FS

// Day is the day of the letter.
const Day = "2017-12-07"

// Operator is the cluster that the demonstration's messages are laid to.
const Operator = "RECKLESS-1"

// Content is what the demonstration says.
type Content struct {
	People   []Person        `json:"people"`
	Facts    []*account.Fact `json:"facts"`
	Register *book.Register  `json:"register"`
	Promises []clock.Promise `json:"promises"`
	Requests []clock.Request `json:"requests"`
}

// A Person is somebody of whom the letter speaks, or one who is made up, with a
// synthetic phone.
type Person struct {
	Pseudonym string `json:"pseudonym"`
	Name      string `json:"name"`
	Minor     bool   `json:"minor,omitempty"`
	MadeUp    bool   `json:"made_up,omitempty"` // no source speaks of them: they are in no public number
}

// Load reads what the demonstration says.
func Load() (*Content, error) {
	data, err := files.ReadFile("data/content.json")
	if err != nil {
		return nil, err
	}
	c := new(Content)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(c); err != nil {
		return nil, fmt.Errorf("content of the demonstration: %w", err)
	}
	return c, nil
}

// Phone returns the files of a person's synthetic phone: its messages sms.db,
// and its visits History.db where it has any.
func Phone(pseudonym string) (fs.FS, error) {
	return fs.Sub(files, "data/phones/"+pseudonym)
}

// Indicators returns the published indicators that find what is in the phones.
func Indicators() ([]byte, error) { return fs.ReadFile(files, "data/indicators.csv") }
