package main

import (
	"context"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amparo-project/amparo/internal/vault"
)

// s3Variable names a server for tests: scripts/with-s3 starts one.
const s3Variable = "AMPARO_TEST_S3"

// bucketEnv lets a script reach the server.
func bucketEnv(env *testscript.Env) {
	for _, name := range []string{s3Variable, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if v, ok := os.LookupEnv(name); ok {
			env.Setenv(name, v)
		}
	}
}

// mkBucket makes an empty bucket and puts the address of a vault in it into a
// variable.
func mkBucket(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: mkbucket VARIABLE")
	}
	at := ts.Getenv(s3Variable)
	place, err := newBucket(at, ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"))
	ts.Check(err)
	ts.Setenv(args[0], place+"?endpoint="+at)
}

// newBucket makes an empty bucket, and returns the address of a vault in it
// without its endpoint.
func newBucket(at, key, secret string) (string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(key, secret, "")})
	if err != nil {
		return "", err
	}
	name := "amparo-" + strings.TrimPrefix(vault.NewID(), "S-")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return "s3://" + name + "/vault", c.MakeBucket(ctx, name, minio.MakeBucketOptions{})
}
