package tracev3

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"
)

// A decoder appends a value as the name in braces has it, and reports false
// where the value does not fit, and is written as its verb has it.
type decoder func(b []byte, it *item) ([]byte, bool)

// decoders are the ways of decoding that a format string may name.
var decoders = map[string]decoder{
	"bool":         truth("false", "true"),
	"BOOL":         truth("NO", "YES"),
	"mdns:yesno":   truth("no", "yes"),
	"errno":        decodeErrno,
	"darwin.errno": decodeErrno,
	"darwin.mode":  decodeMode, "darwin.signal": decodeSignal,
	"time_t": decodeSeconds, "timeval": decodeTimeval, "timespec": decodeTimespec,
	"uuid_t":  decodeUUID,
	"in_addr": decodeIPv4, "network:in_addr": decodeIPv4,
	"in6_addr": decodeIPv6, "network:in6_addr": decodeIPv6,
	"sockaddr": decodeSockaddr, "network:sockaddr": decodeSockaddr,
	"bytes": scaled("B", 1000, ""), "iec-bytes": scaled("B", 1024, "i"),
	"bitrate": scaled("bps", 1000, ""), "iec-bitrate": scaled("bps", 1024, "i"),
	"mdnsresponder:domain_name": decodeDomainName,
	"mdnsresponder:ip_addr":     decodeIPAddr,
	"mdnsresponder:mac_addr":    decodeMAC,
	"location:SqliteResult":     decodeSQLite,

	"location:CLClientAuthorizationStatus": named(authorizations),
	"odtypes:mbridtype":                    named(membershipIDs),
}

var authorizations = map[int64]string{
	0: "Not Determined", 1: "Restricted", 2: "Denied", 3: "Authorized Always", 4: "Authorized When In Use",
}

var membershipIDs = map[int64]string{
	0: "UID", 1: "GID", 3: "SID", 4: "USERNAME", 5: "GROUPNAME", 6: "UUID", 7: "GROUP NFS", 8: "USER NFS",
	10: "GSS EXPORT NAME", 11: "X509 DN", 12: "KERBEROS",
}

func named(names map[int64]string) decoder {
	return func(b []byte, it *item) ([]byte, bool) {
		s, ok := names[it.signed()]
		return append(b, s...), ok && it.kind == kindScalar
	}
}

func truth(no, yes string) decoder {
	return func(b []byte, it *item) ([]byte, bool) {
		if it.kind != kindScalar {
			return b, false
		}
		if v, _ := it.scalar(); v != 0 {
			return append(b, yes...), true
		}
		return append(b, no...), true
	}
}

func decodeErrno(b []byte, it *item) ([]byte, bool) {
	if it.kind != kindScalar && it.kind != kindErrno {
		return b, false
	}
	v := it.signed()
	b = append(b, '[')
	b = strconv.AppendInt(b, v, 10)
	b = append(b, ": "...)
	b = append(b, errnoText(v)...)
	return append(b, ']'), true
}

func decodeSignal(b []byte, it *item) ([]byte, bool) {
	v := it.signed()
	if it.kind != kindScalar || v < 1 || v > int64(len(signals)) {
		return b, false
	}
	s := signals[v-1]
	b = append(b, '[')
	b = append(b, s.name...)
	b = append(b, ": "...)
	b = append(b, s.text...)
	return append(b, ']'), true
}

// decodeMode writes permissions as ls does.
func decodeMode(b []byte, it *item) ([]byte, bool) {
	if it.kind != kindScalar {
		return b, false
	}
	v, _ := it.scalar()
	kinds := map[uint64]byte{0o01: 'p', 0o02: 'c', 0o04: 'd', 0o06: 'b', 0o12: 'l', 0o14: 's', 0o16: 'w'}
	kind, ok := kinds[v>>12&0o17]
	if !ok {
		kind = '-'
	}
	b = append(b, kind)
	const all = "rwxrwxrwx"
	for i := range len(all) {
		if v>>(8-i)&1 != 0 {
			b = append(b, all[i])
		} else {
			b = append(b, '-')
		}
	}
	return b, true
}

const (
	layoutSeconds = "2006-01-02 15:04:05"
	layoutMicros  = "2006-01-02 15:04:05.000000"
	layoutNanos   = "2006-01-02 15:04:05.000000000"
)

// Times are written in UTC: the log does not keep the zone of the moment.
func decodeSeconds(b []byte, it *item) ([]byte, bool) {
	return appendInstant(b, it.signed(), 0, layoutSeconds, it.kind == kindScalar)
}

func decodeTimeval(b []byte, it *item) ([]byte, bool) {
	if len(it.data) < 12 {
		return b, false
	}
	usec := int64(int32(binary.LittleEndian.Uint32(it.data[8:])))
	return appendInstant(b, int64(binary.LittleEndian.Uint64(it.data)), usec*1000, layoutMicros, true)
}

func decodeTimespec(b []byte, it *item) ([]byte, bool) {
	if len(it.data) < 16 {
		return b, false
	}
	ns := int64(binary.LittleEndian.Uint64(it.data[8:]))
	return appendInstant(b, int64(binary.LittleEndian.Uint64(it.data)), ns, layoutNanos, true)
}

func appendInstant(b []byte, sec, ns int64, layout string, ok bool) ([]byte, bool) {
	const last = 253_402_300_799 // the end of the year 9999
	if !ok || sec < -last || sec > last || ns < 0 || ns >= 1_000_000_000 {
		return b, false
	}
	return time.Unix(sec, ns).UTC().AppendFormat(b, layout), true
}

func decodeUUID(b []byte, it *item) ([]byte, bool) {
	if len(it.data) != 16 {
		return b, false
	}
	return append(b, UUID(it.data).String()...), true
}

func decodeIPv4(b []byte, it *item) ([]byte, bool) {
	if len(it.data) != 4 {
		return b, false
	}
	return netip.AddrFrom4([4]byte(it.data)).AppendTo(b), true
}

func decodeIPv6(b []byte, it *item) ([]byte, bool) {
	if len(it.data) != 16 {
		return b, false
	}
	return netip.AddrFrom16([16]byte(it.data)).AppendTo(b), true
}

// Address families of Darwin.
const (
	familyInet  = 2
	familyInet6 = 30
)

func decodeSockaddr(b []byte, it *item) ([]byte, bool) {
	d := it.data
	if len(d) < 8 {
		return b, false
	}
	var a netip.Addr
	switch {
	case d[1] == familyInet:
		a = netip.AddrFrom4([4]byte(d[4:8]))
	case d[1] == familyInet6 && len(d) >= 24:
		a = netip.AddrFrom16([16]byte(d[8:24]))
	default:
		return b, false
	}
	port := binary.BigEndian.Uint16(d[2:])
	if port == 0 {
		return a.AppendTo(b), true
	}
	return netip.AddrPortFrom(a, port).AppendTo(b), true
}

// decodeIPAddr reads the address of mDNSResponder: its version, then itself.
func decodeIPAddr(b []byte, it *item) ([]byte, bool) {
	d := it.data
	switch {
	case len(d) >= 8 && binary.LittleEndian.Uint32(d) == 4:
		return netip.AddrFrom4([4]byte(d[4:8])).AppendTo(b), true
	case len(d) >= 20 && binary.LittleEndian.Uint32(d) == 6:
		return netip.AddrFrom16([16]byte(d[4:20])).AppendTo(b), true
	}
	return b, false
}

func decodeMAC(b []byte, it *item) ([]byte, bool) {
	if len(it.data) != 6 {
		return b, false
	}
	for i := range it.data {
		if i > 0 {
			b = append(b, ':')
		}
		b = hex.AppendEncode(b, it.data[i:i+1])
	}
	return b, true
}

// decodeDomainName reads a name as DNS sends it: labels, each with its
// length.
func decodeDomainName(b []byte, it *item) ([]byte, bool) {
	start := len(b)
	for d := it.data; len(d) > 0 && d[0] > 0; {
		n := int(d[0])
		if n > 63 || n >= len(d) {
			return b[:start], false
		}
		for _, c := range d[1 : 1+n] {
			if c < ' ' || c == 0x7f {
				c = '?'
			}
			b = append(b, c)
		}
		b, d = append(b, '.'), d[1+n:]
	}
	return b, len(b) > start
}

// scaled writes a number of units with the prefix that keeps it short.
func scaled(unit string, base float64, binaryMark string) decoder {
	return func(b []byte, it *item) ([]byte, bool) {
		if it.kind != kindScalar {
			return b, false
		}
		v := float64(it.signed())
		const prefixes = "kMGTPE"
		i := -1
		for (v >= base || v <= -base) && i < len(prefixes)-1 {
			v, i = v/base, i+1
		}
		prec := 0
		if i >= 0 {
			prec = 2
		}
		b = strconv.AppendFloat(b, v, 'f', prec, 64)
		b = append(b, ' ')
		if i >= 0 {
			b = append(b, prefixes[i])
			b = append(b, binaryMark...)
		}
		return append(b, unit...), true
	}
}

func decodeSQLite(b []byte, it *item) ([]byte, bool) {
	v := it.signed()
	name, ok := sqliteResults[v]
	if !ok {
		return b, false
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"'), true
}
