package cli

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/ops"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// TestOldBesideNew has a newer version change the tables while processes of this
// one run: they stay ready, and the processes that read evidence for them too;
// one that is started then is refused.
func TestOldBesideNew(t *testing.T) {
	home := t.TempDir()
	t.Setenv("AMPARO_HOME", home)
	where := filepath.Join(home, "workspace")
	t.Setenv(workspaceVariable, where)
	var out, errs bytes.Buffer
	a := &app{Streams{In: strings.NewReader("nothing\n"), Out: &out, Err: &errs, Now: time.Now}, message.New("en"), t.Context()}
	var flags wsFlags
	db, _, err := flags.database(a, true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := workspace.Create(t.Context(), db, workspace.Options{Identity: id, Now: time.Now}, "ana"); err != nil {
		t.Fatal(err)
	}
	runs, started := &operations{Watch: ops.New("test"), ws: &flags}, &operations{Watch: ops.New("test"), ws: &flags}
	runs.works.Store(true)
	runs.opened(db, stores.Place{})
	started.works.Store(true)
	if _, err := db.Pool.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := runs.ready(a); err != nil {
		t.Errorf("a server that runs is not ready any more: %v", err)
	}
	if err := started.ready(a); !errors.Is(err, workspace.ErrNewer) {
		t.Errorf("a server that is started: %v", err)
	}
	// It was told nonsense, which is as far as it gets: the tables do not stop it.
	if err := new(workerCmd).read(a); err == nil || errors.Is(err, workspace.ErrNewer) {
		t.Errorf("a process that reads evidence: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), where, time.Now); !errors.Is(err, workspace.ErrNewer) {
		t.Errorf("a command: %v", err)
	}
	for _, o := range []*operations{runs, started} {
		if o.db != nil {
			o.db.Close()
		}
	}
}
