package limit

import "errors"

// A Place is an error in a file of settings, with the way to what is wrong: keys
// of mappings, and of items of lists the number, from 0 on, or the id.
type Place struct {
	Way []any // string or int
	Err error
}

// At says where in a file of settings an error is. The text stays as it is; an
// error that has a place has it below this one.
func At(err error, way ...any) error {
	if err == nil {
		return nil
	}
	return &Place{way, err}
}

// Error implements error.
func (p *Place) Error() string { return p.Err.Error() }

// Unwrap returns what is wrong there.
func (p *Place) Unwrap() error { return p.Err }

// WayOf is the whole way to what is wrong; ok is false where nobody said a place.
func WayOf(err error) (way []any, ok bool) {
	for p := new(Place); errors.As(err, &p); err = p.Err {
		way, ok = append(way, p.Way...), true
	}
	return way, ok
}

// A Reason is an error in a file of settings that is said in the words of a
// language, by an id and values: name, value, name, value.
type Reason struct {
	ID     string
	Values []any
	Err    error // what it says in English
}

// Because gives an error the id of its words. The text stays as it is.
func Because(err error, id string, values ...any) error {
	if err == nil {
		return nil
	}
	return &Reason{id, values, err}
}

// Error implements error.
func (r *Reason) Error() string { return r.Err.Error() }

// Unwrap returns what is wrong.
func (r *Reason) Unwrap() error { return r.Err }
