package android

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const getpropText = `[ro.build.version.security_patch]: [2020-01-05]
[ro.build.version.release]: [10]
[persist.sys.boot.reason.history]: [reboot,factory_reset,1578490000
reboot,1578480000]
[empty]: []
something else
[odd
[ro.product.model]: [Pixel [x]]
`

func getpropSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("some", "getprop.txt", getpropText),
		fileSample("cut", "dumpstate/SYSTEM PROPERTIES", "[a]: [b]\r\n[c]: [d\r\n"),
	}
}

func TestGetprop(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, getprop{}, "testdata/getprop", getpropSamples()...)
}

func FuzzGetprop(f *testing.F) { artifacttest.Fuzz(f, getprop{}, getpropSamples()...) }

func TestGetpropReal(t *testing.T) {
	t.Parallel()
	s := fileSample("real", "getprop.txt", string(readEvidence(t, "android", "androidqf", "getprop.txt")))
	recs, errs := artifacttest.Parse(t, getprop{}, s)
	if len(recs) != 10 || len(errs) != 0 {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
	artifacttest.Laws(t, getprop{}, s)
}
