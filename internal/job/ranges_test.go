package job_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
)

// meter counts the bytes that a store sends to who reads from it.
type meter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (m meter) Write(b []byte) (int, error) {
	m.sent.Add(int64(len(b)))
	return m.ResponseWriter.Write(b)
}

func (m meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// metered is a new bucket behind a network that counts.
func (l *lab) metered() (place string, sent *atomic.Int64) {
	l.tb.Helper()
	u, err := url.Parse(os.Getenv("AMPARO_TEST_S3"))
	if err != nil || u.Host == "" {
		l.tb.Skip("no server: scripts/with-s3 go test ./internal/job")
	}
	name := "amparo-" + strings.TrimPrefix(vault.NewID(), "S-")
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "")})
	l.ok(err)
	l.ok(c.MakeBucket(l.tb.Context(), name, minio.MakeBucketOptions{}))
	sent = new(atomic.Int64)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = r.In.Host // it is signed
	}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { proxy.ServeHTTP(meter{w, sent}, r) }))
	l.tb.Cleanup(srv.Close)
	return "s3://" + name + "?endpoint=" + srv.URL, sent
}

// TestWhatParsersWant checks two backups in a bucket that differ by 80 MiB of
// photos and caches: the job fetches hardly more of the larger one.
func TestWhatParsersWant(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it stores 80 MiB")
	}
	const each = 4 << 20
	l := folderLab(t)
	fetched := map[int]int64{}
	var more int64
	for _, other := range []int{0, each} {
		dir := filepath.Join(t.TempDir(), "backup")
		_, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 600, Seed: 1, Plant: true, OtherBytes: other})
		l.ok(err)
		place, sent := l.metered()
		open := func() vault.Store {
			s, err := stores.Place{Vault: place, Scratch: t.TempDir()}.Open(t.Context(), l.Info().UID)
			l.ok(err)
			t.Cleanup(func() { s.Close() })
			return s
		}
		ev := l.evidenceIn(open(), dir)
		s := open() // nothing in memory
		stop := l.worker(func(e *job.Engine) {
			e.With = plain
			e.Space = func(w *workspace.Workspace) *examine.Space {
				return &examine.Space{Workspace: w, Vault: s, Dir: l.dir}
			}
		})
		sent.Store(0)
		j, err := l.AddJob(t.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{})
		l.ok(err)
		j = l.endedIn(j.ID, 2*time.Minute)
		stop()
		if j.State != workspace.JobDone || len(j.Runs) != 1 {
			t.Fatalf("%+v", j)
		}
		fetched[other] = sent.Load()
		t.Logf("of %d bytes the check fetched %d", ev.Bytes, fetched[other])
		more = ev.Bytes - more
	}
	if more < 70<<20 {
		t.Fatalf("the larger backup has %d bytes more", more)
	}
	if extra := fetched[each] - fetched[0]; extra > more/50 {
		t.Errorf("%d bytes that no parser reads cost %d", more, extra)
	}
}
