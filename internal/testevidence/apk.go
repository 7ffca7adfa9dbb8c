package testevidence

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"
)

// An APKSpec says what package to write.
type APKSpec struct {
	Package, Label, VersionName string
	VersionCode                 uint32
	MinSDK, TargetSDK           uint32
	SharedUserID                string
	Debuggable                  bool
	Permissions                 []string
	Components                  []APKComponent
	// Texts are those of the code, beside the names of classes.
	Texts []string
	// Assets are further files by name.
	Assets map[string]string
	// Signer names who signs it; the same name gives the same key. "" leaves
	// the package without a signature.
	Signer string
}

// An APKComponent is an activity, service, receiver or provider.
type APKComponent struct {
	Kind, Name, Permission string
	Exported               bool
	Actions, Categories    []string
}

// apkTime is the modification time of all files, as build tools write it.
var apkTime = time.Date(1981, 1, 1, 1, 1, 2, 0, time.UTC)

// APK writes a package as Android's build tools do: binary manifest, table of
// resources, code, and the signatures v1 (PKCS #7 in META-INF) and v2 (block
// before the list of files). The signatures are those of the format but do
// not hold, which no reader of certificates needs. Sources: those of
// internal/format/apk, see there.
func APK(s APKSpec) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	files := []struct {
		name string
		data []byte
	}{
		{"AndroidManifest.xml", apkManifest(s)},
		{"classes.dex", dexFile(s)},
		{"resources.arsc", resourceTable(s)},
	}
	for _, name := range sortedKeys(s.Assets) {
		files = append(files, struct {
			name string
			data []byte
		}{"assets/" + name, []byte(s.Assets[name])})
	}
	if s.Signer != "" {
		sig, err := pkcs7(s.Signer)
		if err != nil {
			return nil, err
		}
		files = append(files, struct {
			name string
			data []byte
		}{"META-INF/CERT.RSA", sig})
	}
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: apkTime})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if s.Signer == "" {
		return buf.Bytes(), nil
	}
	return withBlock(buf.Bytes(), s.Signer)
}

// withBlock puts the block of signatures before the list of files.
func withBlock(data []byte, signer string) ([]byte, error) {
	der, err := SigningCertificate(signer)
	if err != nil {
		return nil, err
	}
	end := len(data) - 22
	start := int(binary.LittleEndian.Uint32(data[end+16:]))
	digests := lengthPrefixed(nil)
	certs := lengthPrefixed(lengthPrefixed(der))
	signed := append(append(digests, certs...), lengthPrefixed(nil)...)
	one := append(append(lengthPrefixed(signed), lengthPrefixed(nil)...), lengthPrefixed(nil)...)
	value := lengthPrefixed(lengthPrefixed(one))
	pair := binary.LittleEndian.AppendUint64(nil, uint64(4+len(value)))
	pair = append(binary.LittleEndian.AppendUint32(pair, 0x7109871a), value...)
	size := uint64(len(pair) + 24)
	block := binary.LittleEndian.AppendUint64(nil, size)
	block = append(block, pair...)
	block = append(binary.LittleEndian.AppendUint64(block, size), "APK Sig Block 42"...)
	out := append(append(append([]byte(nil), data[:start]...), block...), data[start:]...)
	binary.LittleEndian.PutUint32(out[len(out)-6:], uint32(start+len(block)))
	return out, nil
}

func lengthPrefixed(b []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// SigningCertificate returns the certificate, in DER, of a maker of apps.
func SigningCertificate(signer string) ([]byte, error) {
	seed := sha256.Sum256([]byte("signer " + signer))
	key := ed25519.NewKeyFromSeed(seed[:])
	name := pkix.Name{CommonName: signer, Organization: []string{"Synthetic evidence"}, Country: []string{"MX"}}
	template := x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(seed[:8]),
		Subject:      name, Issuer: name,
		NotBefore: time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2049, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(zeros{}, &template, &template, key.Public(), crypto.Signer(key))
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", signer, err)
	}
	return der, nil
}

// zeros is a source of randomness that nothing depends on: Ed25519 needs none.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// pkcs7 writes signed data (RFC 2315, 9.1) with the certificate and no signers.
func pkcs7(signer string) ([]byte, error) {
	der, err := SigningCertificate(signer)
	if err != nil {
		return nil, err
	}
	type contentInfo struct{ Type asn1.ObjectIdentifier }
	signed, err := asn1.Marshal(struct {
		Version      int
		Algorithms   []asn1.RawValue `asn1:"set"`
		Content      contentInfo
		Certificates asn1.RawValue
		Signers      []asn1.RawValue `asn1:"set"`
	}{
		1, nil,
		contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der},
		nil,
	})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: signed},
	})
}
