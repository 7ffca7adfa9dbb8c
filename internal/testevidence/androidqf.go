package testevidence

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The reports that published what is planted on the Android phone.
const (
	rcsLab2022      = "https://github.com/mvt-project/mvt-indicators/tree/main/2022-06-23_rcs_lab"
	wyrmSpy2023     = "https://github.com/mvt-project/mvt-indicators/tree/main/2023-07-25_wyrmspy_dragonegg"
	androidCampaign = "https://github.com/AmnestyTech/investigations/tree/master/2023-03-29_android_campaign"
)

// androidValues are the published values that are planted.
var androidValues = []published{
	{"app", "com.fintur.support", rcsLab2022},
	{"app", "com.androidservices.support", rcsLab2022},
	{"sha256", "0759a60e09710321dfc42b09518516398785f60e150012d15be88bbb2ea788db", rcsLab2022},
	{"app", "com.hx.rootwifi", wyrmSpy2023},
	{"path", "/data/local/tmp/wd/pred.so", cytrox2021},
	{"path", "/data/local/tmp/wd/fs.db", cytrox2021},
	{"domain", "android-apps.tech", cytrox2021},
	{"domain", "smsmensaje.mx", reckless2017},
	{"domain", "free247downloads.com", amnesty2021},
	{"property", "sys.brand.doc", androidCampaign},
}

// spySigner signs the planted app. Its key is made here, so no published
// certificate can be planted on an app that is whole.
const spySigner = "Synthetic maker of spyware"

// WriteAndroidIndicators writes the bundle demo-android-traces.stix2 into dir:
// all published values that [WriteAndroidQF] plants, and the certificate of
// its invented maker.
func WriteAndroidIndicators(dir string) error {
	der, err := SigningCertificate(spySigner)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(der)
	b, err := newBundle(filepath.Join(dir, "demo-android-traces.stix2"), newRandom(0, "android indicators"))
	if err != nil {
		return err
	}
	no := false
	malware := b.put(stixObject{Type: "malware", Name: "Spyware for Android", Description: "Published traces of RCS Lab, WyrmSpy, Predator and Pegasus", IsFamily: &no})
	values := append([]published{{"cert", hex.EncodeToString(sum[:]), ""}}, androidValues...)
	for _, p := range values {
		id := b.indicator(p.kind, p.value)
		b.put(stixObject{Type: "relationship", Relation: "indicates", SourceRef: id, TargetRef: malware})
	}
	return b.close()
}

// An androidPhone gathers the files of an acquisition and the truth about it.
type androidPhone struct {
	files map[string][]byte
	truth *Truth
	err   error
}

func (p *androidPhone) put(name, content string) { p.files[name] = []byte(content) }

// plant notes a trace with a published value, critical wherever it lies.
func (p *androidPhone) plant(name, artifact, path, indicator, value string) {
	p.truth.Planted = append(p.truth.Planted, Trace{Name: name, Artifact: artifact, Path: path, Indicator: indicator, Value: value, Severity: "critical"})
}

// behave notes a trace that a rule must find.
func (p *androidPhone) behave(rule, artifact, path, severity, value string) {
	p.truth.Planted = append(p.truth.Planted, Trace{Name: rule, Artifact: artifact, Path: path, Rule: rule, Value: value, Severity: severity})
}

func (p *androidPhone) decoy(name, artifact, path, value string) {
	p.truth.Decoys = append(p.truth.Decoys, Trace{Name: name, Artifact: artifact, Path: path, Value: value})
}

// WriteAndroidQF writes an acquisition as AndroidQF does
// (https://github.com/mvt-project/androidqf, modules/ and acquisition/) of a
// phone with published traces of mercenary spyware in every file that can hold
// one, and near misses of them. password protects the backup in it; "" leaves
// it open.
func WriteAndroidQF(dir, password string) (*Truth, error) {
	p := &androidPhone{files: map[string][]byte{}, truth: &Truth{Password: password, Encrypted: password != ""}}
	for _, write := range []func(*androidPhone){
		androidFacts, androidPackages, androidLists, androidApps, androidLogs, androidCrash,
	} {
		write(p)
	}
	androidMessages(p, password)
	p.hashed()
	// Somebody edited a file afterwards.
	p.put("services.txt", string(p.files["services.txt"])+"edited\n")
	p.behave("android_acquisition_changed", "android.acquisition", "hashes.csv", "medium", "services.txt")
	return p.write(dir)
}

// WriteRootedAndroidQF writes an acquisition of a phone that somebody has root
// on, or had: its system says of itself that it is not as it was sold.
func WriteRootedAndroidQF(dir string) (*Truth, error) {
	p := &androidPhone{files: map[string][]byte{}, truth: &Truth{}}
	androidFacts(p)
	androidRoot(p)
	p.hashed()
	return p.write(dir)
}

// hashed puts the hashes of all files.
func (p *androidPhone) hashed() {
	var hashes strings.Builder
	for _, name := range sortedKeys(p.files) {
		sum := sha256.Sum256(p.files[name])
		fmt.Fprintf(&hashes, "%s,%s\n", name, hex.EncodeToString(sum[:]))
	}
	p.put("hashes.csv", hashes.String())
}

// write writes the files into dir.
func (p *androidPhone) write(dir string) (*Truth, error) {
	if p.err != nil {
		return nil, p.err
	}
	for name, data := range p.files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			return nil, err
		}
		if err := os.WriteFile(full, data, 0o600); err != nil {
			return nil, err
		}
		p.truth.Files++
		p.truth.Bytes += int64(len(data))
	}
	return p.truth, nil
}

// json puts a value as AndroidQF writes it.
func (p *androidPhone) json(name string, v any) {
	data, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		p.err = err
		return
	}
	p.files[name] = append(data, '\n')
}

// zlibbed packs as the backup agent of messages does.
func zlibbed(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// zipOf packs files in the order of their names.
func zipOf(files map[string]string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sortedKeys(files) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: last})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
