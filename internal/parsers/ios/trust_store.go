package ios

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// trustStore reads which certificates were added to those that the phone trusts.
type trustStore struct{}

var trustStoreInfo = artifact.Info{
	Name:    "ios.trust_store",
	Version: 1,
	Summary: "Certificates that a person or a profile added to those that the phone trusts.",
	Files: append(onPhone("KeychainDomain/TrustStore.sqlite3"),
		"private/var/protected/trustd/private/TrustStore.sqlite3", "private/var/protected/trustd/TrustStore.sqlite3"),
	Kinds: []artifact.KindInfo{{
		Kind: "certificate",
		Doc: "One certificate (table tsettings). Columns that are not listed are fields under their own names unless they are " +
			"NULL, 0 or empty; of bytes only the length is told.",
		Fields: []artifact.FieldInfo{
			{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of the certificate, of its bytes or as the table has it"},
			{Name: "sha1", Type: artifact.Text, Doc: "SHA-1 of the certificate, in older tables"},
			{Name: "subject", Type: artifact.Text, Doc: "whom it names"},
			{Name: "issuer", Type: artifact.Text, Doc: "who issued it"},
			{Name: "is_ca", Type: artifact.Bool, Doc: "it may issue others: with it all of the phone's traffic can be read on the way"},
			otherColumns,
		},
		Times: []string{"valid_from", "valid_to"},
	}},
	Caveats: []string{"When a certificate was added is not told: see ios.profile_events."},
	Refs:    []string{"https://github.com/apple-oss-distributions/Security (trust/trustd/SecTrustStoreServer.c)"},
}

// Info implements artifact.Parser.
func (trustStore) Info() artifact.Info { return trustStoreInfo }

// Parse implements artifact.Parser.
func (trustStore) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readTrustStore)
}

func readTrustStore(r *reading) error {
	t, err := r.table("tsettings")
	if err != nil {
		return err
	}
	c := &trustReader{table: t, sha256: t.take("sha256"), sha1: t.take("sha1"), data: t.take("data")}
	t.seal(trustStoreInfo.Kinds[0])
	return t.each(c.certificate)
}

// A trustReader reads the table tsettings.
type trustReader struct {
	*table
	sha256, sha1, data int
}

// maxCertificate bounds a certificate; real ones have a few KiB.
const maxCertificate = 64 << 10

func (c *trustReader) certificate() error {
	rec := c.start("certificate")
	der := c.bytes(c.data)
	if len(der) > 0 {
		sum := sha256.Sum256(der)
		rec.Set("sha256", artifact.TextValue(hex.EncodeToString(sum[:])))
	} else if b := c.bytes(c.sha256); len(b) > 0 && len(b) <= maxDigest {
		rec.Set("sha256", artifact.TextValue(hex.EncodeToString(b)))
	}
	if b := c.bytes(c.sha1); len(b) > 0 && len(b) <= maxDigest {
		rec.Set("sha1", artifact.TextValue(hex.EncodeToString(b)))
	}
	rec.Observe(artifact.CertHash, rec.Text("sha256"), "sha256")
	rec.Observe(artifact.CertHash, rec.Text("sha1"), "sha1")
	if len(der) <= maxCertificate {
		// What is no certificate is a record all the same, by its hash.
		if cert, err := x509.ParseCertificate(der); err == nil {
			rec.Set("subject", artifact.TextOrNull(c.r.Cut(cert.Subject.String())))
			rec.Set("issuer", artifact.TextOrNull(c.r.Cut(cert.Issuer.String())))
			rec.Set("is_ca", artifact.BoolValue(cert.IsCA))
			rec.WhenAt("valid_from", cert.NotBefore)
			rec.WhenAt("valid_to", cert.NotAfter)
		}
	}
	c.set(rec)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "trusted certificate ", firstText(rec.Text("subject"), rec.Text("sha256"), rec.Text("sha1")))
	}
	return c.give()
}
