package ios

import (
	"encoding/hex"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const accountsPath = "private/var/mobile/Library/Accounts/Accounts3.sqlite"

// accountsSchema is that of iOS 15.
const accountsSchema = `
CREATE TABLE ZACCOUNT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZACTIVE INTEGER, ZAUTHENTICATED INTEGER, ZSUPPORTSAUTHENTICATION INTEGER, ZVISIBLE INTEGER,
	ZWARMINGUP INTEGER, ZACCOUNTTYPE INTEGER, ZPARENTACCOUNT INTEGER, ZDATE TIMESTAMP, ZLASTCREDENTIALRENEWALREJECTIONDATE TIMESTAMP, ZACCOUNTDESCRIPTION VARCHAR,
	ZAUTHENTICATIONTYPE VARCHAR, ZCREDENTIALTYPE VARCHAR, ZIDENTIFIER VARCHAR, ZMODIFICATIONID VARCHAR, ZOWNINGBUNDLEID VARCHAR, ZUSERNAME VARCHAR, ZDATACLASSPROPERTIES BLOB);
CREATE TABLE ZACCOUNTPROPERTY (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZOWNER INTEGER, ZKEY VARCHAR, ZVALUE BLOB);
CREATE TABLE ZACCOUNTTYPE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZOBSOLETE INTEGER, ZSUPPORTSAUTHENTICATION INTEGER, ZSUPPORTSMULTIPLEACCOUNTS INTEGER,
	ZVISIBILITY INTEGER, ZACCOUNTTYPEDESCRIPTION VARCHAR, ZCREDENTIALPROTECTIONPOLICY VARCHAR, ZCREDENTIALTYPE VARCHAR, ZIDENTIFIER VARCHAR, ZOWNINGBUNDLEID VARCHAR);
CREATE TABLE ZAUTHORIZATION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZACCOUNTTYPE INTEGER, ZBUNDLEID VARCHAR, ZGRANTEDPERMISSIONS VARCHAR, ZOPTIONS BLOB);
CREATE TABLE ZCREDENTIALITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZPERSISTENT INTEGER, ZEXPIRATIONDATE TIMESTAMP, ZACCOUNTIDENTIFIER VARCHAR, ZSERVICENAME VARCHAR);
INSERT INTO ZACCOUNTTYPE (Z_PK, ZACCOUNTTYPEDESCRIPTION, ZIDENTIFIER) VALUES (2, 'Apple ID', 'com.apple.account.AppleIDAuthentication'), (52, 'Gmail', 'com.apple.account.Google'), (53, NULL, 'com.apple.account.IMAP');
`

// archived is a value as NSKeyedArchiver writes a text or a list of texts.
func archived(tb testing.TB, texts ...string) string {
	tb.Helper()
	objects := []any{"$null"}
	if len(texts) == 1 {
		objects = append(objects, texts[0])
	} else {
		var items []any
		for i := range texts {
			items = append(items, oracle.UID(3+i))
		}
		objects = append(objects, map[string]any{"$class": oracle.UID(2), "NS.objects": items},
			map[string]any{"$classname": "NSArray", "$classes": []any{"NSArray", "NSObject"}})
		for _, s := range texts {
			objects = append(objects, s)
		}
	}
	data, err := oracle.Marshal(map[string]any{
		"$version": 100000, "$archiver": "NSKeyedArchiver", "$top": map[string]any{"root": oracle.UID(1)}, "$objects": objects,
	}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	return "x'" + hex.EncodeToString(data) + "'"
}

func accountsSamples(tb testing.TB) []artifacttest.Sample {
	modern := accountsSchema + `
INSERT INTO ZACCOUNT VALUES (4, 2, 3, 1, 1, NULL, 1, 0, 2, NULL, 703259898.964343, 703300000, NULL, NULL, NULL, 'E78C1C66', NULL, 'com.apple.AuthKit', 'ana@example.org', x'00'),
	(16, 2, 3, 1, 1, NULL, 1, 0, 52, NULL, 704051992.25, NULL, 'Gmail', NULL, NULL, '56AB9BA6', NULL, 'com.apple.mobilemail', 'ana.trabajo@example.com', NULL),
	(17, 2, 3, 1, 0, NULL, 1, 0, 53, 16, 704051992, NULL, NULL, 'parent', NULL, 'BEBE918C', NULL, 'com.apple.accounts.accountsd', NULL, NULL);
INSERT INTO ZACCOUNTPROPERTY VALUES (1, 3, 1, 4, 'appleIDAliases', ` + archived(tb, "ana@icloud.example", "ana2@icloud.example") + `),
	(2, 3, 1, 16, 'Hostname', ` + archived(tb, "imap.example.com") + `), (3, 3, 1, 16, 'cookies', x'00'), (4, 3, 1, 99, 'FullUserName', ` + archived(tb, "Ana López") + `);
INSERT INTO ZAUTHORIZATION VALUES (1, 5, 1, 52, 'org.example.app', 'read', NULL);
INSERT INTO ZCREDENTIALITEM VALUES (1, 6, 1, 1, 710000000, '56AB9BA6', 'token');
`
	bad := accountsSchema + `
INSERT INTO ZACCOUNT (Z_PK, ZACTIVE, ZACCOUNTTYPE, ZPARENTACCOUNT, ZDATE, ZUSERNAME, ZIDENTIFIER) VALUES (1, 'yes', 'x', 1, 'then', x'ff', 7), (2, NULL, NULL, NULL, 1e300, '', '');
INSERT INTO ZACCOUNTPROPERTY VALUES (1, 3, 1, 1, 'handles', 'no archive'), (2, 3, 1, 1, 'handles', NULL), (3, 3, 1, 'x', x'ff', 7);
INSERT INTO ZAUTHORIZATION (Z_PK, ZACCOUNTTYPE, ZBUNDLEID) VALUES (1, 'x', 7);
INSERT INTO ZCREDENTIALITEM (Z_PK, ZEXPIRATIONDATE, ZPERSISTENT) VALUES (1, 'never', 'x');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", accountsPath, modern),
		withBadValues(databaseSample(tb, "bad", accountsPath, bad)),
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, accounts{}, "testdata/accounts", accountsSamples(t)...)
}

func FuzzAccounts(f *testing.F) { artifacttest.Fuzz(f, accounts{}, accountsSamples(f)...) }

func TestAccountsObserve(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, accounts{}, accountsSamples(t)[0])
	if len(errs) != 0 || len(recs) != 8 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[3], []artifact.Observable{
		{Type: artifact.Email, Value: "ana@icloud.example", Field: "values"},
		{Type: artifact.Email, Value: "ana2@icloud.example", Field: "values"},
	})
	compareObserved(t, recs[4], []artifact.Observable{{Type: artifact.Domain, Value: "imap.example.com", Field: "values"}})
	if recs[2].Text("parent") != "ana.trabajo@example.com" {
		t.Errorf("parent %q", recs[2].Text("parent"))
	}
}

// TestRealAccounts: most of what the iOS 15 phone says of its accounts is in
// the write-ahead log.
func TestRealAccounts(t *testing.T) {
	t.Parallel()
	files := unzipEvidence(t, "testdata.accountData.accountData.josh_ios15_ffs.zip")
	s := artifacttest.Sample{Path: accountsPath, Files: map[string][]byte{
		accountsPath: files["Accounts3.sqlite"], accountsPath + "-wal": files["Accounts3.sqlite-wal"],
	}}
	recs, errs := artifacttest.Parse(t, accounts{}, s)
	kinds, mails := map[artifact.Kind]int{}, map[string]bool{}
	for _, r := range recs {
		kinds[r.Kind]++
		for _, o := range r.Observed {
			if o.Type == artifact.Email {
				mails[o.Value] = true
			}
		}
	}
	if kinds["account"] != 19 || kinds["property"] == 0 || len(mails) == 0 || len(errs) != 0 {
		t.Errorf("%v, %d addresses, errors %v", kinds, len(mails), errs)
	}
	old, errs := artifacttest.Parse(t, accounts{}, artifacttest.Sample{
		Path: accountsPath, Files: map[string][]byte{accountsPath: readEvidence(t, "plaso", "ios", "Accounts3.sqlite")},
	})
	if len(old) == 0 || len(errs) != 0 {
		t.Errorf("%d records, errors %v", len(old), errs)
	}
}

// TestAccountCounts reads the counts of the iOS 15 phone, and a list of odd values.
func TestAccountCounts(t *testing.T) {
	t.Parallel()
	const path = "private/var/preferences/SystemConfiguration/com.apple.accounts.exists.plist"
	artifacttest.Run(
		t, accounts{}, "testdata/accounts",
		listSample(t, "counts", path, oracle.BinaryFormat, map[string]any{"com.apple.account.Google.count": 2, "com.apple.account.Google.exists": 1}),
		withBadValues(listSample(t, "odd_counts", path, oracle.XMLFormat, map[string]any{"com.apple.account.IMAP.count": "many", ".count": []any{1}})),
	)
	files := unzipEvidence(t, "testdata.accountConfig.accountConfig.josh_ios15_ffs.zip")
	recs, errs := artifacttest.Parse(t, accounts{}, artifacttest.Sample{
		Path: path, Files: map[string][]byte{path: files["com.apple.accounts.exists.plist"]},
	})
	total := int64(0)
	for _, r := range recs {
		n, _ := r.Get("count").Int()
		total += n
	}
	if len(recs) != 15 || total != 19 || len(errs) != 0 {
		t.Errorf("%d kinds, %d accounts, errors %v", len(recs), total, errs)
	}
}
