package notice

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// MaxSending is the longest that one mail may take. A notice that is Sending
// for longer was left by a process that died.
const MaxSending = 5 * time.Minute

// A Message is one mail, of which all is fixed before it is sent for the first
// time: sent again, it is the same message.
type Message struct {
	ID   string // Message-ID, without brackets
	To   string
	Text Text
	Date time.Time
}

// NewMessageID returns a random Message-ID at the domain of the sender. It
// tells nothing of the case.
func NewMessageID(from string) string { return strings.ToLower(rand.Text()) + "@" + domainOf(from) }

func domainOf(from string) string {
	a, err := mail.ParseAddress(from)
	if err != nil {
		return "amparo.invalid"
	}
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

// An Outcome is what became of a message. Detail names no person.
type Outcome struct {
	State  State // Sent, Failed or Unclear
	Detail string
	Passes bool // of Failed: the same message may be taken later
}

// Send hands a message to the server, over TLS. It says Failed only when the
// server cannot have taken the message: it was refused, or never given whole.
// When the connection breaks after the last byte and before the reply, the
// outcome is Unclear.
func Send(ctx context.Context, c *Config, m Message) Outcome {
	client, err := c.client()
	if err != nil {
		return Outcome{State: Failed, Detail: err.Error()}
	}
	msg, err := compose(c.From, m)
	if err != nil {
		return Outcome{State: Failed, Detail: err.Error()}
	}
	ctx, stop := context.WithTimeout(ctx, c.SMTP.Timeout)
	defer stop()
	return outcome(client.DialAndSendWithContext(ctx, msg), msg)
}

// client is a client that speaks TLS or not at all.
func (c *Config) client() (*gomail.Client, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{
		gomail.WithPort(c.SMTP.Port), gomail.WithTimeout(c.SMTP.Timeout), gomail.WithTLSPolicy(gomail.TLSMandatory),
		gomail.WithHELO(domainOf(c.From)), // not the name of this machine
		gomail.WithTLSConfig(&tls.Config{ServerName: c.SMTP.Host, RootCAs: roots, MinVersion: tls.VersionTLS12}),
	}
	if c.SMTP.TLS == ImplicitTLS {
		options = append(options, gomail.WithSSL())
	}
	if c.SMTP.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.SMTP.User), gomail.WithPassword(c.SMTP.Password))
	}
	client, err := gomail.NewClient(c.SMTP.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return client, nil
}

func (c *Config) roots() (*x509.CertPool, error) {
	if c.SMTP.CAFile == "" {
		return nil, nil // those of the system
	}
	pem, err := readFile(c.SMTP.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: %s holds no certificate", ErrConfig, c.SMTP.CAFile)
	}
	return pool, nil
}

// errAddress says that an address is none, without repeating it.
var errAddress = errors.New("the address of the person is no mail address")

func compose(from string, m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(from); err != nil {
		return nil, fmt.Errorf("%w: from is no address", ErrConfig)
	}
	if err := msg.To(m.To); err != nil {
		return nil, errAddress
	}
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.Subject(m.Text.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text.Body)
	return msg, nil
}

// outcome reads what the library says of one message.
func outcome(err error, msg *gomail.Msg) Outcome {
	var failed *gomail.SendError
	switch {
	case msg.IsDelivered():
		// The server answered 250; what broke later does not matter.
		return Outcome{State: Sent, Detail: "accepted by the server"}
	case err == nil:
		return Outcome{State: Unclear, Detail: "the library reports neither success nor failure"}
	case !errors.As(err, &failed):
		// Before the message: no connection, no TLS, no sign-in.
		return Outcome{Failed, err.Error(), passes(err)}
	}
	// The library's own text names the recipient.
	detail := failed.Reason.String()
	if code := failed.ErrorCode(); code != 0 {
		detail = fmt.Sprintf("%s: the server answered %d %s", detail, code, failed.EnhancedStatusCode())
	}
	detail = strings.TrimSpace(detail)
	if failed.Reason == gomail.ErrAmbiguous || (failed.Reason == gomail.ErrSMTPDataClose && failed.ErrorCode() == 0) {
		return Outcome{State: Unclear, Detail: detail + ": the connection broke before the server answered"}
	}
	return Outcome{Failed, detail, failed.IsTemp() || failed.ErrorCode() == 0 && passes(err)}
}

// passes reports whether an error is of the network, or of a server that is
// not there now: nothing of the message or of the configuration.
func passes(err error) bool {
	var (
		network *net.OpError
		name    *net.DNSError
		out     interface{ Timeout() bool }
	)
	return errors.As(err, &network) || errors.As(err, &name) && !name.IsNotFound || errors.As(err, &out) && out.Timeout() || errors.Is(err, io.EOF)
}
