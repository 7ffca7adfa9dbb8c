package android

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/android"
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/apk"
	"github.com/amparo-project/amparo/internal/limit"
)

// apks reads packages of apps that are at hand: loose ones, and the copies in
// an acquisition.
type apks struct{}

var apksInfo = artifact.Info{
	Name:       "android.apk",
	Version:    1,
	Summary:    "Apps that are at hand as files: who made them, what they may do, and which addresses are in them.",
	Files:      []string{"**/*.apk", "**/*.apk_"},
	Companions: []string{"**/packages.json"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "apk",
			Doc:  "A package, by its manifest.",
			Fields: []artifact.FieldInfo{
				{Name: "package_name", Type: artifact.Text, Doc: "name that identifies the app"},
				{Name: "label", Type: artifact.Text, Doc: "name that people see"},
				{Name: "version_name", Type: artifact.Text, Doc: "version"},
				{Name: "version_code", Type: artifact.Int, Doc: "version as a number"},
				{Name: "min_sdk", Type: artifact.Int, Doc: "lowest API level that it runs on"},
				{Name: "target_sdk", Type: artifact.Int, Doc: "API level that it was made for: below 23 it is given all permissions at once"},
				{Name: "split", Type: artifact.Text, Doc: "name of the part, where the app comes in several"},
				{Name: "shared_user_id", Type: artifact.Text, Doc: "user that it shares with other apps"},
				{Name: "md5", Type: artifact.Text, Doc: "MD5 of the file; of a copy as the list of packages has it beside the same SHA-256"},
				{Name: "sha1", Type: artifact.Text, Doc: "SHA-1 of the file, likewise"},
				{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of the file"},
				{Name: "debuggable", Type: artifact.Bool, Doc: "anybody with the cable can read its data"},
				{Name: "test_only", Type: artifact.Bool, Doc: "it can be installed over a cable alone"},
				{Name: "allow_backup", Type: artifact.Bool, Doc: "its data may be in a backup"},
				{Name: "cleartext", Type: artifact.Bool, Doc: "it may talk to servers without encryption"},
				{Name: "permissions", Type: artifact.Strings, Doc: "permissions that it asks for"},
				{Name: "dangerous", Type: artifact.Strings, Doc: "what those of them allow that let it watch or control the owner"},
				{Name: "defines", Type: artifact.Strings, Doc: "permissions that it defines"},
				{Name: "launchers", Type: artifact.Strings, Doc: "parts that show an icon"},
				{Name: "accessibility_services", Type: artifact.Strings, Doc: "parts that can read and control the screen, once the owner allows it"},
				{Name: "device_admins", Type: artifact.Strings, Doc: "parts that can administer the phone, once the owner allows it"},
				{Name: "notification_listeners", Type: artifact.Strings, Doc: "parts that can read all notifications, once the owner allows it"},
				{Name: "keyboards", Type: artifact.Strings, Doc: "parts that can be the keyboard"},
				{Name: "vpns", Type: artifact.Strings, Doc: "parts that can see all traffic of the network"},
				{Name: "exported", Type: artifact.Strings, Doc: "parts that other apps can start"},
				{Name: "actions", Type: artifact.Strings, Doc: "events that its receivers wait for"},
				{Name: "components", Type: artifact.Int, Doc: "number of its parts"},
				{Name: "abis", Type: artifact.Strings, Doc: "architectures that it has native code for"},
				{Name: "odd", Type: artifact.Strings, Doc: "what keeps other tools from reading it, and no tool that makes packages does"},
			},
		},
		{
			Kind: "certificate",
			Doc:  "A certificate that the package is signed with.",
			Fields: []artifact.FieldInfo{
				{Name: "package_name", Type: artifact.Text, Doc: "package"},
				{Name: "scheme", Type: artifact.Text, Doc: "scheme of the signature: v1, v2, v3, v3.1"},
				{Name: "file", Type: artifact.Text, Doc: "file in the package that it lies in, for v1"},
				{Name: "certificate_md5", Type: artifact.Text, Doc: "MD5 of it"},
				{Name: "certificate_sha1", Type: artifact.Text, Doc: "SHA-1 of it"},
				{Name: "certificate_sha256", Type: artifact.Text, Doc: "SHA-256 of it"},
				{Name: "certificate_subject", Type: artifact.Text, Doc: "whom it names"},
				{Name: "certificate_issuer", Type: artifact.Text, Doc: "who issued it: for apps the same"},
				{Name: "certificate_serial", Type: artifact.Text, Doc: "serial number"},
				{Name: "certificate_algorithm", Type: artifact.Text, Doc: "algorithm of its signature"},
				{Name: "certificate_valid_from", Type: artifact.Text, Doc: "begin of its validity"},
				{Name: "certificate_valid_to", Type: artifact.Text, Doc: "end of its validity"},
				{Name: "test_key", Type: artifact.Text, Doc: "which of the published test keys signed it, or debug for one of a developer's machine"},
			},
		},
		{
			Kind: "named",
			Doc:  "An address in the code, the resources or a further file of the package.",
			Fields: []artifact.FieldInfo{
				{Name: "package_name", Type: artifact.Text, Doc: "package"},
				{Name: "url", Type: artifact.Text, Doc: "link"},
				{Name: "host", Type: artifact.Text, Doc: "name or address of a server"},
				{Name: "file", Type: artifact.Text, Doc: "file in the package"},
				{Name: "text", Type: artifact.Text, Doc: "text that it stands in"},
			},
		},
	},
	Caveats: []string{
		"Addresses that are encrypted in the code, or loaded later, do not show.",
		"Whether the signature holds is not checked: the phone did that.",
		"Links in code are often of documentation and libraries.",
	},
	Refs: []string{
		"https://source.android.com/docs/security/features/apksigning",
		"https://developer.android.com/guide/topics/manifest/manifest-intro",
		"https://source.android.com/docs/core/runtime/dex-format",
	},
}

// Info implements artifact.Parser.
func (apks) Info() artifact.Info { return apksInfo }

// Parse implements artifact.Parser.
func (apks) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		a, err := apk.Open(in, in.Size)
		if err != nil {
			return err
		}
		if !a.IsPackage() {
			return fmt.Errorf("%w: no manifest", limit.ErrUnsupported)
		}
		p := &apkReading{r: r, a: a, seen: map[string]bool{}}
		return p.read()
	})
}

// An apkReading is one package that is read.
type apkReading struct {
	r     *fileReading
	a     *apk.APK
	name  string
	seen  map[string]bool // addresses that were given
	named int
}

func (p *apkReading) read() error {
	m, bad := p.a.Manifest()
	if m == nil {
		m = &apk.Manifest{}
	}
	p.name = m.Package
	certs, badCerts := p.a.Certificates()
	if err := p.manifest(m); err != nil {
		return err
	}
	for _, c := range certs {
		if err := p.certificate(&c); err != nil {
			return err
		}
	}
	badTexts, err := p.texts()
	if err != nil {
		return err
	}
	for _, bad := range []error{bad, badCerts, badTexts} {
		if bad == nil {
			continue
		}
		if err := p.r.Problem(0, bad); err != nil {
			return err
		}
	}
	return nil
}

// truths are the fields of flags of the manifest.
func (p *apkReading) truth(field string, t apk.Truth) {
	if t != apk.Unsaid {
		p.r.Rec.Set(field, artifact.BoolValue(t == apk.Yes))
	}
}

func (p *apkReading) manifest(m *apk.Manifest) error {
	r := p.r
	sums, err := p.hashes()
	if err != nil {
		return err
	}
	rec := r.Start("apk", 0, r.In.Size)
	r.set("package_name", m.Package)
	r.set("label", m.Label)
	r.set("version_name", m.VersionName)
	r.set("split", m.Split)
	r.set("shared_user_id", m.SharedUserID)
	for _, f := range []struct {
		field string
		value int64
	}{{"version_code", m.VersionCode}, {"min_sdk", m.MinSDK}, {"target_sdk", m.TargetSDK}, {"components", int64(len(m.Components))}} {
		rec.Set(f.field, artifact.IntValue(f.value))
	}
	for i, field := range []string{"md5", "sha1", "sha256"} {
		r.set(field, sums[i])
		rec.Observe(artifact.FileHash, sums[i], field)
	}
	p.truth("debuggable", m.Debuggable)
	p.truth("test_only", m.TestOnly)
	p.truth("allow_backup", m.AllowBackup)
	p.truth("cleartext", m.Cleartext)
	p.abilities(m)
	r.list("abis", p.a.ABIs())
	r.list("odd", slices.Clone(p.a.Odd()))
	rec.Observe(artifact.AppID, rec.Text("package_name"), "package_name")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "app ", rec.Text("label"), " (", rec.Text("package_name"), " ", rec.Text("version_name"), ")")
	}
	return r.Give()
}

// guarded are the fields of parts that only the system may start.
var guarded = []struct{ field, permission string }{
	{"accessibility_services", "android.permission.BIND_ACCESSIBILITY_SERVICE"},
	{"device_admins", "android.permission.BIND_DEVICE_ADMIN"},
	{"notification_listeners", "android.permission.BIND_NOTIFICATION_LISTENER_SERVICE"},
	{"keyboards", "android.permission.BIND_INPUT_METHOD"},
	{"vpns", "android.permission.BIND_VPN_SERVICE"},
}

func (p *apkReading) abilities(m *apk.Manifest) {
	r := p.r
	list := func(field string, texts []string) { r.list(field, slices.Clone(texts[:min(len(texts), maxTexts)])) }
	list("permissions", m.Permissions)
	list("defines", m.Defines)
	var dangerous []string
	for _, name := range m.Permissions {
		if android.Dangerous(name) {
			_, meaning, _ := android.Permission(name)
			dangerous = append(dangerous, meaning)
		}
	}
	list("dangerous", dangerous)
	list("launchers", m.Launchers())
	for _, g := range guarded {
		list(g.field, m.Guarded(g.permission))
	}
	var exported, actions []string
	for i := range m.Components {
		c := &m.Components[i]
		if c.Exported == apk.Yes {
			exported = append(exported, c.Name)
		}
		if c.Kind == "receiver" {
			actions = append(actions, c.Actions...)
		}
	}
	slices.Sort(actions)
	list("exported", exported)
	list("actions", slices.Compact(actions))
}

// hashes returns MD5, SHA-1 and SHA-256 of the file, in hex. The first two take
// most of the time for gigabytes of copies: they are not made again where the
// acquisition's list of packages has them beside the same SHA-256.
func (p *apkReading) hashes() (sums [3]string, err error) {
	if sums[2], err = p.r.In.SHA256(); err != nil {
		return sums, err
	}
	if sums[0], sums[1], err = p.listed(sums[2]); err != nil {
		if err := p.r.Problem(0, fmt.Errorf("the list of packages: %w", err)); err != nil {
			return sums, err
		}
	}
	if sums[0] != "" && sums[1] != "" {
		return sums, nil
	}
	m, s1 := md5.New(), sha1.New()
	if _, err := io.Copy(io.MultiWriter(m, s1), io.NewSectionReader(p.r.In, 0, p.r.In.Size)); err != nil {
		return sums, err
	}
	sums[0], sums[1] = hex.EncodeToString(m.Sum(nil)), hex.EncodeToString(s1.Sum(nil))
	return sums, nil
}

// maxPackageList bounds the list of packages in which a hash is looked for.
const maxPackageList = 64 * limit.MiB

// listed returns the MD5 and SHA-1 that the list of packages, two folders up
// from a copy, has in the same entry as the SHA-256.
func (p *apkReading) listed(sum string) (m, s1 string, err error) {
	in, err := p.r.In.Companion(path.Join(path.Dir(path.Dir(p.r.In.Path)), "packages.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	data, err := in.All(maxPackageList)
	if err != nil {
		return "", "", err
	}
	at := bytes.Index(data, []byte(`"`+sum+`"`))
	if at < 0 {
		return "", "", nil
	}
	entry := data[bytes.LastIndexByte(data[:at], '{')+1 : at]
	return hexAfter(entry, "md5", 32), hexAfter(entry, "sha1", 40), nil
}

// hexAfter returns the value of a key of JSON that is n hexadecimal digits.
func hexAfter(entry []byte, key string, n int) string {
	_, rest, ok := bytes.Cut(entry, []byte(`"`+key+`"`))
	rest = bytes.TrimLeft(rest, ": \t\r\n\"")
	if !ok || len(rest) < n {
		return ""
	}
	if _, err := hex.DecodeString(string(rest[:n])); err != nil {
		return ""
	}
	return strings.ToLower(string(rest[:n]))
}

func (p *apkReading) certificate(c *apk.Certificate) error {
	r := p.r
	rec := r.Start("certificate", 0, r.In.Size)
	m, s1, s256 := md5.Sum(c.DER), sha1.Sum(c.DER), sha256.Sum256(c.DER)
	r.set("package_name", p.name)
	r.set("scheme", c.Scheme)
	r.set("file", c.Place)
	r.set("certificate_md5", hex.EncodeToString(m[:]))
	r.set("certificate_sha1", hex.EncodeToString(s1[:]))
	r.set("certificate_sha256", hex.EncodeToString(s256[:]))
	for _, field := range []string{"certificate_md5", "certificate_sha1", "certificate_sha256"} {
		rec.Observe(artifact.CertHash, rec.Text(field), field)
	}
	if x := c.X509; x != nil {
		r.set("certificate_subject", strings.ToValidUTF8(x.Subject.String(), "\ufffd"))
		r.set("certificate_issuer", strings.ToValidUTF8(x.Issuer.String(), "\ufffd"))
		r.set("certificate_serial", x.SerialNumber.String())
		r.set("certificate_algorithm", x.SignatureAlgorithm.String())
		r.set("certificate_valid_from", x.NotBefore.UTC().Format(time.RFC3339))
		r.set("certificate_valid_to", x.NotAfter.UTC().Format(time.RFC3339))
	}
	r.set("test_key", testKey(rec.Text("certificate_sha256"), rec.Text("certificate_subject")))
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "app ", rec.Text("package_name"), " signed by ", rec.Text("certificate_subject"))
	}
	return r.Give()
}
