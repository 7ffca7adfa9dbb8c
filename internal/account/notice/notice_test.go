package notice

import (
	"bytes"
	"context"
	"errors"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
	"github.com/amparo-project/amparo/internal/message"
)

func start(t *testing.T, o smtptest.Options) *smtptest.Server {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := smtptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func config(s *smtptest.Server) *Config {
	return &Config{
		From:     "Helpline <help@example.org>",
		Helpline: Helpline{Name: "The helpline", Reach: map[string]string{"en": "Signal +1 555 0100", "es": "Signal +52 555 0100"}},
		SMTP:     SMTP{Host: "127.0.0.1", Port: s.Port, TLS: StartTLS, CAFile: s.CA, Timeout: 10 * time.Second},
	}
}

func mailTo(t *testing.T, c *Config) Message {
	t.Helper()
	text, err := Compose(Mail, "es", Event{Kind: AnswerReceived, ID: "A-1", Day: "2017-12-01", Who: "PGR"}, c)
	if err != nil {
		t.Fatal(err)
	}
	return Message{ID: "abc@example.org", To: "person@example.net", Text: text, Date: time.Date(2017, 12, 7, 1, 2, 3, 0, time.UTC)}
}

// TestSend sends to a server that fails in every way, and holds the outcome to
// what can be known.
func TestSend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		fault      string
		change     func(*Config)
		noTLS      bool
		implicit   bool
		want       State
		taken      int    // messages that the server has
		says, hush string // in the detail, and never in it
		passes     bool
	}{
		{name: "works", want: Sent, taken: 1},
		{name: "tls_from_the_first_byte", implicit: true, change: func(c *Config) { c.SMTP.TLS = ImplicitTLS }, want: Sent, taken: 1},
		{name: "signs_in", change: func(c *Config) { c.SMTP.User, c.SMTP.Password = "desk", "the password" }, want: Sent, taken: 1},
		{name: "wrong_password", change: func(c *Config) { c.SMTP.User, c.SMTP.Password = "desk", "a secret" }, want: Failed, says: "535", hush: "a secret"},
		{name: "dies_before_250", fault: smtptest.DiesBefore250, want: Unclear, taken: 1, says: "before the server answered"},
		{name: "dies_after_250", fault: smtptest.DiesAfter250, want: Sent, taken: 1},
		{name: "never_answers", fault: smtptest.NeverAnswers, change: func(c *Config) { c.SMTP.Timeout = time.Second }, want: Unclear, taken: 1},
		{name: "never_greets", fault: smtptest.NeverGreets, change: func(c *Config) { c.SMTP.Timeout = time.Second }, want: Failed, passes: true},
		{name: "dies_in_the_middle", fault: smtptest.DiesInTheMiddle, want: Unclear},
		{name: "refuses_the_person", fault: smtptest.RefusesTo, want: Failed, says: "550", hush: "person@example.net"},
		{name: "busy", fault: smtptest.Busy, want: Failed, says: "451", hush: "person@example.net", passes: true},
		{name: "refuses_the_message", fault: smtptest.RefusesBody, want: Failed, says: "554"},
		{name: "no_tls", noTLS: true, want: Failed, says: "STARTTLS"},
		{name: "foreign_certificate", change: func(c *Config) { c.SMTP.CAFile = "" }, want: Failed, says: "certificate"},
		{name: "no_certificate_file", change: func(c *Config) { c.SMTP.CAFile += ".gone" }, want: Failed, says: "no such file"},
		{name: "nobody_there", change: func(c *Config) { c.SMTP.Port = 1 }, want: Failed, says: "refused", passes: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, smtptest.Options{Fault: tt.fault, NoTLS: tt.noTLS, Implicit: tt.implicit})
			c := config(s)
			if tt.change != nil {
				tt.change(c)
			}
			got := Send(context.Background(), c, mailTo(t, c))
			if got.Passes != tt.passes {
				t.Errorf("got %+v, want it to pass: %v", got, tt.passes)
			}
			if got.State != tt.want || !strings.Contains(got.Detail, tt.says) || (tt.hush != "" && strings.Contains(got.Detail, tt.hush)) {
				t.Errorf("got %+v, want %s with %q, without %q", got, tt.want, tt.says, tt.hush)
			}
			if n := len(s.Messages()); n != tt.taken {
				t.Errorf("the server has %d messages, want %d", n, tt.taken)
			}
		})
	}
}

// TestMailSaysNothing reads the mail as whoever watches the phone does.
func TestMailSaysNothing(t *testing.T) {
	t.Parallel()
	s := start(t, smtptest.Options{})
	c := config(s)
	if got := Send(t.Context(), c, mailTo(t, c)); got.State != Sent {
		t.Fatal(got)
	}
	raw := s.Messages()[0]
	if raw.Hello != "example.org" {
		t.Errorf("the program calls itself %q, which may be the name of its machine", raw.Hello)
	}
	m, err := mail.ReadMessage(strings.NewReader(raw.Data))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Header.Get("Message-ID"); got != "<abc@example.org>" {
		t.Errorf("Message-ID %s", got)
	}
	names := []string{}
	for name := range m.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "Content-Transfer-Encoding Content-Type Date From Message-Id Mime-Version Subject To" {
		t.Errorf("headers: %s", got)
	}
	for _, word := range []string{"PGR", "A-1", "2017-12-01", "case", "caso", "amparo", "spyware", "finding"} {
		if strings.Contains(strings.ToLower(raw.Data), strings.ToLower(word)) {
			t.Errorf("the mail says %q:\n%s", word, raw.Data)
		}
	}
}

// TestMailIsTheSame holds a mail to be the same for every event and person.
func TestMailIsTheSame(t *testing.T) {
	t.Parallel()
	c := &Config{Helpline: Helpline{Name: "H", Reach: map[string]string{"en": "x", "es": "y"}}}
	for _, lang := range message.Languages {
		first, err := Compose(Mail, lang, Event{}, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range Events {
			if got, err := Compose(Mail, lang, Event{Kind: kind, ID: "A-9", Day: "2020-01-01", Who: "somebody"}, c); err != nil || got != first {
				t.Errorf("%s %s: %v, %v", lang, kind, got, err)
			}
			for _, channel := range []string{Letter, Phone} {
				got, err := Compose(channel, lang, Event{Kind: kind, ID: "A-9", Day: "2020-01-01", Who: "somebody"}, c)
				if err != nil || !strings.Contains(got.Body, "2020-01-01") || strings.Contains(got.Body, "<no value>") {
					t.Errorf("%s %s %s: %v, %v", lang, kind, channel, got, err)
				}
			}
		}
	}
	if _, err := Compose(Mail, "es", Event{}, &Config{}); !errors.Is(err, ErrConfig) {
		t.Errorf("no way to reach the helpline: %v", err)
	}
}

func TestMoves(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	for _, pair := range []string{
		"no_channel draft", "no_channel cancelled", "draft queued", "draft cancelled", "queued sending", "queued sent", "queued cancelled",
		"sending sent", "sending queued", "sending failed", "sending unclear", "failed queued", "failed cancelled", "unclear sent", "unclear failed", "sent read",
	} {
		allowed[pair] = true
	}
	for _, from := range States {
		for _, to := range States {
			err := Move(from, to)
			if want := allowed[string(from)+" "+string(to)]; (err == nil) != want {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
			if err != nil && !errors.Is(err, ErrMove) {
				t.Error(err)
			}
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	reach := []string{"signal:+520000", "MAILTO: a@example.org", "post: Calle 1, Centro", "mail:b@example.org"}
	for channel, want := range map[string]string{Mail: "a@example.org", Letter: "Calle 1, Centro", Phone: "+520000", "pigeon": ""} {
		if got := Address(channel, reach); got != want {
			t.Errorf("%s: %q", channel, got)
		}
	}
	if got := Address(Mail, []string{"mailto:", "m"}); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestConfig(t *testing.T) {
	t.Setenv(PasswordVariable, "")
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := "from: Helpline <help@example.org>\nhelpline: {name: H, reach: {en: x}}\nsmtp: {host: mail.example.org, user: u, password_file: pw}\n"
	c, err := LoadConfig(write("good.yaml", good))
	if err != nil || c.SMTP.Port != 587 || c.SMTP.PasswordFile != filepath.Join(dir, "pw") {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := c.Ready(); !errors.Is(err, ErrConfig) {
		t.Errorf("a password file that is not there: %v", err)
	}
	write("pw", "the password\r\nmore\n")
	if err := c.Ready(); err != nil || c.SMTP.Password != "the password" {
		t.Errorf("%q, %v", c.SMTP.Password, err)
	}
	for _, bad := range []struct{ text, says string }{
		{strings.Replace(good, "user: u", "password: secret", 1), "password"},
		{strings.Replace(good, "user: u", "tls: none", 1), "without TLS"},
		{strings.Replace(good, "user: u", "timeout: 1h", 1), "timeout"},
		{strings.Replace(good, "{name: H, reach: {en: x}}", "{name: H}", 1), "reach"},
	} {
		if _, err := LoadConfig(write("bad.yaml", bad.text)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), bad.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad.says, err)
		}
	}
	for _, bad := range []struct{ text, says string }{
		{strings.Replace(good, "host: mail.example.org, ", "", 1), "smtp.host"},
		{strings.Replace(good, "Helpline <help@example.org>", "nobody", 1), "no address"},
		{strings.Replace(good, ", password_file: pw", "", 1), PasswordVariable},
	} {
		c, err := LoadConfig(write("bad.yaml", bad.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%s: %v", bad.says, err)
		}
	}
}

func TestLetter(t *testing.T) {
	t.Parallel()
	c := &Config{Helpline: Helpline{Name: "La línea", Reach: map[string]string{"es": "Signal"}}}
	text, err := Compose(Letter, "es", Event{Kind: TermPassed, Who: "PGR", Day: "2017-08-01"}, c)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := WriteLetter(w, text, "Calle 1, Centro", "es", c, time.Date(2017, 12, 7, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(a.Bytes(), []byte("%PDF-")) || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("%d and %d bytes, or they differ", a.Len(), b.Len())
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("from: a@example.org\nhelpline: {name: H, reach: {en: x}}\nsmtp: {host: h, tls: tls, timeout: 2m}\nteam: [b@example.org]\n"))
	f.Add([]byte("helpline: {name: H, reach: {en: x}}\nsmtp: {port: -1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err != nil {
			return
		}
		if c.SMTP.TLS != StartTLS && c.SMTP.TLS != ImplicitTLS {
			t.Errorf("a configuration without TLS was taken: %+v", c.SMTP)
		}
		if c.SMTP.Password != "" {
			t.Error("a password was taken from the configuration")
		}
	})
}
