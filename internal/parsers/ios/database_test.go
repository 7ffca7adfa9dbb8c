package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// databaseSample is a database that an SQL script makes.
func databaseSample(tb testing.TB, name, path, script string) artifacttest.Sample {
	tb.Helper()
	return artifacttest.Sample{
		Name: name, Path: path, Files: map[string][]byte{path: artifacttest.SQLite(tb, script)},
	}
}

func withBadValues(s artifacttest.Sample) artifacttest.Sample {
	s.BadValues = true
	return s
}
