// Package parsers lists all parsers of all platforms.
package parsers

import (
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/android"
	"github.com/amparo-project/amparo/internal/parsers/ios"
)

// All returns every parser, in the order in which they are listed.
func All() []artifact.Parser { return slices.Concat(ios.All(), android.All()) }
