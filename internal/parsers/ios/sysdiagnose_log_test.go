package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const sysdiagnoseLogText = `sysdiagnose starting
2023-05-24 13:29:15.759 early entry, of a clock without a zone
2023-05-24 13:29:16.001 Creating IN_PROGRESS_sysdiagnose_2023.05.24_13-29-15-0700_iPhone-OS_iPhone_19H349.tmp
2023-05-24 13:29:17.250 Executing task: ps
	goes on here /private/var/tmp/x
2023-05-24T20:29:18Z Executing task: spindump of https://a.example.org/b
Output available at '/private/var/mobile/Library/Logs/CrashReporter/DiagnosticLogs/sysdiagnose/sysdiagnose_2023.05.24_13-29-15-0700_iPhone-OS_iPhone_19H349.tar.gz'
`

func sysdiagnoseLogSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ios15", "sysdiagnose.log", sysdiagnoseLogText),
		fileSample("name_first", "x/sysdiagnose.log", "Output available at '/private/var/tmp/sysdiagnose_2024.01.02_03-04-05+0200_iPhone-OS_iPhone_21C62.tar.gz'\n"),
		fileSample("odd", "sysdiagnose.log", "sysdiagnose_2024.99.02_03-04-05+0200_\nspindump_sysdiagnose_2024.01.02_03-04-05+9900\n\xff\n"),
	}
}

func TestSysdiagnoseLog(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, sysdiagnoseLog{}, "testdata/sysdiagnose_log", sysdiagnoseLogSamples()...)
}

func FuzzSysdiagnoseLog(f *testing.F) {
	artifacttest.Fuzz(f, sysdiagnoseLog{}, sysdiagnoseLogSamples()...)
}
