package limit

// A Place is an error in a file of settings, with the way to what is wrong: keys
// of mappings, and of items of lists the number, from 0 on, or the id.
type Place struct {
	Way []any // string or int
	Err error
}

// At says where in a file of settings an error is. The text stays as it is.
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
