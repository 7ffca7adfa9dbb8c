package ops_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/amparo-project/amparo/internal/ops"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func wants(t *testing.T, body string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains(body, l) {
			t.Errorf("no %q in the metrics", l)
		}
	}
}

// TestMetrics asks a server that has a secret in its paths: the metrics have
// its routes alone.
func TestMetrics(t *testing.T) {
	t.Parallel()
	w := ops.New("1.2.3")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cases/{case}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /cases/{case}", func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusConflict) })
	h := w.HTTP(mux)
	for _, method := range []string{http.MethodGet, http.MethodPost, "PLANTEDMETHOD"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, "/cases/C-planted", nil))
	}
	get(t, h, "/planted/nowhere")
	_, end := w.Job(t.Context(), "check")
	end("done")
	_, body := get(t, w.Handler(func(context.Context) error { return nil }), "/metrics")
	wants(t, body,
		`amparo_http_request_seconds_count{method="GET",route="GET /cases/{case}",status="200"} 1`,
		`amparo_http_request_seconds_count{method="POST",route="POST /cases/{case}",status="409"} 1`,
		`amparo_http_request_seconds_count{method="other",route="none",status="405"} 1`,
		`amparo_http_request_seconds_count{method="GET",route="none",status="404"} 1`,
		`amparo_job_seconds_count{kind="check",state="done"} 1`,
		`amparo_build_info{`, `version="1.2.3"`, "go_goroutines")
	if strings.Contains(strings.ToLower(body), "planted") {
		t.Error("the metrics tell what was asked for")
	}
}

// TestNames holds what is told to Prometheus' own rules, and wants what alarms
// are set on to be there before it happens: a series that begins at 1 never rose.
func TestNames(t *testing.T) {
	t.Parallel()
	w := ops.New("x")
	_, end := w.Job(t.Context(), "check")
	end("done")
	get(t, w.HTTP(http.NotFoundHandler()), "/")
	_, body := get(t, w.Handler(func(context.Context) error { return nil }), "/metrics")
	wants(t, body, `amparo_vault_operation_seconds_count{operation="read",result="error"} 0`, `amparo_vault_bytes_total{direction="written"} 0`)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestCounts has one process count for another: what it sends adds up, once, and
// what is no such thing adds nothing.
func TestCounts(t *testing.T) {
	t.Parallel()
	here, there := ops.New("x"), ops.New("x")
	dir, err := vault.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for range 2 {
		if _, err := there.Vault(dir).Open(t.Context(), vault.NewID()); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		here.Counted(there.Counts())
	}
	if again := there.Counts(); again != nil {
		t.Errorf("what was told is told again: %s", again)
	}
	for _, bad := range []string{``, `{`, `{}`, `{"operations":[{"sum":1}],"bytes":[1,1]}`, `{"operations":null,"bytes":[9,9]}`} {
		here.Counted([]byte(bad))
	}
	_, body := get(t, here.Handler(func(context.Context) error { return nil }), "/metrics")
	wants(t, body, `amparo_vault_operation_seconds_count{operation="open",result="missing"} 2`, `amparo_vault_bytes_total{direction="read"} 0`)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var err error
	h := ops.New("x").Handler(func(context.Context) error { return err })
	if code, _ := get(t, h, "/readyz"); code != http.StatusOK {
		t.Errorf("ready: %d", code)
	}
	err = errors.New("password of the database")
	code, body := get(t, h, "/readyz")
	if code != http.StatusServiceUnavailable || strings.Contains(body, "password") {
		t.Errorf("not ready: %d %q", code, body)
	}
	if code, _ := get(t, h, "/healthz"); code != http.StatusOK {
		t.Errorf("health: %d", code)
	}
}

// TestStore passes the suite of all stores, and counts.
func TestStore(t *testing.T) {
	t.Parallel()
	w := ops.New("x")
	t.Run("suite", func(t *testing.T) {
		vaulttest.Suite(t, func(t *testing.T) vault.Store {
			t.Helper()
			s, err := vault.OpenDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return w.Vault(s)
		})
	})
	_, body := get(t, w.Handler(func(context.Context) error { return nil }), "/metrics")
	wants(t, body, `amparo_vault_operation_seconds_count{operation="write",result="ok"}`,
		`amparo_vault_operation_seconds_count{operation="open",result="missing"}`, `amparo_vault_operation_seconds_count{operation="delete",result="ok"}`,
		`amparo_vault_bytes_total{direction="read"}`, `amparo_vault_bytes_total{direction="written"}`)
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	db, err := sqlitetest.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f := workspacetest.New(t, db)
	w := ops.New("x")
	w.Database(db)
	h := w.Handler(func(context.Context) error { return nil })
	_, body := get(t, h, "/metrics")
	wants(t, body, "amparo_job_waiting_seconds 0", "go_sql_open_connections")
	if strings.Contains(body, "heron") || strings.Contains(body, f.Case.ID) || strings.Contains(body, "amparo_ledger_entries 0") {
		t.Error("the metrics tell of a case, or of no ledger")
	}
	db.Close()
	if code, _ := get(t, h, "/healthz"); code != http.StatusOK {
		t.Errorf("health without a database: %d", code)
	}
	if _, body := get(t, h, "/metrics"); !strings.Contains(body, "go_goroutines") || strings.Contains(body, "amparo_ledger_entries ") {
		t.Error("without a database the rest is not told, or an old figure is")
	}
}

// TestTrace sends spans to a collector on this machine, and to nobody where
// none is named.
func TestTrace(t *testing.T) { //nolint:paralleltest // it sets the environment
	w := ops.New("x")
	stop, err := w.Trace(t.Context(), slog.New(slog.DiscardHandler), "amparo", "1")
	if err != nil {
		t.Fatal(err)
	}
	_, end := w.Job(t.Context(), "check")
	end("done")
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
	var mu sync.Mutex
	var got []byte
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		b, _ := io.ReadAll(r.Body)
		got = append(got, b...)
	}))
	t.Cleanup(collector.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	if stop, err = w.Trace(t.Context(), slog.New(slog.DiscardHandler), "amparo", "1"); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cases/{case}", func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusInternalServerError) })
	get(t, w.HTTP(mux), "/cases/C-planted")
	_, end = w.Job(t.Context(), "check")
	end("failed")
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"GET /cases/{case}", "job check", "amparo.job.state"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q in what was sent", want)
		}
	}
	if strings.Contains(string(got), "planted") {
		t.Error("a trace tells what was asked for")
	}
}
