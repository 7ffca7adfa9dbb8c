package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const privacyPath = "App_Privacy_Report_v4_2022-04-27T11_07_09.ndjson"

func privacySamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("report", privacyPath, `{"accessor":{"identifier":"com.example.app","identifierType":"bundleID"},"category":"microphone","identifier":"0E01","kind":"intervalBegin","timeStamp":"2022-04-27T10:53:24.555-04:00","type":"access"}
{"accessor":{"identifier":"/usr/libexec/agent","identifierType":"path"},"category":"camera","kind":"event","timeStamp":"2022-04-27T10:53:28Z","type":"access"}
{"domain":"lure.example.org","firstTimeStamp":"2022-04-27T10:45:16.126-04:00","context":"example.com","timeStamp":"2022-04-27T10:53:43.037-04:00","domainType":2,"initiatedType":"NonAppInitiated","hits":4,"type":"networkActivity","domainOwner":"","bundleID":"com.apple.mobilesafari"}
{"type":"metadata","version":4}
`),
		withBadValues(fileSample("bad", privacyPath, `{"type":"access","accessor":{"identifier":7},"timeStamp":"then","kind":[1,{"a":null}]}
{"type":"networkActivity","hits":1.5,"domain":true,"timeStamp":99,"domainType":1e300}
not JSON
{"type":"access","accessor":"text"}
[1]

{"type":7}`)),
	}
}

func TestAppPrivacyReport(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, appPrivacyReport{}, "testdata/app_privacy_report", privacySamples()...)
}

func FuzzAppPrivacyReport(f *testing.F) {
	artifacttest.Fuzz(f, appPrivacyReport{}, privacySamples()...)
}

func TestRealAppPrivacyReport(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "plaso", "ios_app_privacy_report.ndjson")
	recs, errs := artifacttest.Parse(t, appPrivacyReport{}, fileSample("real", privacyPath, string(data)))
	kinds, domains := map[artifact.Kind]int{}, map[string]bool{}
	for _, r := range recs {
		kinds[r.Kind]++
		domains[r.Text("domain")] = true
		for _, at := range r.Times {
			if at.At.IsZero() {
				t.Errorf("%v: no time %v", r.Fields, at)
			}
		}
	}
	if kinds["access"] != 8 || kinds["network"] == 0 || kinds["other"] != 0 || !domains["m.youtube.com"] || len(errs) != 0 {
		t.Errorf("%v, errors %v", kinds, errs)
	}
}
