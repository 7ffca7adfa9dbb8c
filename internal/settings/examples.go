package settings

import "embed"

//go:embed examples/*.yaml
var examples embed.FS

// Example is a short file of that name, to begin with; "" where the name is that
// of none.
func Example(name string) string {
	data, err := examples.ReadFile("examples/" + name)
	if err != nil {
		return ""
	}
	return string(data)
}

// Known reports whether a file has that name.
func Known(name string) bool {
	return readers[name] != nil
}
