package ios

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const trustStorePath = "KeychainDomain/TrustStore.sqlite3"

// rootCertificate is a certificate that a profile could bring. Its key is no
// secret: nothing is protected by it.
func rootCertificate(tb testing.TB) []byte {
	tb.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Root", Organization: []string{"Example"}},
		NotBefore: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, c, c, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

func trustStoreSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	return []artifacttest.Sample{
		databaseSample(tb, "ios14", trustStorePath, fmt.Sprintf(`
CREATE TABLE tsettings(sha256 BLOB NOT NULL DEFAULT '', subj BLOB NOT NULL DEFAULT '', tset BLOB, data BLOB, uuid BLOB, UNIQUE(sha256, subj));
INSERT INTO tsettings VALUES (x'00ff', x'31', x'62706c', x'%x', x'01'), (x'01ff', x'32', NULL, NULL, NULL);
`, rootCertificate(tb))),
		databaseSample(tb, "old", trustStorePath, `
CREATE TABLE tsettings(sha1 BLOB NOT NULL DEFAULT '', subj BLOB NOT NULL DEFAULT '', tset BLOB, data BLOB, PRIMARY KEY(sha1));
INSERT INTO tsettings VALUES (x'0011223344556677889900112233445566778899', x'31', NULL, x'3000');
`),
		withBadValues(databaseSample(tb, "bad", trustStorePath, `
CREATE TABLE tsettings(sha256 BLOB, subj BLOB, tset BLOB, data BLOB, uuid BLOB);
INSERT INTO tsettings VALUES ('text', 7, 1.5, 'no certificate', NULL), (NULL, NULL, NULL, NULL, NULL);
`)),
	}
}

func TestTrustStore(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, trustStore{}, "testdata/trust_store", trustStoreSamples(t)...)
}

func FuzzTrustStore(f *testing.F) { artifacttest.Fuzz(f, trustStore{}, trustStoreSamples(f)...) }
