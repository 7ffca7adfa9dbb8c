package s3_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
)

// server is the address of a real store; scripts/with-s3 starts one.
func server(t *testing.T) string {
	t.Helper()
	at := os.Getenv("AMPARO_TEST_S3")
	if at == "" {
		t.Skip("no server: scripts/with-s3 go test ./internal/vault/s3")
	}
	return at
}

// bucket makes a bucket and returns a client of it and its name.
func bucket(t *testing.T, o minio.MakeBucketOptions) (*minio.Client, string) {
	t.Helper()
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewEnvAWS()})
	if err != nil {
		t.Fatal(err)
	}
	name := "amparo-" + strings.TrimPrefix(vault.NewID(), "S-")
	if err := c.MakeBucket(t.Context(), name, o); err != nil {
		t.Fatal(err)
	}
	return c, name
}

func openAt(t *testing.T, at string) *s3.Bucket {
	t.Helper()
	p, err := s3.ParsePlace(at)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s3.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func fresh(t *testing.T) vault.Store {
	t.Helper()
	_, name := bucket(t, minio.MakeBucketOptions{})
	return openAt(t, "s3://"+name+"/a/vault?endpoint="+server(t))
}

func TestSuite(t *testing.T) {
	t.Parallel()
	vaulttest.Suite(t, fresh)
}

// TestAddThroughFaults stores evidence and reads it again over a network that
// delays, cuts, forgets and answers with errors.
func TestAddThroughFaults(t *testing.T) {
	t.Parallel()
	_, name := bucket(t, minio.MakeBucketOptions{})
	f := newFaults(server(t), 7)
	proxy := httptest.NewServer(f)
	t.Cleanup(proxy.Close)
	b := openAt(t, "s3://"+name+"?endpoint="+proxy.URL)
	dir := t.TempDir()
	big := vaulttest.Bytes(vault.SegmentSize+9<<20, 3)
	for i, data := range [][]byte{big, vaulttest.Bytes(300_000, 4), nil, []byte("small")} {
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x := vaulttest.NewIndex(t)
	f.on.Store(true)
	var files []vault.File
	var err error
	for range 20 { // a person, or a job, tries again where the library gave up
		files, err = vault.Add(t.Context(), b, x, vault.AddOptions{Bundle: "E", Case: "C", Key: x.Key, Path: dir})
		if err == nil {
			break
		}
		t.Log("again:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 {
		t.Fatalf("%d files", len(files))
	}
	bundle, err := vault.Open(t.Context(), b, x, "E", x.Key)
	if err != nil {
		t.Fatal(err)
	}
	if bad, err := bundle.Verify(t.Context(), nil); err != nil || len(bad) != 0 {
		t.Errorf("after faults: %v %v", bad, err)
	}
	file, err := bundle.OpenFile(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got := make([]byte, len(big))
	if n, err := file.ReadAt(got, 0); n != len(got) || !bytes.Equal(got, big) {
		t.Errorf("%d bytes came back: %v", n, err)
	}
	for kind, n := range f.counts() {
		if n == 0 {
			t.Errorf("no request met the fault %q", kind)
		}
	}
}

// TestRangesAlone counts what a reader of three places fetches of a large file.
func TestRangesAlone(t *testing.T) {
	t.Parallel()
	_, name := bucket(t, minio.MakeBucketOptions{})
	f := newFaults(server(t), 1)
	proxy := httptest.NewServer(f)
	t.Cleanup(proxy.Close)
	b := openAt(t, "s3://"+name+"?endpoint="+proxy.URL)
	data := vaulttest.Bytes(2*vault.SegmentSize, 3)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "disk.tar"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	x := vaulttest.NewIndex(t)
	if _, err := vault.Add(t.Context(), b, x, vault.AddOptions{Bundle: "E", Case: "C", Key: x.Key, Path: dir}); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, "s3://"+name+"?endpoint="+proxy.URL) // nothing in memory
	bundle, err := vault.Open(t.Context(), again, x, "E", x.Key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := bundle.OpenFile(t.Context(), "disk.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f.sent.Store(0)
	for _, off := range []int64{512, 30 << 20, vault.SegmentSize + 5<<20} {
		p := make([]byte, 100_000)
		if n, err := file.ReadAt(p, off); n != len(p) || err != nil || !bytes.Equal(p, data[off:off+int64(n)]) {
			t.Fatalf("at %d: %d %v", off, n, err)
		}
	}
	if sent := f.sent.Load(); sent > 3<<20 {
		t.Errorf("300,000 bytes of three places cost %d", sent)
	}
}

// TestSaidPlainly opens what cannot be opened.
func TestSaidPlainly(t *testing.T) { //nolint:paralleltest // it changes the environment
	at := server(t)
	_, name := bucket(t, minio.MakeBucketOptions{})
	https := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(https.Close)
	for _, c := range []struct {
		place, key string
		want       error
	}{
		{"s3://there-is-none-of-this?endpoint=" + at, "", s3.ErrNoBucket},
		{"s3://" + name + "?endpoint=http://127.0.0.1:1", "", s3.ErrUnreachable},
		{"s3://" + name + "?endpoint=" + https.URL, "", s3.ErrCertificate},
		{"s3://" + name + "?endpoint=" + at, "wrong", s3.ErrRefused},
	} {
		t.Run(c.want.Error(), func(t *testing.T) {
			if c.key != "" {
				t.Setenv("AWS_SECRET_ACCESS_KEY", c.key)
			}
			p, err := s3.ParsePlace(c.place)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			b, err := s3.Open(ctx, p)
			if err == nil {
				b.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), os.Getenv("AWS_SECRET_ACCESS_KEY")) {
				t.Error("the error tells the secret")
			}
		})
	}
}

func TestOtherWorkspace(t *testing.T) {
	t.Parallel()
	_, name := bucket(t, minio.MakeBucketOptions{})
	b := openAt(t, "s3://"+name+"?endpoint="+server(t))
	for range 2 {
		if err := b.Bind(t.Context(), "W-one"); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Bind(t.Context(), "W-two"); !errors.Is(err, s3.ErrOther) {
		t.Errorf("another workspace: %v", err)
	}
	if err := openAt(t, "s3://"+name+"/two?endpoint="+server(t)).Bind(t.Context(), "W-two"); err != nil {
		t.Errorf("another prefix: %v", err)
	}
}

// TestVersionsGo deletes from a bucket that keeps versions: none is left.
func TestVersionsGo(t *testing.T) {
	t.Parallel()
	c, name := bucket(t, minio.MakeBucketOptions{})
	if err := c.EnableVersioning(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	b := openAt(t, "s3://"+name+"?endpoint="+server(t))
	id := vaulttest.Put(t, b, []byte("to be forgotten"))
	if err := b.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for o := range c.ListObjects(t.Context(), name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if !o.IsDeleteMarker {
			t.Errorf("%s is still there in version %s", o.Key, o.VersionID)
		}
	}
}

// TestLock writes to a bucket with object lock: what is new cannot be deleted
// for the time that the address says.
func TestLock(t *testing.T) {
	t.Parallel()
	c, name := bucket(t, minio.MakeBucketOptions{ObjectLocking: true})
	b := openAt(t, "s3://"+name+"?lock=1&endpoint="+server(t))
	for _, n := range []int{100, 9 << 20} {
		id := vaulttest.Put(t, b, vaulttest.Bytes(n, 1))
		key := "segments/" + id[2:4] + "/" + id
		info, err := c.StatObject(t.Context(), name, key, minio.StatObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		until, err := time.Parse(time.RFC3339, info.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
		if err != nil || until.Before(time.Now().Add(23*time.Hour)) || info.Metadata.Get("X-Amz-Object-Lock-Mode") != "GOVERNANCE" {
			t.Errorf("%d bytes are locked so: %v", n, info.Metadata)
		}
		if err := b.Delete(t.Context(), id); err != nil {
			t.Errorf("deleting what is locked: %v", err)
		}
	}
}

func TestParsePlace(t *testing.T) {
	t.Parallel()
	good := map[string]s3.Place{
		"s3://b":                                {Bucket: "b", Endpoint: "s3.amazonaws.com", TLS: true},
		"s3://b/x/y/?endpoint=https://h:9":      {Bucket: "b", Prefix: "x/y/", Endpoint: "h:9", TLS: true},
		"s3://b?endpoint=http://127.0.0.1:9":    {Bucket: "b", Endpoint: "127.0.0.1:9"},
		"s3://b?endpoint=http://[::1]:9":        {Bucket: "b", Endpoint: "[::1]:9"},
		"s3://b?endpoint=http://store&tls=off":  {Bucket: "b", Endpoint: "store"},
		"s3://b?region=eu-1&lock=2&ca=/etc/c.p": {Bucket: "b", Endpoint: "s3.amazonaws.com", TLS: true, Region: "eu-1", Lock: 48 * time.Hour, CA: "/etc/c.p"},
	}
	for text, want := range good {
		if got, err := s3.ParsePlace(text); err != nil || got != want {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "s3://", "s3:b", "https://b", "s3://key:secret@b", "s3://b#x", "s3://b?colour=red", "s3://b?lock=0", "s3://b?lock=99999999999", "s3://b?lock=x",
		"s3://b?endpoint=ftp://h", "s3://b?endpoint=h", "s3://b?endpoint=http://example.org", "s3://b?endpoint=https://k:s@h", "s3://b?endpoint=https://h/x", "s3://%zz",
	} {
		_, err := s3.ParsePlace(text)
		if !errors.Is(err, s3.ErrPlace) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
	}
}
