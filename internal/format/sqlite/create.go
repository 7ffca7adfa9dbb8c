package sqlite

import (
	"errors"
	"fmt"
	"strings"
)

// maxColumns is the most columns that SQLite can be built for.
const maxColumns = 32767

// A declaration is what a CREATE TABLE statement says
// (https://sqlite.org/lang_createtable.html).
type declaration struct {
	columns      []Column
	key          []keyColumn // of the primary key
	alias        int         // of the rowid; -1: none
	withoutRowid bool
	strict       bool
	virtual      bool
}

// A keyColumn is a column in PRIMARY KEY (…).
type keyColumn struct {
	name      string
	collation string // empty: that of the column
}

// A createParser reads one CREATE TABLE statement. It looks one token ahead.
type createParser struct {
	lex     lexer
	tok     token
	prev    token // the one before tok
	decl    declaration
	ofTable bool // the primary key is a constraint of the table
}

var errCreate = errors.New("not a CREATE TABLE statement")

// parseCreate reads the text that the schema keeps of a table.
func parseCreate(sql string) (*declaration, error) {
	p := &createParser{lex: lexer{src: sql}, decl: declaration{alias: -1}}
	p.advance()
	if !p.accept("CREATE") {
		return nil, errCreate
	}
	if p.accept("VIRTUAL") {
		p.decl.virtual = true
		return &p.decl, nil
	}
	if err := p.head(); err != nil {
		return nil, err
	}
	if err := p.body(); err != nil {
		return nil, err
	}
	p.options()
	p.finish()
	return &p.decl, nil
}

func (p *createParser) advance() { p.prev, p.tok = p.tok, p.lex.next() }

// accept goes past a keyword if it comes next.
func (p *createParser) accept(keyword string) bool {
	if !p.tok.is(keyword) {
		return false
	}
	p.advance()
	return true
}

// head reads up to the opening parenthesis of the columns.
func (p *createParser) head() error {
	_ = p.accept("TEMP") || p.accept("TEMPORARY")
	if !p.accept("TABLE") {
		return errCreate
	}
	if p.accept("IF") {
		_ = p.accept("NOT") && p.accept("EXISTS")
	}
	if !p.tok.name() {
		return errCreate
	}
	p.advance()
	if p.tok.punct(".") {
		p.advance()
		p.advance()
	}
	if !p.tok.punct("(") {
		return fmt.Errorf("%w with columns", errCreate)
	}
	p.advance()
	return nil
}

// body reads columns, then table constraints, up to the closing parenthesis.
func (p *createParser) body() error {
	for !p.constraintAhead() {
		if err := p.column(); err != nil {
			return err
		}
		if p.tok.punct(")") {
			p.advance()
			return nil
		}
		if !p.tok.punct(",") {
			return errors.New("CREATE TABLE ends within its columns")
		}
		p.advance()
	}
	return p.tableConstraints()
}

// constraintAhead reports whether a table constraint comes next. These words
// are reserved: no column has one as its name without quotes.
func (p *createParser) constraintAhead() bool {
	for _, w := range [...]string{"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"} {
		if p.tok.is(w) {
			return true
		}
	}
	return false
}

// tableConstraints looks for the primary key among the table constraints. The
// commas between them are optional, so it does not rely on them.
func (p *createParser) tableConstraints() error {
	for !p.tok.punct(")") {
		switch {
		case p.tok.kind == tokEnd:
			return errors.New("CREATE TABLE ends within its constraints")
		case p.accept("CONSTRAINT"):
			p.advance() // its name, which may be any word
		case p.accept("PRIMARY"):
			p.accept("KEY")
			p.tableKey()
		case p.tok.punct("("):
			p.parenthesis()
		default:
			p.advance()
		}
	}
	p.advance()
	return nil
}

// tableKey reads the columns of PRIMARY KEY (…). SQLite accepts one only.
func (p *createParser) tableKey() {
	if !p.tok.punct("(") {
		return
	}
	p.advance()
	var key []keyColumn
	for p.tok.kind != tokEnd && !p.tok.punct(")") {
		k := keyColumn{name: p.tok.text}
		for p.tok.kind != tokEnd && !p.tok.punct(")") && !p.tok.punct(",") {
			p.keyTerm(&k)
		}
		key = append(key, k)
		if p.tok.punct(",") {
			p.advance()
		}
	}
	p.advance()
	if len(p.decl.key) == 0 {
		p.decl.key, p.ofTable = key, true
	}
}

// keyTerm reads the next piece of one column of PRIMARY KEY (…).
func (p *createParser) keyTerm(k *keyColumn) {
	switch {
	case p.tok.punct("("):
		p.parenthesis()
	case p.accept("COLLATE"):
		k.collation = p.tok.text
		p.advance()
	default:
		p.advance()
	}
}

// parenthesis goes past a balanced pair and returns what is between it.
func (p *createParser) parenthesis() string {
	depth, start := 0, p.tok.end
	for p.tok.kind != tokEnd {
		switch {
		case p.tok.punct("("):
			depth++
		case p.tok.punct(")"):
			depth--
		}
		end := p.tok.start
		p.advance()
		if depth == 0 {
			return p.lex.src[start:end]
		}
	}
	return p.lex.src[min(start, len(p.lex.src)):]
}

// options reads what follows the closing parenthesis.
func (p *createParser) options() {
	for p.tok.kind != tokEnd {
		switch {
		case p.accept("WITHOUT"):
			p.decl.withoutRowid = p.tok.is("ROWID")
		case p.tok.is("STRICT"):
			p.decl.strict = true
		}
		p.advance()
	}
}

// finish settles what depends on the whole statement.
func (p *createParser) finish() {
	d := &p.decl
	names := make(map[string]int, len(d.columns))
	for i := range d.columns {
		c := &d.columns[i]
		names[lower(c.Name)] = i
		c.Affinity = affinityOf(c.Decl, d.strict)
		c.Default, c.HasDefault = constant(c.DefaultSQL, c.Affinity)
	}
	for _, k := range d.key {
		if i, ok := names[lower(k.name)]; ok {
			d.columns[i].PrimaryKey = true
			p.tableAlias(i)
		}
	}
	if d.withoutRowid {
		d.alias = -1
	}
}

// tableAlias makes PRIMARY KEY (column) of an INTEGER column the alias of the
// rowid, whatever order it asks for
// (https://sqlite.org/lang_createtable.html#rowids_and_the_integer_primary_key).
func (p *createParser) tableAlias(column int) {
	if p.ofTable && len(p.decl.key) == 1 && strings.EqualFold(p.decl.columns[column].Decl, "INTEGER") {
		p.decl.alias = column
	}
}
