package apk

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Certificate is one that the package is signed with. Whether the signature
// holds is not checked: a phone does that when it installs.
type Certificate struct {
	Scheme string // v1 (files in META-INF), v2, v3, v3.1 (block before the list of files)
	Place  string // file that it lies in, "" for the block
	DER    []byte
	X509   *x509.Certificate // nil where Go cannot read it
}

// Numbers of the blocks of signatures.
var schemes = map[uint32]string{0x7109871a: "v2", 0xf05368c0: "v3", 0x1b93ad61: "v3.1"}

// Bounds of signatures.
const (
	maxBlock     = 64 * limit.MiB
	maxSignature = 4 * limit.MiB
	maxCerts     = 64
)

// Certificates returns the certificates of all schemes, each with the scheme
// that it came from. Where an error is returned, some could not be read.
func (a *APK) Certificates() ([]Certificate, error) {
	certs, errs := a.block()
	for _, f := range a.files {
		dir, name := path.Split(f.Name)
		switch strings.ToUpper(path.Ext(name)) {
		case ".RSA", ".DSA", ".EC":
		default:
			continue
		}
		if !strings.EqualFold(dir, "META-INF/") || len(certs) >= maxCerts {
			continue
		}
		data, err := a.Read(f.Name, maxSignature)
		if err == nil {
			certs, err = signedData(certs, f.Name, data)
		}
		errs = errors.Join(errs, err)
	}
	return certs, errs
}

const blockMagic = "APK Sig Block 42"

// block reads the block of signatures that ends where the list of files begins.
func (a *APK) block() (certs []Certificate, err error) {
	var foot [24]byte
	if a.dirStart < 32 {
		return nil, nil
	}
	if n, err := a.r.ReadAt(foot[:], a.dirStart-24); n < len(foot) {
		return nil, fmt.Errorf("read the block of signatures: %w", err)
	}
	if string(foot[8:]) != blockMagic {
		return nil, nil
	}
	size := binary.LittleEndian.Uint64(foot[:])
	if size < 24 || size > maxBlock || int64(size) > a.dirStart-8 {
		return nil, fmt.Errorf("%w: block of signatures of %d bytes", limit.ErrCorrupt, size)
	}
	data := make([]byte, size-24)
	if n, err := a.r.ReadAt(data, a.dirStart-int64(size)); n < len(data) {
		return nil, fmt.Errorf("read the block of signatures: %w", err)
	}
	for len(data) >= 12 {
		length := binary.LittleEndian.Uint64(data)
		if length < 4 || length > uint64(len(data)-8) {
			return certs, fmt.Errorf("%w: part of the block of signatures of %d bytes", limit.ErrCorrupt, length)
		}
		if scheme := schemes[u32(data, 8)]; scheme != "" {
			var bad error
			certs, bad = signers(certs, scheme, data[12:8+length])
			err = errors.Join(err, bad)
		}
		data = data[8+length:]
	}
	return certs, err
}

// cut takes a part off that is preceded by its length.
func cut(b []byte) (part, rest []byte, err error) {
	if n := u32(b, 0); len(b) >= 4 && int64(n) <= int64(len(b)-4) {
		return b[4 : 4+n], b[4+n:], nil
	}
	return nil, nil, fmt.Errorf("%w: a signature is cut off", limit.ErrCorrupt)
}

// signers reads the certificates of each signer: signed data come first in a
// signer, and in them digests, then certificates.
func signers(certs []Certificate, scheme string, b []byte) ([]Certificate, error) {
	all, _, err := cut(b)
	for err == nil && len(all) > 0 {
		var signer, signed, list []byte
		if signer, all, err = cut(all); err != nil {
			break
		}
		if signed, _, err = cut(signer); err != nil {
			break
		}
		if _, signed, err = cut(signed); err != nil {
			break
		}
		if list, _, err = cut(signed); err != nil {
			break
		}
		for err == nil && len(list) > 0 && len(certs) < maxCerts {
			var der []byte
			if der, list, err = cut(list); err == nil {
				certs = append(certs, certificate(scheme, "", der))
			}
		}
	}
	return certs, err
}

func certificate(scheme, place string, der []byte) Certificate {
	c := Certificate{Scheme: scheme, Place: place, DER: der}
	if parsed, err := x509.ParseCertificate(der); err == nil {
		c.X509 = parsed
	}
	return c
}

// signedData reads the certificates of a PKCS #7 signature (RFC 2315, 9.1).
func signedData(certs []Certificate, place string, data []byte) ([]Certificate, error) {
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(data, &info); err != nil {
		return certs, fmt.Errorf("%w: %s: %w", limit.ErrCorrupt, place, err)
	}
	list, err := certificateSet(info.Content.Bytes)
	if err != nil {
		return certs, fmt.Errorf("%w: %s: %w", limit.ErrCorrupt, place, err)
	}
	for len(list) > 0 && len(certs) < maxCerts {
		var raw asn1.RawValue
		if list, err = asn1.Unmarshal(list, &raw); err != nil {
			return certs, fmt.Errorf("%w: %s: %w", limit.ErrCorrupt, place, err)
		}
		certs = append(certs, certificate("v1", place, raw.FullBytes))
	}
	return certs, nil
}

// certificateSet returns the certificates of signed data: the fourth part,
// which has the tag 0, after version, algorithms and content.
func certificateSet(der []byte) ([]byte, error) {
	var seq asn1.RawValue
	if _, err := asn1.Unmarshal(der, &seq); err != nil {
		return nil, err
	}
	for rest := seq.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil, err
		}
		if part.Class == asn1.ClassContextSpecific && part.Tag == 0 {
			return part.Bytes, nil
		}
	}
	return nil, nil
}
