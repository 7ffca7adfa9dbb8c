// Package stamp verifies what timestamp authorities say of a checkpoint of the
// ledger (RFC 3161): that it was there at a time. It needs no network; asking
// for a timestamp is in ask.
package stamp

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
)

// MaxToken bounds a response in bytes. Common ones have some 6 KB; what is
// nested in itself takes the library's parser time by the square.
const MaxToken = 64 << 10

// ErrNotProven says that a timestamp does not hold.
var ErrNotProven = errors.New("the timestamp is not proven")

// Roots reads certificates in PEM.
func Roots(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("root certificate: %w", err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("root certificate: no certificate in PEM form")
	}
	return list, nil
}

// Verify holds a response to the bytes that it is of and to the certificates
// that are trusted, as they were valid at the time that it says, and returns
// that time. nonce is that of the request; nil: it is not at hand any more.
// The response must hold the authority's certificate. Nothing of it is
// returned unless all of it holds; the error wraps ErrNotProven.
func Verify(token, data []byte, roots []*x509.Certificate, nonce *big.Int) (at time.Time, err error) {
	if len(token) > MaxToken {
		return at, fmt.Errorf("%w: %d bytes", ErrNotProven, len(token))
	}
	// The library's parser of BER reads what a stranger sent.
	defer func() {
		if v := recover(); v != nil {
			at, err = time.Time{}, fmt.Errorf("%w: it cannot be read: %v", ErrNotProven, v)
		}
	}()
	ts, err := verification.VerifyTimestampResponse(token, bytes.NewReader(data), verification.VerifyOpts{Roots: roots, Nonce: nonce})
	if err != nil {
		return at, fmt.Errorf("%w: %w", ErrNotProven, err)
	}
	if nonce != nil && ts.Nonce == nil {
		return at, fmt.Errorf("%w: it does not answer this request", ErrNotProven)
	}
	return ts.Time.UTC(), nil
}
