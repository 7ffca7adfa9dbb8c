package notice

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Faults of a server.
const (
	works           = ""
	diesBefore250   = "takes the whole message and dies before it answers"
	diesAfter250    = "answers 250 and dies"
	neverAnswers    = "takes the whole message and never answers"
	refusesTo       = "knows no such person"
	refusesBody     = "refuses the message after it has it"
	busy            = "asks to come back later"
	diesInTheMiddle = "dies while it gets the message"
	neverGreets     = "accepts the connection and says nothing"
)

// server is a real SMTP server on loopback that fails as it is told.
type server struct {
	fault string
	port  int
	ca    string // file with its certificate

	mu  sync.Mutex
	got []received // guarded by mu
}

type received struct{ hello, from, to, data string }

// start starts one. Without withTLS it offers none.
func start(t *testing.T, fault string, withTLS, implicit bool) *server {
	t.Helper()
	s := &server{fault: fault}
	config := s.certificate(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if fault == neverGreets {
		t.Cleanup(func() { l.Close() })
		return s
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	srv.Domain, srv.ErrorLog = "mail.example.org", log.New(io.Discard, "", 0)
	srv.ReadTimeout = 20 * time.Second
	if withTLS {
		srv.TLSConfig = config
	}
	if implicit {
		l = tls.NewListener(l, config)
	}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return s
}

// certificate makes one for this server alone.
func (s *server) certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s.ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(s.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// messages is what the server took.
func (s *server) messages() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// session is one connection.
type session struct {
	*server
	conn  *smtp.Conn
	now   received
	taken bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "desk" || password != "the password" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.now = received{hello: s.conn.Hostname(), from: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.to = to
	switch s.fault {
	case refusesTo:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + to}
	case busy:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted " + to}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.fault == diesInTheMiddle {
		s.conn.Conn().Close()
		return errors.New("died")
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch s.fault {
	case refusesBody:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "looks like spam"}
	case neverAnswers:
		s.keep(string(data))
		_, _ = io.Copy(io.Discard, s.conn.Conn()) // until the other side gives up
		return errors.New("gone")
	case diesBefore250:
		s.keep(string(data))
		s.conn.Conn().Close()
		return errors.New("died")
	}
	s.keep(string(data))
	s.taken = true
	return nil
}

func (s *session) keep(data string) {
	s.now.data = data
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, s.now)
}

// Reset is what the client asks for after a message was taken.
func (s *session) Reset() {
	if s.fault == diesAfter250 && s.taken {
		s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }
