package proof

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Extra is what a proof carries beside hashes: the entry, so that it can be
// read, and its opening where whoever made the proof chose to tell.
type Extra struct {
	Entry   string   `json:"entry"` // the bytes of the leaf
	Opening *Opening `json:"opening,omitempty"`
}

// ParseExtra reads an Extra as encoding/json writes it, and nothing else: no
// space between its parts, no name but these, in this order. So a name that was
// changed cannot hide an opening. It does without encoding/json, which would be
// a sixth of what a browser has to fetch.
func ParseExtra(text string) (x Extra, err error) {
	r := reader{text}
	r.take(`{"entry":`)
	x.Entry = r.str()
	if strings.HasPrefix(r.rest, ",") {
		r.take(`,"opening":{"salt":`)
		salt, berr := base64.StdEncoding.Strict().DecodeString(r.str())
		r.take(`,"detail":`)
		x.Opening = &Opening{Salt: salt, Detail: r.str()}
		r.take("}")
		err = berr
	}
	r.take("}")
	if err != nil || r.rest != "" {
		return Extra{}, fmt.Errorf("%w: not an entry with its opening", ErrMalformed)
	}
	return x, nil
}

// reader takes a text apart. After what does not fit, rest is what fits nothing.
type reader struct{ rest string }

// unfit is what rest holds once something did not fit: no part begins so.
const unfit = "\x00"

func (r *reader) take(s string) {
	var ok bool
	if r.rest, ok = strings.CutPrefix(r.rest, s); !ok {
		r.rest = unfit
	}
}

// escapes are those of JSON that stand for one byte.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// str reads a string of JSON.
func (r *reader) str() string {
	if !strings.HasPrefix(r.rest, `"`) {
		r.rest = unfit
		return ""
	}
	var b strings.Builder
	for i := 1; i < len(r.rest); {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return b.String()
		case c < ' ':
			r.rest = unfit
			return ""
		case c == '\\':
			char, n := unescape(r.rest[i:])
			if n == 0 {
				r.rest = unfit
				return ""
			}
			b.WriteString(char)
			i += n
		default:
			char, n := utf8.DecodeRuneInString(r.rest[i:])
			if char == utf8.RuneError && n == 1 {
				r.rest = unfit // no text
				return ""
			}
			b.WriteString(r.rest[i : i+n])
			i += n
		}
	}
	r.rest = unfit
	return ""
}

// unescape reads the escape that s begins with and returns its length, 0 where
// it is none.
func unescape(s string) (char string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	if c, ok := escapes[s[1]]; ok {
		return string(rune(c)), 2
	}
	high, ok := unit(s)
	if !ok {
		return "", 0
	}
	if !utf16.IsSurrogate(high) {
		return string(high), 6
	}
	low, ok := unit(s[6:])
	if pair := utf16.DecodeRune(high, low); ok && pair != utf8.RuneError {
		return string(pair), 12
	}
	return "", 0
}

// unit reads \uXXXX.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
