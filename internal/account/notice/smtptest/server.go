// Package smtptest is a real SMTP server on loopback that fails as it is told.
package smtptest

import (
	"context"
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
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Faults of a server.
const (
	Works           = ""
	DiesBefore250   = "takes the whole message and dies before it answers"
	DiesAfter250    = "answers 250 and dies"
	NeverAnswers    = "takes the whole message and never answers"
	RefusesTo       = "knows no such person"
	RefusesBody     = "refuses the message after it has it"
	Busy            = "asks to come back later"
	DiesInTheMiddle = "dies while it gets the message"
	NeverGreets     = "accepts the connection and says nothing"
)

// Server is one that runs.
type Server struct {
	Port int
	CA   string // file with its certificate
	// Took is called when a message was taken, before it is answered.
	Took func()

	fault string
	close func()
	mu    sync.Mutex
	got   []Received // guarded by mu
}

// Received is a message that the server has, whether it said so or not.
type Received struct{ Hello, From, To, Data string }

// Options of a server.
type Options struct {
	Fault    string
	NoTLS    bool   // it offers none
	Implicit bool   // TLS from the first byte
	Dir      string // where its certificate goes
	Took     func()
}

// Start starts one, until Close.
func Start(o Options) (*Server, error) {
	s := &Server{fault: o.Fault, Took: o.Took}
	config, err := s.certificate(o.Dir)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.close = func() { l.Close() }
	s.Port = l.Addr().(*net.TCPAddr).Port
	if o.Fault == NeverGreets {
		return s, nil
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{Server: s, conn: c}, nil }))
	srv.Domain, srv.ErrorLog = "mail.example.org", log.New(io.Discard, "", 0)
	srv.ReadTimeout = 20 * time.Second
	if !o.NoTLS {
		srv.TLSConfig = config
	}
	if o.Implicit {
		l = tls.NewListener(l, config)
	}
	go srv.Serve(l)
	s.close = func() { srv.Close() }
	return s, nil
}

// Close ends it.
func (s *Server) Close() { s.close() }

// certificate makes one for this server alone.
func (s *Server) certificate(dir string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	s.CA = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(s.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}

// Messages is what the server took.
func (s *Server) Messages() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// session is one connection.
type session struct {
	*Server
	conn  *smtp.Conn
	now   Received
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
	s.now = Received{Hello: s.conn.Hostname(), From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.To = to
	switch s.fault {
	case RefusesTo:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + to}
	case Busy:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted " + to}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.fault == DiesInTheMiddle {
		s.conn.Conn().Close()
		return errors.New("died")
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch s.fault {
	case RefusesBody:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "looks like spam"}
	case NeverAnswers:
		s.keep(string(data))
		_, _ = io.Copy(io.Discard, s.conn.Conn()) // until the other side gives up
		return errors.New("gone")
	case DiesBefore250:
		s.keep(string(data))
		s.conn.Conn().Close()
		return errors.New("died")
	}
	s.keep(string(data))
	s.taken = true
	return nil
}

func (s *session) keep(data string) {
	s.now.Data = data
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, s.now)
	if s.Took != nil {
		s.Took()
	}
}

// Reset is what the client asks for after a message was taken.
func (s *session) Reset() {
	if s.fault == DiesAfter250 && s.taken {
		s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }
