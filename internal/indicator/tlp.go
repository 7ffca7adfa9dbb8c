package indicator

import (
	"regexp"
	"strings"
)

// TLP says how far information may be passed on: the Traffic Light Protocol
// (https://www.first.org/tlp/), versions 1 and 2.
type TLP uint8

// The levels, from the widest. Unmarked says nothing.
const (
	Unmarked TLP = iota
	Clear        // also WHITE
	Green
	Amber
	AmberStrict
	Red
)

var tlpNames = [...]string{"", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"}

// String returns the level as version 2 writes it, "" for Unmarked.
func (t TLP) String() string { return tlpNames[t] }

// tlpText finds a level in a marking, a tag or a statement: "tlp:amber+strict",
// "TLP:AMBER", "tlp-red", "shared as TLP Green".
var tlpText = regexp.MustCompile(`(?i)\btlp(?:\s*[:=_-]\s*"?(amber\s*\+?\s*strict|[a-z]+)|\s+(amber\s*\+?\s*strict|amber|red|green|white|clear)\b)`)

// parseTLP returns the strictest level that text names, Unmarked if it names
// none. Behind a colon, a level that is not known counts as the strictest: its
// publisher meant to limit something.
func parseTLP(text string) TLP {
	if len(text) < 4 {
		return Unmarked
	}
	level := Unmarked
	for _, m := range tlpText.FindAllStringSubmatch(clip(text, maxDescription), 8) {
		level = max(level, tlpLevel(strings.ToLower(m[1]+m[2])))
	}
	return level
}

func tlpLevel(name string) TLP {
	switch {
	case name == "white" || name == "clear":
		return Clear
	case name == "green":
		return Green
	case name == "amber":
		return Amber
	case strings.HasPrefix(name, "amber"):
		return AmberStrict
	}
	return Red
}

// tlpMarkings are the marking definitions that STIX itself defines: those of
// TLP 1 in its chapter 7.2.1.4, those of TLP 2 in
// https://github.com/oasis-open/cti-stix-common-objects/tree/main/extension-definition-specifications/tlp-2.0
var tlpMarkings = map[string]TLP{
	"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Clear,
	"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Green,
	"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Amber,
	"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Red,
	"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Clear,
	"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Green,
	"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Amber,
	"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": AmberStrict,
	"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Red,
}
