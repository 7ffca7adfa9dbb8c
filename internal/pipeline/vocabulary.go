package pipeline

import (
	"encoding/binary"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A vocabulary numbers the words that the events of one task have in common:
// what happened, tables, files. An event then holds numbers, and a word is
// rendered once. It belongs to one task while that runs, and is only read after.
type vocabulary struct {
	numbers map[string]uint64 // from 1
	words   []*word
	last    [wordSlots]struct {
		text   string
		number uint64
	}
}

// A word is a text in each form of the timeline.
type word struct {
	cell, json []byte
	some       bool // false: nothing to tell
}

// The places of an event that hold a word.
const (
	meaningSlot = iota
	tableSlot
	pathSlot
	stateSlot
	wordSlots
)

// maxWords bounds a vocabulary: key paths of a property list, which stand for
// tables, come from evidence. Past it a word is written out in its event.
const maxWords = 1 << 12

func newVocabulary() *vocabulary { return &vocabulary{numbers: map[string]uint64{}} }

func newWord(s string) *word {
	return &word{cell: appendCell(nil, []byte(s)), json: artifact.AppendString(nil, s), some: s != ""}
}

// appendWord appends s to an event: its number, or 0 and the word itself. In
// one place the same words come again and again.
func appendWord[T string | []byte](v *vocabulary, slot int, b []byte, s T) []byte {
	last := &v.last[slot]
	if last.number != 0 && last.text == string(s) {
		return binary.AppendUvarint(b, last.number)
	}
	n, known := v.numbers[string(s)]
	if !known {
		if len(v.words) == maxWords {
			return appendText(append(b, 0), s)
		}
		text := string(s)
		v.words = append(v.words, newWord(text))
		n = uint64(len(v.words))
		v.numbers[text] = n
		last.text = text
	} else {
		last.text = string(s)
	}
	last.number = n
	return binary.AppendUvarint(b, n)
}

// read reads what appendWord wrote.
func (v *vocabulary) read(b []byte) (w *word, rest []byte) {
	n, k := binary.Uvarint(b)
	b = b[k:]
	if n > 0 {
		return v.words[n-1], b
	}
	size, k := binary.Uvarint(b)
	b = b[k:]
	return newWord(string(b[:size])), b[size:]
}
