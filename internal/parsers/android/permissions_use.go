package android

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// lastUses tells when apps last used each operation, by the section of appops
// of the same report.
type lastUses struct {
	asked bool
	at    map[useKey]string // by the phone's clock
}

type useKey struct{ pkg, user, op string }

// maxUses bounds the section that is read for it; those of real phones have some megabytes.
const maxUses = 32 * limit.MiB

// last returns the time of the last use, "" where there is none. A section
// that cannot be read is told once.
func (u *lastUses) last(s *section, of *grantOf, op string) (string, error) {
	if op == "" {
		return "", nil
	}
	if !u.asked {
		u.asked = true
		data, err := s.companion(base(s.In.Path)+"dumpsys/appops", maxUses)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			if err := s.Problem(fmt.Errorf("the last uses: %w", err)); err != nil {
				return "", err
			}
		default:
			u.read(data)
		}
	}
	at := u.at[useKey{of.pkg, of.user, op}]
	for _, name := range of.packages {
		at = max(at, u.at[useKey{name, of.user, op}])
	}
	return at, nil
}

// read takes the accesses in a section of appops.
func (u *lastUses) read(data []byte) {
	u.at = map[useKey]string{}
	var key useKey
	for raw := range bytes.Lines(data) {
		line := string(bytes.TrimSpace(raw))
		switch {
		case strings.HasPrefix(line, "Uid ") && strings.HasSuffix(line, ":"):
			key = useKey{user: userOfUID(strings.TrimSuffix(line[4:], ":"))}
		case strings.HasPrefix(line, "Package ") && strings.HasSuffix(line, ":"):
			key.pkg, key.op = strings.TrimSuffix(line[len("Package "):], ":"), ""
		case strings.HasPrefix(line, "Access: ") && key.op != "":
			_, at, _ := strings.Cut(line, "]")
			at, _, _ = strings.Cut(strings.TrimSpace(at), " (")
			if _, ok := parseWall(at); ok {
				u.at[key] = max(u.at[key], at)
			}
		case key.pkg != "" && isOperation(line):
			key.op, _, _ = strings.Cut(line, " (")
		}
	}
}

// userOfUID returns the user of the phone in a user id as dumps write it: 0 of
// u0a104, 11 of u11a99 and of 1110099.
func userOfUID(uid string) string {
	if rest, ok := strings.CutPrefix(uid, "u"); ok {
		return leadingNumber(rest)
	}
	if n := len(uid) - 5; n > 0 && leadingNumber(uid) == uid {
		return uid[:n]
	}
	return "0"
}
