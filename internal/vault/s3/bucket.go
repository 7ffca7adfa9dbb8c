// Package s3 keeps the segments of a vault in a bucket of a store that speaks
// S3. They are encrypted before they leave the machine, under names that tell
// nothing; the store learns how many there are, how large, and when.
//
// Start with ParsePlace and Open. Credentials come from where programs of S3
// look for them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the file that
// AWS_SHARED_CREDENTIALS_FILE names, or the role of the machine.
package s3

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/amparo-project/amparo/internal/vault"
)

// A Bucket is a vault.Store.
type Bucket struct {
	place  Place
	core   minio.Core
	once   minio.Core // for requests with a body: it never tries again
	http   *http.Transport
	blocks *lru.Cache[blockID, []byte] // that were read
}

var _ vault.Store = (*Bucket)(nil)

// How long, and how often, something is tried.
const (
	openWait   = 15 * time.Second // to find the bucket
	answerWait = 60 * time.Second // for the first byte of an answer
	dialWait   = 10 * time.Second
)

// maxCA bounds a file of certificates.
const maxCA = 1 << 20

// Open finds the bucket of a place. Errors wrap ErrUnreachable, ErrRefused,
// ErrNoBucket or ErrPlace.
func Open(ctx context.Context, p Place) (*Bucket, error) {
	transport, err := transportTo(p)
	if err != nil {
		return nil, err
	}
	o := minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: &http.Client{Transport: transport, Timeout: dialWait}},
		}),
		Secure: p.TLS, Region: p.Region, Transport: transport, MaxRetries: tries,
	}
	client, err := minio.New(p.Endpoint, &o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	o.MaxRetries = 1
	once, err := minio.New(p.Endpoint, &o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	blocks, err := lru.New[blockID, []byte](cachedBlocks)
	if err != nil {
		return nil, err
	}
	b := &Bucket{place: p, core: minio.Core{Client: client}, once: minio.Core{Client: once}, http: transport, blocks: blocks}
	find, cancel := context.WithTimeout(ctx, openWait)
	defer cancel()
	ok, err := client.BucketExists(find, p.Bucket)
	if err != nil {
		return nil, b.explain("open", err)
	}
	if !ok {
		return nil, fmt.Errorf("vault: bucket %s at %s: %w", p.Bucket, p.Endpoint, ErrNoBucket)
	}
	return b, nil
}

func transportTo(p Place) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialWait, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   dialWait,
		ResponseHeaderTimeout: answerWait,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   32,
		DisableCompression:    true, // ranges are of the bytes as they lie there
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if p.CA == "" {
		return t, nil
	}
	f, err := os.Open(p.CA)
	if err != nil {
		return nil, fmt.Errorf("%w: certificates: %w", ErrPlace, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCA)) //nolint:forbidigo // bounded, and ours
	if err != nil {
		return nil, fmt.Errorf("%w: certificates: %w", ErrPlace, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%w: %s holds no certificate", ErrPlace, p.CA)
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// Close closes idle connections.
func (b *Bucket) Close() error {
	b.http.CloseIdleConnections()
	b.blocks.Purge()
	return nil
}

// Names in the bucket, below the prefix.
const (
	segments = "segments/"
	marker   = "workspace"
)

func (b *Bucket) key(id string) (string, error) {
	at, err := vault.Place(id)
	return b.place.Prefix + at, err
}

// Delete implements vault.Store. Where the bucket keeps versions all of them go.
// What the store has under lock stays until that ends, and is no error: the keys
// that open it are what a withdrawal destroys.
func (b *Bucket) Delete(ctx context.Context, id string) error {
	key, err := b.key(id)
	if err != nil {
		return err
	}
	if err := b.remove(ctx, key, ""); err != nil {
		return err
	}
	for v := range b.core.Client.ListObjects(ctx, b.place.Bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true}) {
		if v.Err != nil {
			return ignoreMissing(b.explain("delete", v.Err), v.Err)
		}
		if v.Key != key || v.VersionID == "" || v.VersionID == "null" {
			continue
		}
		if err := b.remove(ctx, key, v.VersionID); err != nil {
			return err
		}
	}
	return nil
}

// remove removes an object, or a version of it, unless it is gone or locked.
func (b *Bucket) remove(ctx context.Context, key, version string) error {
	err := b.core.RemoveObject(ctx, b.place.Bucket, key, minio.RemoveObjectOptions{VersionID: version})
	if err == nil || gone(err) {
		return nil
	}
	// Stores refuse in the same words what is locked, and who may not delete.
	info, statErr := b.core.StatObject(ctx, b.place.Bucket, key, minio.StatObjectOptions{VersionID: version})
	until, timeErr := time.Parse(time.RFC3339, info.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if statErr == nil && timeErr == nil && until.After(time.Now()) {
		return nil
	}
	return b.explain("delete", err)
}

// List implements vault.Store.
func (b *Bucket) List(ctx context.Context, fn func(id string, modified time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // it ends the listing, where fn does
	for o := range b.core.Client.ListObjects(ctx, b.place.Bucket, minio.ListObjectsOptions{Prefix: b.place.Prefix + segments, Recursive: true}) {
		if o.Err != nil {
			return b.explain("list", o.Err)
		}
		id := path.Base(o.Key)
		if _, err := vault.Place(id); err != nil {
			continue // it is not ours
		}
		if err := fn(id, o.LastModified); err != nil {
			return err
		}
	}
	return nil
}

// CleanIncoming implements vault.Store: uploads that nobody completed cost
// their owner money, and are seen in no list of objects.
func (b *Bucket) CleanIncoming(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range b.core.ListIncompleteUploads(ctx, b.place.Bucket, b.place.Prefix+segments, true) {
		if o.Err != nil {
			return ignoreMissing(b.explain("list", o.Err), o.Err)
		}
		if !o.Initiated.Before(before) {
			continue
		}
		if err := b.core.AbortMultipartUpload(ctx, b.place.Bucket, o.Key, o.UploadID); err != nil && !gone(err) {
			return b.explain("clean", err)
		}
	}
	return nil
}

// Bind says to which workspace the bucket belongs, or finds out that it is
// another's. The error wraps ErrOther.
func (b *Bucket) Bind(ctx context.Context, workspace string) error {
	name := b.place.Prefix + marker
	for range 2 {
		body, _, _, err := b.core.GetObject(ctx, b.place.Bucket, name, minio.GetObjectOptions{})
		if err == nil {
			text, err := io.ReadAll(io.LimitReader(body, 1<<10)) //nolint:forbidigo // bounded
			if err = errors.Join(err, body.Close()); err != nil {
				return b.explain("open", err)
			}
			if strings.TrimSpace(string(text)) != workspace {
				return fmt.Errorf("vault: %s%s: %w", b.place.Bucket+"/", b.place.Prefix, ErrOther)
			}
			return nil
		}
		if !gone(err) {
			return b.explain("open", err)
		}
		o := minio.PutObjectOptions{ContentType: "text/plain", SendContentMd5: true}
		o.SetMatchETagExcept("*") // another process may be faster: the first wins
		text := []byte(workspace + "\n")
		_, err = b.core.Client.PutObject(ctx, b.place.Bucket, name, bytes.NewReader(text), int64(len(text)), o)
		if err != nil && minio.ToErrorResponse(err).StatusCode != http.StatusPreconditionFailed {
			return b.explain("open", err)
		}
	}
	return fmt.Errorf("vault: %s: %w", name, fs.ErrNotExist)
}
