package android

import (
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/android"
	"github.com/amparo-project/amparo/internal/limit"
)

// errNoName says that an entry of a list names nothing.
var errNoName = fmt.Errorf("%w: an entry without a name", limit.ErrCorrupt)

// errUnknownForm says that a file is not what its name promises.
var errUnknownForm = fmt.Errorf("%w: not in a form that is known", limit.ErrUnsupported)

// testKey names the test key that a certificate is of, "debug" for the one
// that a developer's machine makes for itself, "" for all others.
func testKey(sha256, subject string) string {
	if name := android.TestKey(sha256); name != "" {
		return name
	}
	if strings.Contains(subject, "CN=Android Debug") {
		return "debug"
	}
	return ""
}
