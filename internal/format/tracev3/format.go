package tracev3

import (
	"strings"
)

// A format is a format string, taken apart once for all entries that use it.
type format struct {
	text  string
	ops   []op
	image *Image // whose string it is

	address bool // some argument is decoded as an address or a host
}

// An op is a piece of text, and the argument that follows it if there is one.
type op struct {
	text string
	spec *spec
}

// A spec says how an argument is written: "%{public,uuid_t}.16P".
type spec struct {
	verb      byte
	minus     bool
	plus      bool
	space     bool
	hash      bool
	zero      bool
	starWidth bool
	starPrec  bool
	width     int
	prec      int // -1 where there is none
	long      int // bytes that the length modifier gives an integer, 0 for its own
	decode    decoder
	mask      bool
	address   bool
}

// maxWidth bounds how far a value is padded: a format string is input too.
const maxWidth = 1024

// compile takes a format string apart.
func compile(text string, image *Image) *format {
	f := &format{text: text, image: image}
	var lit strings.Builder
	for rest := text; rest != ""; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			lit.WriteString(rest)
			break
		}
		lit.WriteString(rest[:i])
		rest = rest[i:]
		if strings.HasPrefix(rest, "%%") {
			lit.WriteByte('%')
			rest = rest[2:]
			continue
		}
		s, n := parseSpec(rest)
		if s == nil {
			lit.WriteString(rest[:n])
		} else {
			f.ops = append(f.ops, op{lit.String(), s})
			f.address = f.address || s.address
			lit.Reset()
		}
		rest = rest[n:]
	}
	if lit.Len() > 0 {
		f.ops = append(f.ops, op{lit.String(), nil})
	}
	return f
}

// parseSpec reads the specification at the start of s, and returns its length.
// It is nil where s holds none, and so stands for itself.
func parseSpec(s string) (*spec, int) {
	sp := &spec{prec: -1}
	i := 1
	if i < len(s) && s[i] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return nil, 1
		}
		sp.options(s[2:end])
		i = end + 1
	}
	i = sp.flags(s, i)
	i = sp.size(s, i)
	i = sp.length(s, i)
	if i >= len(s) {
		return nil, len(s)
	}
	if !strings.ContainsRune("@aAcCdDeEfFgGimnoOpPsSuUxX", rune(s[i])) {
		return nil, i
	}
	sp.verb = s[i]
	return sp, i + 1
}

// options reads what stands in braces. Privacy was decided when the entry was
// written, so only ways of decoding count.
func (sp *spec) options(s string) {
	for o := range strings.SplitSeq(s, ",") {
		o = strings.TrimSpace(o)
		if strings.HasPrefix(o, "mask.") {
			sp.mask = true
		}
		if d, ok := decoders[o]; ok && sp.decode == nil {
			sp.decode, sp.address = d, addressed[o]
		}
	}
}

// addressed are the ways of decoding that give an address or a host.
var addressed = map[string]bool{
	"in_addr": true, "network:in_addr": true, "in6_addr": true, "network:in6_addr": true, "sockaddr": true,
	"network:sockaddr": true, "mdnsresponder:domain_name": true, "mdnsresponder:ip_addr": true,
}

func (sp *spec) flags(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '-':
			sp.minus = true
		case '+':
			sp.plus = true
		case ' ':
			sp.space = true
		case '#':
			sp.hash = true
		case '0':
			sp.zero = true
		case '\'':
		default:
			return i
		}
	}
	return i
}

// size reads the width and the precision.
func (sp *spec) size(s string, i int) int {
	if i < len(s) && s[i] == '*' {
		sp.starWidth, i = true, i+1
	} else {
		sp.width, i = digits(s, i)
	}
	if i >= len(s) || s[i] != '.' {
		return i
	}
	if i++; i < len(s) && s[i] == '*' {
		sp.starPrec = true
		return i + 1
	}
	sp.prec, i = digits(s, i)
	return i
}

func digits(s string, i int) (n, next int) {
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if n < maxFormat {
			n = n*10 + int(s[i]-'0')
		}
	}
	return n, i
}

func (sp *spec) length(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case 'h':
			if sp.long == 2 {
				sp.long = 1
			} else {
				sp.long = 2
			}
		case 'l', 'q', 'j', 't', 'z', 'L':
			sp.long = 8
		default:
			return i
		}
	}
	return i
}
