package apk_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/format/apk"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/testevidence"
)

func spec() testevidence.APKSpec {
	return testevidence.APKSpec{
		Package: "com.example.agent", Label: "Ayuda del sistema ñ", VersionName: "1.2", VersionCode: 12,
		MinSDK: 21, TargetSDK: 22, SharedUserID: "com.example.shared", Debuggable: true,
		Permissions: []string{"android.permission.RECORD_AUDIO", "android.permission.INTERNET"},
		Components: []testevidence.APKComponent{
			{Kind: "service", Name: ".Watch", Permission: "android.permission.BIND_ACCESSIBILITY_SERVICE", Exported: true, Actions: []string{"android.accessibilityservice.AccessibilityService"}},
			{Kind: "activity", Name: "com.example.agent.Main", Exported: true, Actions: []string{"android.intent.action.MAIN"}, Categories: []string{"android.intent.category.LAUNCHER"}},
			{Kind: "receiver", Name: "Boot", Actions: []string{"android.intent.action.BOOT_COMPLETED"}},
		},
		Texts:  []string{"https://c2.example.org/gate", "plain", "año.example.net"},
		Assets: map[string]string{"settings.json": `{"host":"panel.example.com"}`, "logo.png": "x.y"},
		Signer: "Maker",
	}
}

func build(t testing.TB, s testevidence.APKSpec) []byte {
	t.Helper()
	data, err := testevidence.APK(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t testing.TB, data []byte) *apk.APK {
	t.Helper()
	a, err := apk.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestManifest(t *testing.T) {
	t.Parallel()
	a := open(t, build(t, spec()))
	got, err := a.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	want := &apk.Manifest{
		Package: "com.example.agent", VersionName: "1.2", VersionCode: 12, MinSDK: 21, TargetSDK: 22,
		Label: "Ayuda del sistema ñ", SharedUserID: "com.example.shared", Debuggable: apk.Yes,
		Permissions: []string{"android.permission.INTERNET", "android.permission.RECORD_AUDIO"},
		Components: []apk.Component{
			{Kind: "service", Name: "com.example.agent.Watch", Exported: apk.Yes, Permission: "android.permission.BIND_ACCESSIBILITY_SERVICE", Actions: []string{"android.accessibilityservice.AccessibilityService"}},
			{Kind: "activity", Name: "com.example.agent.Main", Exported: apk.Yes, Actions: []string{"android.intent.action.MAIN"}, Categories: []string{"android.intent.category.LAUNCHER"}},
			{Kind: "receiver", Name: "com.example.agent.Boot", Exported: apk.No, Actions: []string{"android.intent.action.BOOT_COMPLETED"}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if l := got.Launchers(); !slices.Equal(l, []string{"com.example.agent.Main"}) {
		t.Error("launchers", l)
	}
	if l := got.Guarded("android.permission.BIND_ACCESSIBILITY_SERVICE"); !slices.Equal(l, []string{"com.example.agent.Watch"}) {
		t.Error("guarded", l)
	}
	if len(a.Odd()) != 0 {
		t.Error("odd", a.Odd())
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	certs, err := open(t, build(t, spec())).Certificates()
	if err != nil {
		t.Fatal(err)
	}
	der, err := testevidence.SigningCertificate("Maker")
	if err != nil {
		t.Fatal(err)
	}
	var schemes []string
	for _, c := range certs {
		schemes = append(schemes, c.Scheme)
		if !bytes.Equal(c.DER, der) || c.X509 == nil || c.X509.Subject.CommonName != "Maker" {
			t.Errorf("%s: another certificate (%x)", c.Scheme, sha256.Sum256(c.DER))
		}
	}
	if !slices.Equal(schemes, []string{"v2", "v1"}) {
		t.Error(schemes)
	}
	s := spec()
	s.Signer = ""
	if certs, err := open(t, build(t, s)).Certificates(); err != nil || len(certs) != 0 {
		t.Errorf("unsigned: %v, %v", certs, err)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	a := open(t, build(t, spec()))
	var got []string
	if err := a.CodeTexts(func(x apk.Text) bool { got = append(got, x.Value); return true }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"año.example.net", "https://c2.example.org/gate"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := a.Assets(func(name string, data []byte) bool {
		if name != "assets/settings.json" || !bytes.Contains(data, []byte("panel.example.com")) {
			t.Errorf("%s: %s", name, data)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
}

// TestEvasion: marks that a phone ignores do not hide the manifest.
func TestEvasion(t *testing.T) {
	t.Parallel()
	data := build(t, spec())
	at := bytes.Index(data, []byte("PK\x01\x02"))
	data[at+8] |= 1 // "encrypted"
	a := open(t, data)
	if m, err := a.Manifest(); err != nil || m.Package != "com.example.agent" || len(a.Odd()) != 1 {
		t.Errorf("%v, %v, %v", m, err, a.Odd())
	}
	// A method that does not exist: what lies there is taken as it is.
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "AndroidManifest.xml", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := open(t, build(t, spec())).Read("AndroidManifest.xml", limit.MiB)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(manifest)
	_ = z.Close()
	stored := buf.Bytes()
	stored[8] = 99
	stored[bytes.Index(stored, []byte("PK\x01\x02"))+10] = 99
	b := open(t, stored)
	if m, err := b.Manifest(); err != nil || m.Package != "com.example.agent" || len(b.Odd()) != 1 {
		t.Errorf("%v, %v, %v", m, err, b.Odd())
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	whole := build(t, spec())
	for name, data := range map[string][]byte{"empty": nil, "text": []byte(strings.Repeat("no zip here ", 9))} {
		if _, err := apk.Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, limit.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := append([]byte(nil), whole...)
	binary.LittleEndian.PutUint32(many[len(many)-10:], 1<<31)
	if _, err := apk.Open(bytes.NewReader(many), int64(len(many))); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("a list of 2 GiB: %v", err)
	}
	if _, err := open(t, whole).Read("AndroidManifest.xml", 10); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("a bomb: %v", err)
	}
	// Every length of the manifest changed in turn costs no more than the manifest.
	for i := range whole {
		data := append([]byte(nil), whole...)
		data[i] ^= 0xff
		all(data)
	}
	for i := range whole {
		all(whole[:i])
	}
}

// all reads everything of a package, whatever comes of it.
func all(data []byte) {
	a, err := apk.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	_, _ = a.Manifest()
	_, _ = a.Certificates()
	_ = a.CodeTexts(func(apk.Text) bool { return true })
	_ = a.ResourceTexts(func(apk.Text) bool { return true })
	_ = a.Assets(func(string, []byte) bool { return true })
	_ = a.ABIs()
}

func FuzzAPK(f *testing.F) {
	f.Add(build(f, spec()))
	f.Fuzz(func(_ *testing.T, data []byte) { all(data) })
}

func FuzzManifest(f *testing.F) {
	a := open(f, build(f, spec()))
	for _, name := range []string{"AndroidManifest.xml", "classes.dex", "resources.arsc", "META-INF/CERT.RSA"} {
		data, err := a.Read(name, limit.MiB)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for _, n := range []string{name, "AndroidManifest.xml"} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: n, Method: zip.Store})
			if err != nil {
				t.Skip()
			}
			_, _ = w.Write(data)
		}
		_ = z.Close()
		all(buf.Bytes())
	})
}

func BenchmarkAPK(b *testing.B) {
	data := build(b, spec())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		all(data)
	}
}
