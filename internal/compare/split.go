package compare

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errRecord = errors.New("it is no record")

// split takes a line of a records file apart. What a record says is compared
// byte by byte, so its values are only delimited, not decoded: that is most of
// the time of a comparison of a million records.
func split(line []byte) (*record, error) {
	r := &record{}
	rest, ok := bytes.CutPrefix(line, []byte("{"))
	for ok {
		var name, value []byte
		if name, value, rest, ok = member(rest); !ok {
			break
		}
		if err := r.take(string(name), value); err != nil {
			return nil, err
		}
		switch {
		case len(rest) == 1 && rest[0] == '}' && r.Data != nil:
			return r, nil
		case len(rest) > 1 && rest[0] == ',':
			rest = rest[1:]
		default:
			ok = false
		}
	}
	// Written by other hands, or damaged: the library says what is wrong.
	r = &record{}
	if err := json.Unmarshal(line, r); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(r.Data, []byte("{")) {
		return nil, errRecord
	}
	return r, nil
}

func (r *record) take(name string, value []byte) error {
	switch name {
	case "kind":
		return json.Unmarshal(value, &r.Kind)
	case "times":
		r.Times = value
	case "data":
		if value[0] != '{' {
			return errRecord
		}
		r.Data = value
	case "truncated":
		r.Truncated = string(value) == "true"
	case "provenance":
		return json.Unmarshal(value, &r.Where)
	}
	return nil
}

// member cuts `"name":value` off the front of b.
func member(b []byte) (name, value, rest []byte, ok bool) {
	n := skipValue(b)
	if n < 2 || b[0] != '"' || n == len(b) || b[n] != ':' {
		return nil, nil, nil, false
	}
	name, b = b[1:n-1], b[n+1:]
	n = skipValue(b)
	return name, b[:n], b[n:], n > 0
}

// skipValue returns how many bytes the value at the front of b has, 0 where
// there is none. It counts brackets outside of texts, without recursion.
func skipValue(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i = endOfText(b, i); i < 0 {
				return 0
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return 0
}

// endOfText returns where the text that begins at i ends, -1 where it does not.
func endOfText(b []byte, i int) int {
	for i++; i < len(b); i++ {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return -1
		}
		i += q
		slashes := 0
		for b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
	return -1
}
