// Package fault tells an operator of an error without its text, which may quote
// evidence.
package fault

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// maxErrors bounds how many errors within one Kind looks at.
const maxErrors = 64

// Kind is what a log says of an error: the types of what is in it, the outermost
// first, without those that hold a text alone, and what PostgreSQL calls it.
func Kind(err error) slog.Attr {
	var types []string
	left := maxErrors
	var add func(err error)
	add = func(err error) {
		if left--; err == nil || left < 0 {
			return
		}
		name := fmt.Sprintf("%T", err)
		if s, ok := err.(interface{ SQLState() string }); ok {
			name += " " + s.SQLState()
		}
		if !slices.Contains(plain, name) && !slices.Contains(types, name) {
			types = append(types, name)
		}
		switch e := err.(type) { //nolint:errorlint // it walks through what wraps what
		case interface{ Unwrap() error }:
			add(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				add(err)
			}
		}
	}
	add(err)
	if len(types) == 0 {
		types = append(types, fmt.Sprintf("%T", err))
	}
	return slog.String("type", strings.Join(types, ", "))
}

var plain = []string{"*errors.errorString", "*errors.joinError", "*fmt.wrapError", "*fmt.wrapErrors"}
