package s3

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Place is where a bucket is, without its secrets.
type Place struct {
	Bucket   string
	Prefix   string // of all names in it; "" or it ends in "/"
	Endpoint string // HOST or HOST:PORT
	Region   string
	TLS      bool
	CA       string        // a file of certificates besides those of the system, PEM
	Lock     time.Duration // for which the store refuses to delete what is new; 0: it does not
}

// ErrPlace says that the address of a bucket cannot be used.
var ErrPlace = errors.New("the address of a bucket is s3://BUCKET/PREFIX?endpoint=https://HOST")

// amazon is the endpoint where the address names none.
const amazon = "https://s3.amazonaws.com"

// maxLock bounds Lock: evidence of which a person has taken back their consent
// lies there that long, unreadable.
const maxLock = 3650

// IsPlace reports whether a text is the address of a bucket, not a folder.
func IsPlace(text string) bool { return strings.HasPrefix(text, "s3://") }

// looksLike fits addresses of something that is no folder: of Windows' drives the
// name is one letter.
var looksLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:/`)

// Misspelt reports whether a text that is no address of a bucket looks as if it
// were to be one: nobody wants evidence in a folder of that name.
func Misspelt(text string) bool { return !IsPlace(text) && looksLike.MatchString(text) }

// ParsePlace reads the address of a bucket: s3://BUCKET/PREFIX, with the
// parameters endpoint (https://HOST:PORT; http is for this machine alone, or with
// tls=off), region, ca (a file) and lock (days). A secret in it is refused.
// The error wraps ErrPlace.
func ParsePlace(text string) (Place, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Place{}, fmt.Errorf("%w: it cannot be read", ErrPlace) // not the error: it quotes what may be a secret
	}
	if !IsPlace(text) && u.Scheme != "s3" || Misspelt(text) && u.Host != "" {
		return Place{}, fmt.Errorf("%w: it begins with something else", ErrPlace)
	}
	if u.Host == "" || u.User != nil || u.Fragment != "" {
		return Place{}, fmt.Errorf("%w: it has no bucket, or it has a name, a password or a fragment", ErrPlace)
	}
	p := Place{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if p.Prefix != "" {
		p.Prefix += "/"
	}
	q := u.Query()
	for k := range q {
		switch k {
		case "endpoint", "region", "ca", "lock", "tls":
		default:
			return Place{}, fmt.Errorf("%w: unknown parameter %q", ErrPlace, k)
		}
	}
	p.Region, p.CA = q.Get("region"), q.Get("ca")
	if days := q.Get("lock"); days != "" {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > maxLock {
			return Place{}, fmt.Errorf("%w: lock is a number of days up to %d", ErrPlace, maxLock)
		}
		p.Lock = time.Duration(n) * 24 * time.Hour
	}
	return p, p.endpoint(q.Get("endpoint"), q.Get("tls") == "off")
}

func (p *Place) endpoint(text string, plain bool) error {
	if text == "" {
		text = amazon
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Errorf("%w: the endpoint is https://HOST or https://HOST:PORT", ErrPlace)
	}
	p.Endpoint = u.Host
	switch u.Scheme {
	case "https":
		p.TLS = true
	case "http":
		if ip := net.ParseIP(u.Hostname()); !plain && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("%w: http is for this machine alone; on a network that you trust add tls=off", ErrPlace)
		}
	default:
		return fmt.Errorf("%w: the endpoint is https://HOST or https://HOST:PORT", ErrPlace)
	}
	return nil
}
