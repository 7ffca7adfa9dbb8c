package android

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// adbState reads which computers may debug the phone.
type adbState struct{}

var adbStateInfo = artifact.Info{
	Name:    "android.adb",
	Version: 1,
	Summary: "Debugging from a computer (adb): which computers are trusted, when each was last connected, and whether one is now.",
	Files:   []string{"**/dumpsys/adb", "**/dumpsys/usb"}, Companions: acquisitionCompanions,
	Kinds: []artifact.KindInfo{
		{
			Kind: "trusted_key", Doc: "A computer's key that the owner allowed.",
			Fields: []artifact.FieldInfo{
				textField("fingerprint", "MD5 of the key, as the phone shows it"), textField("owner", "who the key says it belongs to: user@computer"),
				textField("list", "user_keys, system_keys, or keystore: those that also tell the last connection"), boolField("valid", "it is a key of 2048 bits as adb makes it"),
				boolField("acquisition_host", "it is that of the computer that made the acquisition, as AndroidQF noted it; absent: this is no acquisition"),
				boolField("used_before", "that computer was last connected a day or more before the acquisition began"),
			},
			Times: []string{"last_connection"},
		},
		{
			Kind: "state", Doc: "A value of the debugging service.",
			Fields: []artifact.FieldInfo{textField("name", "connected_to_adb, last_key_received, adb_wifi.enabled…"), textField("value", "its value")},
		},
	},
	Caveats: []string{"An acquisition over adb adds the computer that made it. Keys that were not used for a week are forgotten, unless the phone is set otherwise."},
	Refs: []string{
		"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/adb/AdbDebuggingManager.java",
		"https://android.googlesource.com/platform/system/core/+/refs/heads/main/libcrypto_utils/android_pubkey.cpp",
	},
}

// Info implements artifact.Parser.
func (adbState) Info() artifact.Info { return adbStateInfo }

// Parse implements artifact.Parser.
func (adbState) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var a adbReading
	return readSection(ctx, in, func(s *section) error {
		if err := a.acquired.learn(s); err != nil {
			return err
		}
		return a.line(s)
	}, nil)
}

type adbReading struct {
	acquired acquired
	group    string // debugging_manager, adb_wifi
	keys     bool   // lines of user_keys go on
	usb      usbSection
}

func (a *adbReading) line(s *section) error {
	line := bytes.TrimSpace(s.Line)
	if path.Base(s.In.Path) == "usb" {
		if within, err := a.usbLine(s, line); !within || err != nil {
			return err
		}
	}
	name, value, ok := bytes.Cut(line, []byte{'='})
	switch {
	case bytes.Contains(line, []byte("keystore=ABX")) || bytes.HasPrefix(line, []byte("ABX")):
		return a.binary(s, line)
	case bytes.Contains(line, []byte("<adbKey ")):
		return a.xml(s, string(line))
	case ok && string(value) == "{":
		a.group, a.keys = string(name), false
	case ok && string(name) == "user_keys":
		a.keys = true
		return a.key(s, string(value), "user_keys", "")
	case a.keys && len(line) > 100:
		return a.key(s, string(line), "user_keys", "")
	case ok && string(name) == "keystore": // its lines follow
		a.keys = false
	case ok && isWord(name):
		a.keys = false
		return a.state(s, string(name), string(value))
	case len(line) > 0 && !bytes.HasPrefix(line, []byte("<")) && !bytes.ContainsAny(line, "{}") && !bytes.HasPrefix(line, []byte("ADB MANAGER")):
		s.notUnderstood()
	}
	return nil
}

func isWord(b []byte) bool {
	return len(b) > 0 && len(bytes.Trim(b, "abcdefghijklmnopqrstuvwxyz_")) == 0
}

func (a *adbReading) state(s *section, name, value string) error {
	if a.group != "debugging_manager" && a.group != "" {
		name = a.group + "." + name
	}
	rec := s.Start("state")
	rec.Set("name", artifact.TextValue(name))
	rec.Set("value", artifact.TextOrNull(value))
	return s.Give()
}

// key reads "BASE64 user@computer". last is the last connection in
// milliseconds, "" where it is not told.
func (a *adbReading) key(s *section, text, list, last string) error {
	body, owner, _ := strings.Cut(strings.TrimSpace(text), " ")
	raw, err := base64.StdEncoding.DecodeString(body)
	rec := s.Start("trusted_key")
	if err == nil && len(raw) > 0 {
		sum := md5.Sum(raw)
		rec.Set("fingerprint", artifact.TextValue(colons(sum[:])))
	}
	rec.Set("owner", artifact.TextOrNull(owner))
	rec.Set("list", artifact.TextValue(list))
	rec.Set("valid", artifact.BoolValue(err == nil && isADBKey(raw)))
	ms := parseInt(last)
	if ms != nil {
		rec.When("last_connection", artifact.UnixMilliseconds, artifact.IntValue(*ms))
	}
	a.compare(s, ms)
	summary(rec, "computer trusted for debugging: %s", owner)
	return s.Give()
}

// isADBKey reports whether bytes are a key as android_pubkey.cpp encodes it:
// the size of the modulus in words of 32 bits, 64 for 2048 bits.
func isADBKey(b []byte) bool {
	return len(b) == 524 && binary.LittleEndian.Uint32(b) == 64
}

func colons(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = strings.ToUpper(hex.EncodeToString([]byte{c}))
	}
	return strings.Join(parts, ":")
}

// xml reads <adbKey key="…" lastConnection="1628501829898" />.
func (a *adbReading) xml(s *section, line string) error {
	for part := range strings.SplitSeq(line, "<adbKey ") {
		key, ok := attribute(part, "key")
		if !ok {
			continue
		}
		last, _ := attribute(part, "lastConnection")
		if err := a.key(s, key, "keystore", last); err != nil {
			return err
		}
	}
	return nil
}

// binary reads the keystore in Android's binary XML (ABX), as far as it names
// keys: a value of type string interned or not has its length before it, and
// lastConnection is a long in big endian
// (frameworks/base/core/java/com/android/internal/util/BinaryXmlSerializer.java).
// The dump writes bytes as text, so that what is no UTF-8 may be lost.
func (a *adbReading) binary(s *section, line []byte) error {
	found := false
	for rest := line; ; {
		i := bytes.Index(rest, []byte("QAAAA"))
		if i < 0 {
			break
		}
		rest = rest[i:]
		end := bytes.IndexFunc(rest, func(r rune) bool { return r < ' ' || r > '~' })
		if end < 0 {
			end = len(rest)
		}
		key := rest[:end]
		rest = rest[end:]
		found = true
		if err := a.key(s, string(key), "keystore", lastConnection(rest)); err != nil {
			return err
		}
	}
	if !found {
		return s.Problem(fmt.Errorf("%w: a keystore in binary XML without a key that can be read", limit.ErrCorrupt))
	}
	return nil
}

// lastConnection reads the long that follows the name of the attribute.
func lastConnection(b []byte) string {
	_, after, ok := bytes.Cut(b, []byte("lastConnection"))
	if !ok || len(after) < 8 {
		return ""
	}
	if bytes.Contains(after[:8], []byte("\uFFFD")) {
		return "" // the dump wrote a byte that is no text as U+FFFD: the time is lost
	}
	ms := int64(binary.BigEndian.Uint64(after[:8]))
	if ms < 1_000_000_000_000 || ms > 4_000_000_000_000 {
		return "" // the dump lost bytes of it
	}
	return fmt.Sprint(ms)
}
