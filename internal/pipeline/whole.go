package pipeline

import (
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
)

// A whole is the file that a section lies in. Parsers count from the beginning
// of the section; what a person checks is the file.
type whole struct {
	part          string // the section's logical path
	path, section string
	offset        int64
}

// wholeOf returns the whole of an opened file; the zero value is that of a file
// which is no part of another.
func (c *check) wholeOf(path string) whole {
	o := c.files.opened(path)
	if o == nil {
		return whole{}
	}
	p, ok := o.file.(evidence.Part)
	if !ok {
		return whole{}
	}
	w := whole{part: path}
	w.path, w.section, w.offset = p.Whole()
	return w
}

// place makes a place in the section one in the file.
func (w *whole) place(l *artifact.Location) {
	if w.part == "" || l.Path != w.part {
		return
	}
	l.Path, l.Offset = w.path, l.Offset+w.offset
	if l.Table == "" {
		l.Table = w.section
	} else {
		l.Table = w.section + ": " + l.Table
	}
}
