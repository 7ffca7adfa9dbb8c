package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// sealed encrypts with age, in its armor or without.
func sealed(t *testing.T, data []byte, to age.Recipient, armored bool) []byte {
	t.Helper()
	var out bytes.Buffer
	var dst io.WriteCloser = nopWriteCloser{&out}
	if armored {
		dst = armor.NewWriter(&out)
	}
	w, err := age.Encrypt(dst, to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close(), dst.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

// TestIdentity: an acquisition that AndroidQF encrypted is opened by an age
// identity, also one under a passphrase, by every command that opens evidence;
// a wrong passphrase is told apart from a damaged file, and a wrong identity
// from both.
func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		full := filepath.Join(dir, name)
		if err := os.WriteFile(full, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	phrase, err := age.NewScryptRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	phrase.SetWorkFactor(10)
	if _, err := testevidence.WriteAndroidQF(filepath.Join(dir, "phone"), ""); err != nil {
		t.Fatal(err)
	}
	if err := testevidence.WriteAndroidIndicators(filepath.Join(dir, "ioc")); err != nil {
		t.Fatal(err)
	}
	zipFolder(t, filepath.Join(dir, "phone"), filepath.Join(dir, "phone.zip"))
	zipped, err := os.ReadFile(filepath.Join(dir, "phone.zip"))
	if err != nil {
		t.Fatal(err)
	}
	evidence := write("phone.zip.age", sealed(t, zipped, id.Recipient(), false))
	clear := []byte("# created: today\n" + id.String() + "\n")
	locked := sealed(t, clear, phrase, false)
	right, wrong := write("right", []byte("correct horse\n")), write("wrong", []byte("battery staple\n"))
	broken := bytes.Clone(locked)
	broken[len(broken)-20] ^= 1
	files := map[string]string{
		"clear": write("clear.txt", clear), "binary": write("locked.age", locked), "armored": write("armored.age", sealed(t, clear, phrase, true)),
		"broken": write("broken.age", broken), "other": write("other.txt", []byte(other.String())), "armor cut": write("cut.age", sealed(t, clear, phrase, true)[:200]),
	}
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		return code, out.String() + errs.String()
	}
	ioc := filepath.Join(dir, "ioc")
	for _, c := range []struct {
		identity, passphrase, want string
		code                       int
	}{
		{"clear", "", "COURSE OF EVENTS", exitOK},
		{"binary", right, "COURSE OF EVENTS", exitOK},
		{"armored", right, "COURSE OF EVENTS", exitOK},
		{"binary", wrong, "wrong passphrase", exitFailed},
		{"armored", wrong, "--identity-passphrase-file", exitFailed},
		{"binary", "", "passphrase", exitFailed},
		{"broken", right, "corrupt data", exitFailed},
		{"armor cut", right, "corrupt data", exitFailed},
		{"other", "", "encrypted to another key", exitFailed},
	} {
		args := []string{"check", evidence, "--indicators", ioc, "--identity", files[c.identity]}
		if c.passphrase != "" {
			args = append(args, "--identity-passphrase-file", c.passphrase)
		}
		if code, text := run(args...); code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%s with %q: %d, want %d and %q:\n%s", c.identity, filepath.Base(c.passphrase), code, c.code, c.want, text)
		}
	}
	t.Setenv(identityPassphraseVariable, "correct horse")
	out := filepath.Join(dir, "out")
	if code, text := run("check", evidence, "--indicators", ioc, "--identity", files["binary"], "--out", out); code != exitOK {
		t.Fatal(text)
	}
	data, err := os.ReadFile(filepath.Join(out, "findings.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var f finding.Finding
	if err := json.Unmarshal(data[:bytes.IndexByte(data, '\n')], &f); err != nil {
		t.Fatal(err)
	}
	if code, text := run("explain", f.ID, "--run", out, "--identity", files["armored"]); code != exitOK || !strings.Contains(text, f.Where.SHA256) {
		t.Errorf("explain: %d %s", code, text)
	}
	if code, text := run("compare", evidence, out, "--indicators", ioc, "--identity", files["binary"]); code != exitOK {
		t.Errorf("compare: %d %s", code, text)
	}
}
