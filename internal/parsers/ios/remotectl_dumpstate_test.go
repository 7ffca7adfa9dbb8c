package ios

import (
	"errors"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

// dumpstateText has the form that readers of sysdiagnoses publish: a tree by
// tabs, facts as "name => value" or "name: value".
const dumpstateText = "Local device\n" +
	"\tUUID: 4D2A5F0E-0000-4000-8000-000000000001\n" +
	"\tMessaging Protocol Version: 5\n" +
	"\tProperties: {\n" +
	"\t\tProductType => iPhone12,1\n" +
	"\t\tOSVersion => 17.2\n" +
	"\t\tBuildVersion => 21C62\n" +
	"\t\tSerialNumber => C0FFEE000000\n" +
	"\t\tEmpty =>\n" +
	"\t}\n" +
	"\tServices:\n" +
	"\t\tcom.apple.mobile.lockdown.remote.trusted\n" +
	"\t\t\tVersion: 1\n" +
	"\t\t\tProperties: {\n" +
	"\t\t\t\tUsesRemoteXPC => true\n" +
	"\t\t\t}\n" +
	"\t\torg.example.hook.remote\n" +
	"Found ncm-host\n" +
	"\tState: connected\n" +
	"\tServices: {\n" +
	"\t\tcom.apple.example => ignored\n" +
	"\t}\n"

func dumpstateSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("phone", "remotectl_dumpstate.txt", dumpstateText),
		fileSample("odd", "sysdiagnose/remotectl_dumpstate.txt", "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tdeep => x\nheading\n}\n\tname only\n: no name\n\t:\n\t\xff => \xfe\r\n"),
	}
}

func TestRemotectlDumpstate(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, remotectlDumpstate{}, "testdata/remotectl_dumpstate", dumpstateSamples()...)
}

func FuzzRemotectlDumpstate(f *testing.F) {
	artifacttest.Fuzz(f, remotectlDumpstate{}, dumpstateSamples()...)
}

func TestNoRemotectlDumpstate(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, remotectlDumpstate{}, fileSample("none", "remotectl_dumpstate.txt", "remotectl: command failed\n"))
	if len(recs) != 0 || len(errs) != 1 || !errors.Is(errs[0], limit.ErrUnsupported) {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
}
