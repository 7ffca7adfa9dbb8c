// Package ask asks a timestamp authority for a timestamp (RFC 3161). It
// reaches the network, goes to the address that it is given and nowhere else,
// and tells the authority nothing but a hash.
package ask

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/amparo-project/amparo/internal/ledger/stamp"
)

// Wait is how long an authority may take.
const Wait = 30 * time.Second

// Errors of this package.
var (
	ErrAddress = errors.New("not the address of a timestamp server: http or https, without a password")
	ErrRefused = errors.New("the timestamp server refuses")
)

// Stamp asks the authority at address for a timestamp of data, and returns the
// response and its time once it holds by the roots, of this request and no
// other.
func Stamp(ctx context.Context, address string, data []byte, roots []*x509.Certificate) (token []byte, at time.Time, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, at, ErrAddress // never with the address, which may hold a secret
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, at, err
	}
	request, err := timestamp.CreateRequest(bytes.NewReader(data), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	if err != nil {
		return nil, at, fmt.Errorf("timestamp: %w", err)
	}
	if token, err = post(ctx, u, request); err != nil {
		return nil, at, fmt.Errorf("timestamp of %s: %w", u.Host, err)
	}
	if at, err = stamp.Verify(token, data, roots, nonce); err != nil {
		return nil, at, fmt.Errorf("timestamp of %s: %w", u.Host, err)
	}
	return token, at, nil
}

func post(ctx context.Context, u *url.URL, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Wait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	r.Header.Set("Accept", "application/timestamp-reply")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: HTTP %d", ErrRefused, resp.StatusCode)
	}
	token, err := io.ReadAll(io.LimitReader(resp.Body, stamp.MaxToken+1)) //nolint:forbidigo // bounded
	if err != nil {
		return nil, err
	}
	if len(token) > stamp.MaxToken {
		return nil, fmt.Errorf("%w: the answer is too large", ErrRefused)
	}
	return token, nil
}
