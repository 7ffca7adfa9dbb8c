package sqlite

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// column reads one column with its type and constraints, up to the comma or
// parenthesis behind it.
func (p *createParser) column() error {
	if !p.tok.name() {
		return errors.New("CREATE TABLE has a column without a name")
	}
	if len(p.decl.columns) == maxColumns {
		return errors.New("CREATE TABLE has too many columns")
	}
	p.decl.columns = append(p.decl.columns, Column{Name: p.tok.text})
	c := &p.decl.columns[len(p.decl.columns)-1]
	p.advance()
	c.Decl = p.declaredType()
	for p.tok.kind != tokEnd && !p.tok.punct(",") && !p.tok.punct(")") {
		p.columnConstraint(c)
	}
	return nil
}

// declaredType reads the words of a type, and its numbers in parentheses.
func (p *createParser) declaredType() string {
	start := p.tok.start
	if !p.typeWord() {
		return ""
	}
	for p.typeWord() {
		p.advance()
	}
	if p.tok.punct("(") {
		p.parenthesis()
	}
	decl := p.lex.src[start:p.prev.end]
	if strings.IndexByte("'\"`[", decl[0]) >= 0 {
		return (&lexer{src: decl}).next().text
	}
	return decl
}

// typeWord reports whether the next token belongs to the type: any name but a
// word that starts a constraint.
func (p *createParser) typeWord() bool {
	if p.tok.kind != tokWord {
		return p.tok.name()
	}
	switch strings.ToUpper(p.tok.text) {
	case "CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT",
		"COLLATE", "REFERENCES", "AS", "ON", "DEFERRABLE", "GENERATED":
		return false
	}
	return true
}

// columnConstraint reads one constraint of c. What it does not know it skips.
func (p *createParser) columnConstraint(c *Column) {
	word := p.tok
	p.advance()
	switch {
	case word.is("CONSTRAINT"), word.is("SET"):
		p.advance() // a name; or what ON DELETE sets, which is no default
	case word.is("PRIMARY"):
		p.columnKey(c)
	case word.is("NOT"):
		if p.accept("NULL") {
			c.NotNull = true
		}
	case word.is("DEFAULT"):
		p.defaultValue(c)
	case word.is("COLLATE"):
		c.Collation = p.tok.text
		p.advance()
	case word.is("AS"):
		p.generated(c)
	case p.tok.punct("(") && !word.punct("("):
		p.parenthesis() // of CHECK, REFERENCES and what may come
	case word.punct("("):
		p.closeParenthesis()
	}
}

// closeParenthesis goes past the end of a parenthesis whose start was read.
func (p *createParser) closeParenthesis() {
	for p.tok.kind != tokEnd && !p.tok.punct(")") {
		if p.tok.punct("(") {
			p.parenthesis()
			continue
		}
		p.advance()
	}
	p.advance()
}

// columnKey reads PRIMARY KEY of one column. A quirk that is documented: with
// DESC an INTEGER column does not become the rowid.
func (p *createParser) columnKey(c *Column) {
	p.accept("KEY")
	if len(p.decl.key) > 0 {
		return
	}
	p.decl.key = []keyColumn{{name: c.Name}}
	if strings.EqualFold(c.Decl, "INTEGER") && !p.tok.is("DESC") {
		p.decl.alias = len(p.decl.columns) - 1
	}
}

func (p *createParser) generated(c *Column) {
	c.Generated = GeneratedVirtual
	if p.tok.punct("(") {
		p.parenthesis()
	}
	if p.accept("STORED") {
		c.Generated = GeneratedStored
	}
	p.accept("VIRTUAL")
}

// defaultValue reads DEFAULT: a literal with a sign or without, a word, or an
// expression in parentheses.
func (p *createParser) defaultValue(c *Column) {
	start := p.tok.start
	if p.tok.punct("(") {
		c.DefaultSQL = p.parenthesis()
	} else {
		for p.tok.punct("+") || p.tok.punct("-") {
			p.advance()
		}
		p.advance()
		c.DefaultSQL = p.lex.src[start:p.prev.end]
	}
}

// constant evaluates an expression if it is a literal, as the default of a
// column that was added to rows already there always is.
func constant(expr string, affinity Affinity) (Value, bool) {
	if expr == "" {
		return Value{}, false
	}
	l := &lexer{src: expr}
	negative, parens := false, 0
	t := l.next()
	for ; t.punct("+") || t.punct("-") || t.punct("("); t = l.next() {
		if t.punct("-") {
			negative = !negative
		}
		if t.punct("(") {
			parens++
		}
	}
	v, ok := literal(t, negative, affinity)
	for end := l.next(); ok && end.kind != tokEnd; end = l.next() {
		if parens--; !end.punct(")") || parens < 0 {
			return Value{}, false
		}
	}
	return v, ok
}

// literal returns the value of one token.
func literal(t token, negative bool, affinity Affinity) (Value, bool) {
	switch t.kind {
	case tokNumber:
		return numberLiteral(t.text, negative, affinity)
	case tokString, tokQuoted:
		return affinity.convert(textValue(t.text)), !negative
	case tokBlob:
		b, err := hex.DecodeString(t.text)
		return Value{kind: Blob, data: b}, err == nil && !negative
	case tokWord:
		v, ok := wordLiteral(t, negative)
		return affinity.convert(v), ok
	}
	return Value{}, false
}

// wordLiteral returns the value of a word: a plain one stands for its own text.
func wordLiteral(t token, negative bool) (Value, bool) {
	switch strings.ToUpper(t.text) {
	case "NULL":
		return Value{}, true
	case "TRUE":
		return intValue(1), !negative
	case "FALSE":
		return intValue(0), true
	case "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP", "CASE", "CAST":
		return Value{}, false
	}
	return textValue(t.text), !negative
}

// numberLiteral reads an integer in decimal or hexadecimal, or a number with
// a point or exponent. What int64 does not hold goes through the affinity as
// it is written: 1.50 in a TEXT column stays "1.50".
func numberLiteral(s string, negative bool, affinity Affinity) (Value, bool) {
	s = strings.ReplaceAll(s, "_", "")
	if len(s) > 2 && s[1]|0x20 == 'x' {
		n, err := strconv.ParseUint(s[2:], 16, 64)
		v := int64(n) // SQLite reads the 64 bits as two's complement
		if negative {
			v = -v
		}
		return affinity.convert(intValue(v)), err == nil
	}
	if negative {
		s = "-" + s
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return affinity.convert(intValue(n)), true
	}
	if affinity != AffinityBlob {
		return affinity.convert(textValue(s)), true
	}
	f, err := strconv.ParseFloat(s, 64)
	return floatValue(f), err == nil
}
