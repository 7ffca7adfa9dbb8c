// Package stamptest is a timestamp authority on the loopback interface, for
// tests.
package stamptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/digitorus/timestamp"
)

// An Authority signs what it is asked to, at the time of Now.
type Authority struct {
	URL  string
	Root []byte // PEM
	Now  func() time.Time
	// Change changes what is about to be signed; nil: nothing does.
	Change func(*timestamp.Timestamp)

	cert *x509.Certificate
	key  crypto.Signer
}

// Start starts an authority on the loopback interface; stop ends it.
func Start(now time.Time) (a *Authority, stop func(), err error) {
	if a, err = New(now); err != nil {
		return nil, nil, err
	}
	s := httptest.NewServer(a)
	a.URL = s.URL
	return a, s.Close, nil
}

// New makes an authority whose certificate is valid in the days around now.
func New(now time.Time) (*Authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root of the test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.AddDate(0, 0, -2), NotAfter: now.AddDate(0, 0, 2), KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}) // id-kp-timeStamping
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Authority of the test"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}, // RFC 3161, 2.3
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	a := &Authority{Root: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), Now: func() time.Time { return now }, key: key}
	if a.cert, err = x509.ParseCertificate(leafDER); err != nil {
		return nil, err
	}
	return a, nil
}

// ServeHTTP answers one request as RFC 3161 (3.4) has it.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16)) //nolint:forbidigo // bounded
	if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "not a request", http.StatusBadRequest)
		return
	}
	request, err := timestamp.ParseRequest(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token, err := a.Sign(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(token) // who asked sees what is missing
}

// Sign makes the response to a request.
func (a *Authority) Sign(request *timestamp.Request) ([]byte, error) {
	t := timestamp.Timestamp{
		HashAlgorithm: request.HashAlgorithm, HashedMessage: request.HashedMessage, Time: a.Now(), Nonce: request.Nonce,
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: request.Certificates,
	}
	if a.Change != nil {
		a.Change(&t)
	}
	return t.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256)
}
