package ios

import (
	"path"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const (
	mdmPath          = profilesDomain + "MDM.plist"
	mdmInDump        = "private/var/containers/Shared/SystemGroup/0C6A7A3E-5B5C-4C2D-9C6B-4F0B7A1E2D3C/Library/ConfigurationProfiles/"
	cloudDetailsPath = profilesDomain + "CloudConfigurationDetails.plist"
)

// mdmSamples have the keys that iOS reads from MDM.plist (MDMConfiguration in
// DMCUtilities.framework) and from CloudConfigurationDetails.plist
// (MCCloudConfigurationWriter in profiled); the values of the latter are those
// of https://duo.com/labs/research/mdm-me-maybe.
func mdmSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	managed := map[string]any{
		"ServerURL": "https://mdm.example.com/server", "CheckInURL": "https://mdm.example.com/checkin", "Topic": "com.apple.mgmt.External.1234",
		"ManagingProfileIdentifier": "com.example.mdm", "AccessRights": 8191, "IdentityPersistentRef": []byte("idnt\x00\x01"), "SignMessage": true,
		"UseDevelopmentAPNS": false, "PushMagic": "0D7A", "ServerCapabilities": []any{"com.apple.mdm.per-user-connections"}, "IsProfileLocked": true,
		"OrganizationInfo": map[string]any{"OrganizationName": "Example", "OrganizationEmail": "it@example.com"}, "MDMOptions": map[string]any{},
	}
	user := map[string]any{
		"ServerURL": "https://mdm.example.com/server", "ManagingProfileIdentifier": "com.example.other", "AccessRights": 4147, "PushMagic": "1E",
		"UserEnrollment": true, "EnrollmentMode": "BYOD", "EnrollmentID": "5F9F-1", "PersonaID": "8A", "IdentityPersistentRef": []byte("idnt"),
	}
	supervised := map[string]any{
		"AllowPairing": false, "AnchorCertificates": []any{[]byte("a certificate")}, "AwaitDeviceConfigured": false, "ConfigurationSource": 1,
		"ConfigurationURL": "https://mdm.example.com/cloudenroll", "ConfigurationWebURL": "https://mdm.example.com/login", "IsMDMUnremovable": true,
		"IsMandatory": true, "IsSupervised": true, "OrganizationAddress": "123 Main Street", "OrganizationDepartment": "IT", "OrganizationEmail": "dep@example.com",
		"OrganizationMagic": "105CD5B18CE24784A3A0344D6V63CD91", "OrganizationName": "Example, Inc.", "OrganizationPhone": "+15555550100",
		"OrganizationSupportPhone": "+15555550101", "SkipSetup": []any{"AppleID", "Passcode"}, "SupervisorHostCertificates": []any{[]byte("another"), []byte("another")},
	}
	plain := map[string]any{"AllowPairing": 1, "CloudConfigurationUIComplete": true, "ConfigurationSource": 0, "IsSupervised": 0, "PostSetupProfileWasInstalled": true}
	bad := map[string]any{
		"ServerURL": 7, "CheckInURL": []any{"x"}, "AccessRights": -1, "IdentityPersistentRef": "text", "ManagingProfileIdentifier": "com.example.mdm",
		"OrganizationInfo": "none", "UserEnrollment": "yes", "IsProfileLocked": 2,
	}
	badCloud := map[string]any{
		"IsSupervised": "yes", "ConfigurationSource": "x", "AnchorCertificates": []byte("one"), "SupervisorHostCertificates": []any{1, "x", []byte{}},
		"OrganizationName": map[string]any{"a": 1}, "ConfigurationURL": 1.5,
	}
	return []artifacttest.Sample{
		withProfiles(tb, listSample(tb, "managed", mdmPath, oracle.BinaryFormat, managed)),
		listSample(tb, "user_enrollment", mdmInDump+"MDM.plist", oracle.XMLFormat, user),
		listSample(tb, "supervised", cloudDetailsPath, oracle.BinaryFormat, supervised),
		listSample(tb, "plain", mdmInDump+"CloudConfigurationSetAsideDetails.plist", oracle.XMLFormat, plain),
		listSample(tb, "left", mdmPath, oracle.XMLFormat, map[string]any{}),
		withBadValues(withProfiles(tb, listSample(tb, "bad", mdmInDump+"MDM.plist", oracle.BinaryFormat, bad))),
		withBadValues(listSample(tb, "bad_cloud", cloudDetailsPath, oracle.XMLFormat, badCloud)),
	}
}

// withProfiles puts profiles beside s: one that is none, one of somebody
// else, and the one that brought the management.
func withProfiles(tb testing.TB, s artifacttest.Sample) artifacttest.Sample {
	tb.Helper()
	dir := path.Dir(s.Path)
	s.Files[dir+"/profile-0.stub"] = []byte("no list")
	for name, v := range map[string]map[string]any{
		"/profile-1.stub": {"PayloadIdentifier": "com.example.wifi", "InstallDate": time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)},
		"/profile-2.stub": {"PayloadIdentifier": "com.example.mdm", "InstallDate": time.Date(2023, 2, 3, 4, 5, 6, 0, time.UTC)},
	} {
		data, err := oracle.Marshal(v, oracle.BinaryFormat)
		if err != nil {
			tb.Fatal(err)
		}
		s.Files[dir+name] = data
	}
	return s
}

func TestMDM(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, mdm{}, "testdata/mdm", mdmSamples(t)...)
}

func FuzzMDM(f *testing.F) { artifacttest.Fuzz(f, mdm{}, mdmSamples(f)...) }

func TestMDMObserved(t *testing.T) {
	t.Parallel()
	samples := mdmSamples(t)
	recs, errs := artifacttest.Parse(t, mdm{}, samples[0])
	if len(recs) != 1 || len(errs) != 1 {
		t.Fatalf("%d records, %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://mdm.example.com/server", Field: "server_url"},
		{Type: artifact.URL, Value: "https://mdm.example.com/checkin", Field: "check_in_url"},
		{Type: artifact.ProfileID, Value: "com.example.mdm", Field: "profile_id"},
		{Type: artifact.Email, Value: "it@example.com", Field: "email"},
	})
	installed := []artifact.Time{{Meaning: "installed", At: time.Date(2023, 2, 3, 4, 5, 6, 0, time.UTC), Epoch: artifact.Calendar}}
	if diff := cmp.Diff(installed, recs[0].Times, cmp.AllowUnexported(artifact.Value{})); diff != "" {
		t.Error(diff)
	}
	recs, errs = artifacttest.Parse(t, mdm{}, samples[2])
	if len(recs) != 1 || len(errs) != 0 {
		t.Fatalf("%d records, %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://mdm.example.com/cloudenroll", Field: "configuration_url"},
		{Type: artifact.Email, Value: "dep@example.com", Field: "email"},
		{Type: artifact.Phone, Value: "+15555550100", Field: "phone"},
		{Type: artifact.Phone, Value: "+15555550101", Field: "support_phone"},
		// SHA-256 of "a certificate" and of "another", by sha256sum.
		{Type: artifact.CertHash, Value: "81acd762140fa692a142822d2fbe4dc6f54bcaa501f68ab37e5aeed0bafe4d99", Field: "anchor_sha256"},
		{Type: artifact.CertHash, Value: "ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5", Field: "supervisor_sha256"},
		{Type: artifact.URL, Value: "https://mdm.example.com/login", Field: "links"},
	})
}

func TestMDMRights(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int{0: 0, 1: 1, 8191: 13, 4147: 5, -1: 13, 1 << 40: 0} {
		if got := mdmRightsOf(n); len(got) != want {
			t.Errorf("%d: %v", n, got)
		}
	}
	if diff := cmp.Diff([]string{"erase", "manage_apps"}, mdmRightsOf(8|4096)); diff != "" {
		t.Error(diff)
	}
}
