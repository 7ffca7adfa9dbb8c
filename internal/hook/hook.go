// Package hook sends webhooks, signed after the specification of Standard
// Webhooks (github.com/standard-webhooks/standard-webhooks): what happens in a
// workspace is told to an address that its members chose, by ids and counts.
//
// An address is somebody else's choice too, by its name in the DNS: every
// connection is held to the networks that may be reached when it is made, no
// redirect is followed, and nothing of an answer is kept but its status.
package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Heads of a message.
const (
	HeadID        = "webhook-id"
	HeadTime      = "webhook-timestamp"
	HeadSignature = "webhook-signature"
)

// Errors of addresses and signatures.
var (
	ErrAddress   = errors.New("not an address that webhooks may have")
	ErrSignature = errors.New("the signature does not fit")
)

// Sign returns the signature of a message: "v1," and the HMAC-SHA256 of id, time
// and body under the secret.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	m := hmac.New(sha256.New, secret)
	fmt.Fprintf(m, "%s.%d.", id, at.Unix())
	m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// tolerance is how far the time of a message may be from that of its reader.
const tolerance = 5 * time.Minute

// Verify is what a receiver does: one of the signatures must fit, and the time
// must be near now. secret is as it was shown: "whsec_…". The error wraps
// ErrSignature.
func Verify(secret, id, timestamp, signatures string, body []byte, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return fmt.Errorf("%w: the secret is none", ErrSignature)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: time", ErrSignature)
	}
	at := time.Unix(seconds, 0)
	if d := now.Sub(at); d > tolerance || d < -tolerance {
		return fmt.Errorf("%w: its time is too far away", ErrSignature)
	}
	want := []byte(Sign(key, id, at, body))
	for s := range strings.FieldsSeq(signatures) {
		if hmac.Equal([]byte(s), want) {
			return nil
		}
	}
	return ErrSignature
}

// CheckURL refuses what no webhook may be sent to: anything but https, and http
// to this machine; names and passwords in the address. The error wraps
// ErrAddress. Whether the network is one that may be reached is seen when a
// connection is made, for names change.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%w: no address", ErrAddress)
	case u.User != nil:
		return fmt.Errorf("%w: it holds a name or a password", ErrAddress)
	case u.Fragment != "":
		return fmt.Errorf("%w: it has a fragment", ErrAddress)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%w: https, or http to this machine", ErrAddress)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// special are the networks that are no place of the internet, or lead back into
// one that is not: RFC 6890 and its registries, and what carries IPv4 in IPv6.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// reachable reports whether an address may be reached: one of the internet, or
// of a network that the configuration allows.
func reachable(ip netip.Addr, allowed []netip.Prefix) bool {
	ip = ip.Unmap().WithZone("")
	for _, p := range allowed {
		if p.Contains(ip) {
			return true
		}
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return ip.IsGlobalUnicast()
}

// ParseNetworks reads the networks that a configuration allows: CIDRs, with
// commas between.
func ParseNetworks(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("network %q: write 10.0.0.0/8", s)
		}
		out = append(out, p)
	}
	return out, nil
}
