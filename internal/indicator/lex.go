package indicator

import "strings"

// space skips white space.
func (p *parser) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n\v\f", p.s[p.i]) >= 0 {
		p.i++
	}
}

// byte takes c, and the space behind it, if it comes next.
func (p *parser) byte(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		p.space()
		return true
	}
	return false
}

// word takes the keyword w, in any case, if it comes next.
func (p *parser) word(w string) bool {
	end := p.i + len(w)
	if end > len(p.s) || !strings.EqualFold(p.s[p.i:end], w) {
		return false
	}
	if end < len(p.s) && nameByte(p.s[end]) {
		return false
	}
	p.i = end
	p.space()
	return true
}

func nameByte(c byte) bool {
	return c == '_' || c == '-' || c-'0' < 10 || c|0x20-'a' < 26 || c >= 0x80
}

// name reads a bare name, "" if there is none.
func (p *parser) name() string {
	start := p.i
	for p.i < len(p.s) && nameByte(p.s[p.i]) {
		p.i++
	}
	return p.s[start:p.i]
}

// objectPath reads "file:hashes.'SHA-256'": the object's type, and the path
// with its parts joined by dots, without quotes. Numbers in brackets stay.
func (p *parser) objectPath() (object, path string, err error) {
	if object = p.name(); object == "" || p.i >= len(p.s) || p.s[p.i] != ':' {
		return "", "", p.fail("object-type:property")
	}
	p.i++
	for {
		part, err := p.pathPart()
		if err != nil {
			return "", "", err
		}
		if path == "" {
			path = part
		} else {
			path += "." + part
		}
		if len(path) > maxPath {
			return "", "", p.fail("a shorter path")
		}
		if p.i >= len(p.s) || p.s[p.i] != '.' {
			p.space()
			return object, path, nil
		}
		p.i++
	}
}

// maxPath bounds an object path: joining its parts is quadratic.
const maxPath = 1024

// pathPart reads a name, quoted or not, and the index behind it.
func (p *parser) pathPart() (string, error) {
	var part string
	if p.i < len(p.s) && (p.s[p.i] == '\'' || p.s[p.i] == '"') {
		var err error
		if part, err = p.quoted(); err != nil {
			return "", err
		}
	} else {
		part = p.name()
	}
	if part == "" {
		return "", p.fail("a property")
	}
	if p.i < len(p.s) && p.s[p.i] == '[' {
		end := strings.IndexByte(p.s[p.i:], ']')
		if end < 0 {
			return "", p.fail("]")
		}
		part += p.s[p.i : p.i+end+1]
		p.i += end + 1
	}
	return part, nil
}

// literal reads a constant: a string, a number, a word, or a typed one such
// as t'2021-07-18T00:00:00Z'. It returns its text.
func (p *parser) literal() (string, error) {
	if p.i+1 < len(p.s) && p.s[p.i+1] == '\'' && strings.IndexByte("tbh", p.s[p.i]) >= 0 {
		p.i++
	}
	if p.i < len(p.s) && (p.s[p.i] == '\'' || p.s[p.i] == '"') {
		v, err := p.quoted()
		p.space()
		return v, err
	}
	start := p.i
	for p.i < len(p.s) && (nameByte(p.s[p.i]) || p.s[p.i] == '.' || p.s[p.i] == '+') {
		p.i++
	}
	v := p.s[start:p.i]
	if v == "" {
		return "", p.fail("a value")
	}
	p.space()
	return v, nil
}

// quoted reads a string up to the quotation mark that it began with. A
// backslash makes a quotation mark or a backslash plain; before any other
// character it is one itself.
func (p *parser) quoted() (string, error) {
	quote := p.s[p.i]
	start := p.i + 1
	for i := start; i < len(p.s); i++ {
		switch p.s[i] {
		case quote:
			p.i = i + 1
			return p.s[start:i], nil
		case '\\':
			return p.escaped(start, i, quote)
		}
	}
	return "", p.fail("a string that ends")
}

// escaped goes on with the string from its first backslash, at i.
func (p *parser) escaped(start, i int, quote byte) (string, error) {
	var b strings.Builder
	b.WriteString(p.s[start:i])
	for ; i < len(p.s); i++ {
		c := p.s[i]
		if c == quote {
			p.i = i + 1
			return b.String(), nil
		}
		if c == '\\' && i+1 < len(p.s) && strings.IndexByte(`\'"`, p.s[i+1]) >= 0 {
			i++
			c = p.s[i]
		}
		b.WriteByte(c)
	}
	return "", p.fail("a string that ends")
}
