package s3

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/amparo-project/amparo/internal/vault"
)

// Errors of this package.
var (
	// ErrNoBucket says that there is no bucket of the name.
	ErrNoBucket = errors.New("there is no such bucket")
	// ErrRefused says that the store does not let the credentials in.
	ErrRefused = errors.New("the store refuses the credentials")
	// ErrUnreachable says that the store did not answer, or not as it should.
	ErrUnreachable = errors.New("the store cannot be reached")
	// ErrCertificate says that the certificate of the store is not to be trusted.
	ErrCertificate = errors.New("the certificate of the store is not valid")
	// ErrClock says that the clock of this machine is too far from the store's.
	ErrClock = errors.New("the clock of this machine differs too much from the store's")
	// ErrOther says that the bucket holds the vault of another workspace.
	ErrOther = errors.New("the bucket belongs to another workspace")
)

// explain says what an error of the store means. Its text names no key and no
// secret: the store's own message may.
func (b *Bucket) explain(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	detail, cause := causeOf(err)
	return fmt.Errorf("vault: %s: bucket %s at %s: %w%s", what, b.place.Bucket, b.place.Endpoint, cause, detail)
}

var refusals = []string{
	"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "AuthorizationHeaderMalformed",
}

func causeOf(err error) (detail string, cause error) {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.As(err, &invalid):
		return ": " + invalid.Error(), ErrCertificate
	case errors.As(err, &unknown), errors.As(err, &host):
		return "", ErrCertificate
	}
	r := minio.ToErrorResponse(err)
	switch {
	case r.Code == minio.NoSuchKey:
		return "", fs.ErrNotExist
	case r.Code == minio.NoSuchBucket:
		return "", ErrNoBucket
	case r.Code == "RequestTimeTooSkewed":
		return "", ErrClock
	case slices.Contains(refusals, r.Code), r.StatusCode == http.StatusForbidden, r.StatusCode == http.StatusUnauthorized:
		return "", ErrRefused
	case r.StatusCode == http.StatusInsufficientStorage, r.Code == "QuotaExceeded", r.Code == "XMinioStorageFull":
		return "", syscall.ENOSPC
	case errors.Is(err, vault.ErrDamaged):
		return "", err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return ": " + op.Op + ": " + op.Err.Error(), ErrUnreachable
	}
	if r.StatusCode != 0 {
		return fmt.Sprintf(": it answers %d", r.StatusCode), ErrUnreachable
	}
	return "", ErrUnreachable
}

// A request is tried some times, with growing waits between.
const (
	tries     = 7
	firstWait = 200 * time.Millisecond
)

// pause is how long to wait after a try, counted from 0: longer each time, and
// never the same for all who wait.
func pause(try int) time.Duration {
	d := firstWait << min(try, 6)
	return d/2 + rand.N(d/2)
}

// again sends a request with a body until the store has answered it. Each try
// reads its body from the start, by a reader of its own: the one before may
// still be read by a connection that is about to end, which is why the library's
// own way of trying again is not used for them.
func (b *Bucket) again(ctx context.Context, what string, send func() error) error {
	for try := 0; ; try++ {
		err := send()
		if err == nil {
			return nil
		}
		if _, cause := causeOf(err); !errors.Is(cause, ErrUnreachable) || try == tries-1 {
			return b.explain(what, err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(b.explain(what, err), context.Cause(ctx))
		case <-time.After(pause(try)):
		}
	}
}

func gone(err error) bool {
	code := minio.ToErrorResponse(err).Code
	return code == minio.NoSuchKey || code == "NoSuchUpload" || code == "NoSuchVersion"
}

// ignoreMissing forgets an error by which a store says that it has no such
// kind of list.
func ignoreMissing(explained, err error) error {
	if r := minio.ToErrorResponse(err); r.Code == "NotImplemented" || r.StatusCode == http.StatusNotImplemented {
		return nil
	}
	return explained
}
