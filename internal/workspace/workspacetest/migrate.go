package workspacetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// schemas are workspaces as each released version of the schema held them.
//
//go:embed testdata/schema*.json
var schemas embed.FS

// released is the SHA-256 of each migration that people have run: those never
// change again.
var released = map[string]string{
	"sqlite3/00001_start.sql":        "05ce52bcb4b4afd9b55fb65be58db2615b2a4ebe82297f81976705665dc05106",
	"sqlite3/00002_observables.sql":  "b8a378db03add5194ea207e5bcfc581d4ceb942508a847ca57f2cfb3a9aa24a1",
	"postgres/00001_start.sql":       "185f4ed42431fa5646b62c1ea160acdce0f4763f22d250e7f5895a7efcf954cf",
	"postgres/00002_observables.sql": "4e2edd3993414c359b5222166da7a9f12e44301f5ab40e999e4d6cb829281ffa",
}

// old is a workspace of an old schema: its rows, and who may open it.
type old struct {
	Schema     int64
	Passphrase string
	Identity   []byte
	Tables     []struct {
		Name    string
		Columns []string
		Rows    [][]any
	}
}

// Migrations brings a workspace of each released schema up to date. connect
// opens a new database that holds nothing yet; kept says whether a copy from
// before the change is there, which holds the version that it had.
func Migrations(t *testing.T, connect func(t *testing.T) *workspace.DB, kept func(t *testing.T, db *workspace.DB, version int64)) {
	t.Helper()
	names, err := fs.Glob(schemas, "testdata/*.json")
	ok(t, err)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			t.Parallel()
			var o old
			data, err := schemas.ReadFile(name)
			ok(t, err)
			dec := json.NewDecoder(bytes.NewReader(data))
			dec.UseNumber()
			ok(t, dec.Decode(&o))
			db := connect(t)
			t.Cleanup(func() { _ = db.Close() })
			o.write(t, db)
			ok(t, workspace.Migrate(t.Context(), db))
			kept(t, db, o.Schema)
			o.holds(t, db)
			ok(t, workspace.Migrate(t.Context(), db)) // nothing is left to do
		})
	}
}

// write makes the tables as they were, and fills them.
func (o *old) write(t *testing.T, db *workspace.DB) {
	t.Helper()
	for name, want := range released {
		if dialect, file, _ := strings.Cut(name, "/"); dialect == db.Dialect {
			text, err := fs.ReadFile(db.Migrations, file)
			ok(t, err)
			if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
				t.Errorf("%s: a migration that was released has changed", name)
			}
		}
	}
	p, err := goose.NewProvider(database.Dialect(db.Dialect), db.Pool, db.Migrations)
	ok(t, err)
	_, err = p.UpTo(t.Context(), o.Schema)
	ok(t, err)
	_, err = db.Pool.ExecContext(t.Context(), "DELETE FROM ledger_head")
	ok(t, err)
	for _, table := range o.Tables {
		for _, row := range table.Rows {
			args, marks := make([]any, len(row)), make([]string, len(row))
			for i, v := range row {
				args[i], marks[i] = value(t, v), fmt.Sprintf("$%d", i+1)
			}
			_, err := db.Pool.ExecContext(t.Context(), "INSERT INTO "+table.Name+" ("+strings.Join(table.Columns, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
			ok(t, err)
		}
	}
}

func value(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		ok(t, err)
		return n
	case map[string]any:
		b, err := base64.StdEncoding.DecodeString(v["base64"].(string))
		ok(t, err)
		return b
	}
	return v
}

// holds checks that all of the old workspace is there, and can be gone on with.
func (o *old) holds(t *testing.T, db *workspace.DB) {
	t.Helper()
	ctx := t.Context()
	name := filepath.Join(t.TempDir(), "identity.age")
	ok(t, os.WriteFile(name, o.Identity, 0o600))
	id, err := seal.ReadIdentityFile(name, func() (string, error) { return o.Passphrase, nil })
	ok(t, err)
	w, err := workspace.Open(ctx, db, workspace.Options{Identity: id, Now: time.Now})
	ok(t, err)
	f := &Fixture{Workspace: w, T: t, DB: db}
	cases, err := w.Cases(ctx, "", workspace.Page{})
	ok(t, err)
	if len(cases.Items) != 1 || cases.Items[0].Title != "A journalist" {
		t.Fatalf("%+v", cases)
	}
	f.Case = cases.Items[0]
	people, err := w.People(ctx, f.Case.ID, workspace.Page{})
	ok(t, err)
	if len(people.Items) != 2 || people.Items[0].Private.Name != "Planted Name" {
		t.Errorf("%+v", people)
	}
	found, err := w.Findings(ctx, workspace.FindingFilter{State: workspace.Confirmed}, workspace.Page{})
	ok(t, err)
	if len(found.Items) != 1 || found.Items[0].Note != "note\n" {
		t.Errorf("%+v", found)
	}
	evidence, err := w.Evidences(ctx, f.Case.ID, "", workspace.Page{})
	ok(t, err)
	if len(evidence.Items) != 2 || evidence.Items[0].State != workspace.Stored || evidence.Items[1].State != workspace.Erased {
		t.Errorf("%+v", evidence)
	}
	if r := f.Verify(); r.Acts["evidence.checked"] != 1 || r.Acts["key.destroyed"] != 1 || r.Size < 16 {
		t.Errorf("%+v", r)
	}
	o.huntable(ctx, t, w)
	_, err = w.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "new"})
	ok(t, err)
	f.Verify()
}

// huntable hunts for what a check of the old workspace observed: the second
// schema kept that, the first did not yet.
func (o *old) huntable(ctx context.Context, t *testing.T, w *workspace.Workspace) {
	t.Helper()
	set, err := indicator.Load(strings.NewReader(strings.ReplaceAll(bundleOf([]string{"runningboardd"}), "domain-name:value", "process:name")), "x.stix2")
	ok(t, err)
	h, err := w.Hunt(ctx, []*indicator.Set{set})
	ok(t, err)
	if want := int(o.Schema) - 1; len(h.Findings) != want {
		t.Errorf("%d findings of a hunt, want %d: %+v", len(h.Findings), want, h)
	}
	if o.Schema > 1 && h.Findings[0].Type != "process" {
		t.Errorf("%+v", h.Findings)
	}
}
