package sqlite

import "strings"

// tokenKind is the kind of a token of SQL.
type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // keyword or plain identifier
	tokQuoted           // identifier in double quotes, backquotes or brackets
	tokString           // in single quotes
	tokBlob             // x'…'; text is what stands between the quotes
	tokNumber
	tokPunct
)

// A token is a piece of SQL text.
type token struct {
	kind       tokenKind
	text       string // without quotes
	start, end int    // in the source
}

// is reports whether the token is that keyword, given in capitals.
func (t token) is(keyword string) bool {
	return t.kind == tokWord && strings.EqualFold(t.text, keyword)
}

// punct reports whether the token is that one character.
func (t token) punct(c string) bool { return t.kind == tokPunct && t.text == c }

// name reports whether the token can name something.
func (t token) name() bool {
	return t.kind == tokWord || t.kind == tokQuoted || t.kind == tokString
}

// A lexer cuts SQL text into tokens (https://sqlite.org/lang.html, and
// tokenize.c for what the pages leave out).
type lexer struct {
	src string
	pos int
}

// next returns the next token: tokEnd at the end, as often as asked.
func (l *lexer) next() token {
	l.space()
	start := l.pos
	if start >= len(l.src) {
		return token{tokEnd, "", start, start}
	}
	kind, text := l.scan()
	return token{kind, text, start, l.pos}
}

func (l *lexer) scan() (tokenKind, string) {
	c := l.src[l.pos]
	switch {
	case c == '\'':
		return tokString, l.quoted('\'')
	case c == '"' || c == '`':
		return tokQuoted, l.quoted(c)
	case c == '[':
		return tokQuoted, l.bracketed()
	case (c == 'x' || c == 'X') && l.at(1) == '\'':
		l.pos++
		return tokBlob, l.quoted('\'')
	case digit(c) || c == '.' && digit(l.at(1)):
		return tokNumber, l.number()
	case wordByte(c):
		return tokWord, l.while(wordByte)
	}
	l.pos++
	return tokPunct, l.src[l.pos-1 : l.pos]
}

// at returns the byte n places on, 0 past the end.
func (l *lexer) at(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

// space skips white space and comments. A comment that is not closed ends with the text.
func (l *lexer) space() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			l.pos++
		case c == '-' && l.at(1) == '-':
			l.skipTo("\n", 2)
		case c == '/' && l.at(1) == '*':
			l.skipTo("*/", 2)
		default:
			return
		}
	}
}

// skipTo goes behind the next mark, from skip bytes on.
func (l *lexer) skipTo(mark string, skip int) {
	from := l.pos + skip
	if i := strings.Index(l.src[from:], mark); i >= 0 {
		l.pos = from + i + len(mark)
		return
	}
	l.pos = len(l.src)
}

// quoted reads a text in quotes; a doubled quote stands for one.
func (l *lexer) quoted(q byte) string {
	l.pos++
	var b strings.Builder
	for l.pos < len(l.src) {
		i := strings.IndexByte(l.src[l.pos:], q)
		if i < 0 {
			break
		}
		b.WriteString(l.src[l.pos : l.pos+i])
		l.pos += i + 1
		if l.at(0) != q {
			return b.String()
		}
		b.WriteByte(q)
		l.pos++
	}
	b.WriteString(l.src[l.pos:])
	l.pos = len(l.src)
	return b.String()
}

func (l *lexer) bracketed() string {
	start := l.pos + 1
	l.skipTo("]", 1)
	return strings.TrimSuffix(l.src[start:l.pos], "]")
}

// number reads a number with all that may follow its first digit.
func (l *lexer) number() string {
	start := l.pos
	hex := l.src[start] == '0' && l.at(1)|0x20 == 'x'
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		exponent := !hex && (c == '+' || c == '-') && l.pos > start && l.src[l.pos-1]|0x20 == 'e'
		if !wordByte(c) && c != '.' && !exponent {
			break
		}
		l.pos++
	}
	return l.src[start:l.pos]
}

func (l *lexer) while(ok func(byte) bool) string {
	start := l.pos
	for l.pos < len(l.src) && ok(l.src[l.pos]) {
		l.pos++
	}
	return l.src[start:l.pos]
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// wordByte reports whether c may be in an identifier without quotes.
func wordByte(c byte) bool {
	return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '$' || c >= 0x80
}
