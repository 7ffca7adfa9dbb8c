// Package postgrestest makes databases for tests at a real PostgreSQL server.
// scripts/with-postgres starts one and names it.
//
// Start with Database.
package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Variable names the URL of a server at which tests may make databases.
const Variable = "AMPARO_TEST_POSTGRES"

// Server returns that URL. Without one the test is skipped.
func Server(tb testing.TB) string {
	tb.Helper()
	at := os.Getenv(Variable)
	if at == "" {
		tb.Skip(Variable + " names no PostgreSQL server: scripts/with-postgres starts one")
	}
	return at
}

// Database makes an empty database, which goes with the test and all
// connections to it, and returns its URL.
func Database(tb testing.TB) string {
	tb.Helper()
	at := Server(tb)
	u, err := url.Parse(at)
	if err != nil {
		tb.Fatal(err)
	}
	admin, err := sql.Open("pgx", at)
	if err != nil {
		tb.Fatal(err)
	}
	name := "amparo_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_, err := admin.ExecContext(context.WithoutCancel(tb.Context()), "DROP DATABASE "+name+" WITH (FORCE)")
		if err := errors.Join(err, admin.Close()); err != nil {
			tb.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}
