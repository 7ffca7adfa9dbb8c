package notice

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/limit"
)

// ErrConfig says that the configuration of notices lacks something.
var ErrConfig = errors.New("configuration of notices")

// PasswordVariable is the environment variable with the password of the SMTP
// server, where no file has it.
const PasswordVariable = "AMPARO_SMTP_PASSWORD" //nolint:gosec // its name, not a password

// Config is how notices go out: a YAML file of the team. It holds no secret.
type Config struct {
	From     string   `yaml:"from"` // "Helpline <help@example.org>"
	Helpline Helpline `yaml:"helpline"`
	SMTP     SMTP     `yaml:"smtp"`
	Team     []string `yaml:"team"` // addresses that get reminders
	Daily    Daily    `yaml:"daily"`
}

// Daily is of which cases "amparo serve" does each day what "account remind
// --send" does: none where it is not set.
type Daily struct {
	Cases  []string `yaml:"cases"`
	Within int      `yaml:"within"` // days; default 7
}

// Helpline is who tells, and how they are reached safely, by language.
type Helpline struct {
	Name  string            `yaml:"name"`
	Reach map[string]string `yaml:"reach"`
}

// SMTP is a server that takes mail. There is no way without TLS.
type SMTP struct {
	Host         string        `yaml:"host"`
	Port         int           `yaml:"port"`
	TLS          string        `yaml:"tls"` // "starttls" (587), or "tls" from the first byte (465)
	User         string        `yaml:"user"`
	PasswordFile string        `yaml:"password_file"`
	CAFile       string        `yaml:"ca_file"` // PEM; "": those of the system
	Timeout      time.Duration `yaml:"timeout"` // of the whole exchange; default 60s

	Password string `yaml:"-"`
}

// Ways of TLS.
const (
	StartTLS    = "starttls"
	ImplicitTLS = "tls"
)

// maxConfig bounds the files of a configuration in bytes.
const maxConfig = 1 << 20

// LoadConfig reads a configuration. Paths in it are relative to its folder.
// Errors wrap ErrConfig.
func LoadConfig(name string) (*Config, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, name, err)
	}
	for _, path := range []*string{&c.SMTP.PasswordFile, &c.SMTP.CAFile} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(name), *path)
		}
	}
	return c, nil
}

// ParseConfig reads a configuration that lies in no file of this machine: paths
// in it are absolute, and are of whichever machine sends. Errors wrap ErrConfig.
func ParseConfig(data []byte) (*Config, error) {
	c, err := parseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for _, f := range [][2]string{{"password_file", c.SMTP.PasswordFile}, {"ca_file", c.SMTP.CAFile}} {
		if key, path := f[0], f[1]; path != "" && !filepath.IsAbs(path) {
			return nil, limit.At(limit.Because(fmt.Errorf("%w: %s: a path that every machine has begins at the root", ErrConfig, path), "path", "Path", path), "smtp", key)
		}
	}
	return c, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limit.ReadAll(f, maxConfig)
}

func parseConfig(data []byte) (*Config, error) {
	c := &Config{SMTP: SMTP{TLS: StartTLS, Timeout: time.Minute}, Daily: Daily{Within: 7}}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true) // a password written here is refused as unknown
	if err := dec.Decode(c); err != nil {
		return nil, err
	}
	if c.Helpline.Name == "" || len(c.Helpline.Reach) == 0 {
		return nil, limit.At(limit.Because(errors.New("helpline needs a name, and reach: how it is reached safely, by language"), "helpline"), "helpline")
	}
	switch c.SMTP.TLS {
	case StartTLS:
		c.SMTP.Port = orPort(c.SMTP.Port, 587)
	case ImplicitTLS:
		c.SMTP.Port = orPort(c.SMTP.Port, 465)
	default:
		err := fmt.Errorf("smtp.tls is starttls or tls, not %q: mail is not sent without TLS", c.SMTP.TLS)
		return nil, limit.At(limit.Because(err, "tls", "Value", c.SMTP.TLS), "smtp", "tls")
	}
	if c.SMTP.Timeout < time.Second || c.SMTP.Timeout > MaxSending {
		return nil, limit.At(limit.Because(fmt.Errorf("smtp.timeout is between 1s and %s", MaxSending), "timeout", "Most", MaxSending.String()), "smtp", "timeout")
	}
	return c, nil
}

func orPort(port, standard int) int {
	if port == 0 {
		return standard
	}
	return port
}

// Ready finds the password, and reports what sending needs and the
// configuration lacks.
func (c *Config) Ready() error {
	if c.SMTP.Host == "" {
		return fmt.Errorf("%w: smtp.host is not set: no mail can be sent", ErrConfig)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return fmt.Errorf("%w: from is no address", ErrConfig)
	}
	if c.SMTP.User == "" {
		return nil
	}
	c.SMTP.Password = os.Getenv(PasswordVariable)
	if c.SMTP.PasswordFile != "" {
		data, err := readFile(c.SMTP.PasswordFile)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
		c.SMTP.Password, _, _ = strings.Cut(string(data), "\n")
		c.SMTP.Password = strings.TrimSuffix(c.SMTP.Password, "\r")
	}
	if c.SMTP.Password == "" {
		return fmt.Errorf("%w: smtp.user is set and there is no password: set smtp.password_file or %s", ErrConfig, PasswordVariable)
	}
	return nil
}
