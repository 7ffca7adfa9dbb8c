package apk

import (
	"strconv"
	"strings"
)

// resourceID returns the number in a reference like @0x7f010001.
func resourceID(s string) (uint32, bool) {
	hex, ok := strings.CutPrefix(s, "@0x")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	return uint32(n), err == nil
}

// maxReferences bounds how often a resource may lead to another.
const maxReferences = 8

// text returns the text of a resource, "" where there is none: first the one
// for any phone, else the first of any language.
func (a *APK) text(id uint32) (string, error) {
	if !a.Has(tableName) {
		return "", nil
	}
	data, err := a.Read(tableName, maxTable)
	if err != nil {
		return "", err
	}
	for range maxReferences {
		v, ok, texts, err := findResource(data, id)
		switch {
		case err != nil || !ok:
			return "", err
		case v.typ == typeText:
			return texts.at(v.data), nil
		case v.typ != typeReference:
			return "", nil
		}
		id = v.data
	}
	return "", nil
}

// A resource is a value in the table.
type resource struct {
	typ  byte
	data uint32
}

// findResource looks a number up: package, type and entry are its bytes.
func findResource(data []byte, id uint32) (v resource, ok bool, texts pool, err error) {
	table, err := nextChunk(data)
	if err != nil {
		return v, false, texts, err
	}
	rest := table.data[len(table.head):]
	for len(rest) >= chunkHeadSize {
		c, err := nextChunk(rest)
		if err != nil {
			return v, ok, texts, err
		}
		rest = rest[len(c.data):]
		switch {
		case c.typ == chunkPool && texts.count == 0:
			texts = readPool(c)
		case c.typ == chunkPackage && u32(c.head, 8)&0xff == id>>24:
			if found, exact := inPackage(c, id); found != nil {
				v, ok = *found, true
				if exact {
					return v, ok, texts, nil
				}
			}
		}
	}
	return v, ok, texts, nil
}

// inPackage returns the value of a resource in a package, nil where it has
// none, and whether it is the one for any phone.
func inPackage(pkg chunk, id uint32) (found *resource, exact bool) {
	rest := pkg.data[len(pkg.head):]
	for len(rest) >= chunkHeadSize {
		c, err := nextChunk(rest)
		if err != nil {
			return found, false
		}
		rest = rest[len(c.data):]
		if c.typ != chunkType || len(c.head) < 24 || uint32(c.head[8]) != id>>16&0xff {
			continue
		}
		v, ok := inType(c, int(id&0xffff))
		if !ok {
			continue
		}
		if anyPhone(c.head[20:]) {
			return &v, true
		}
		if found == nil {
			found = &v
		}
	}
	return found, false
}

// anyPhone reports whether a configuration asks for nothing: all behind its
// size is zero.
func anyPhone(config []byte) bool {
	for _, b := range config[4:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// Flags of a type and of an entry.
const (
	typeSparse   = 0x01
	typeOffset16 = 0x02
	entryComplex = 0x0001
	entryCompact = 0x0008
)

// inType returns the value of an entry.
func inType(c chunk, entry int) (v resource, ok bool) {
	count, start := int64(u32(c.head, 12)), int64(u32(c.head, 16))
	offset, ok := entryOffset(c.head[9], c.data[len(c.head):], entry, count)
	if !ok || start+offset+8 > int64(len(c.data)) {
		return v, false
	}
	e := c.data[start+offset:]
	flags := u16(e, 2)
	if flags&entryCompact != 0 {
		return resource{byte(flags >> 8), u32(e, 4)}, true
	}
	size := int(u16(e, 0))
	if flags&entryComplex != 0 || size+8 > len(e) {
		return v, false
	}
	return resource{e[size+3], u32(e, size+4)}, true
}

func entryOffset(flags byte, offsets []byte, entry int, count int64) (int64, bool) {
	switch {
	case flags&typeSparse != 0:
		for i := range min(count, int64(len(offsets)/4)) {
			if int(u16(offsets, int(4*i))) == entry {
				return 4 * int64(u16(offsets, int(4*i+2))), true
			}
		}
		return 0, false
	case int64(entry) >= count:
		return 0, false
	case flags&typeOffset16 != 0:
		if 2*entry+2 > len(offsets) || u16(offsets, 2*entry) == 0xffff {
			return 0, false
		}
		return 4 * int64(u16(offsets, 2*entry)), true
	default:
		if 4*entry+4 > len(offsets) || u32(offsets, 4*entry) == 0xffffffff {
			return 0, false
		}
		return int64(u32(offsets, 4*entry)), true
	}
}
