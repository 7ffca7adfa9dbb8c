package ios

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const installationText = `Fri Sep 10 14:01:02 2021 [88] <notice> (0x16f7a7000) -[MIInstaller performInstallationWithError:]: Installing <MIInstallableBundle ID=org.example.app; Version=1.2, ShortVersion=1.2>
Fri Sep 10 14:01:03 2021 [88] <notice> (0x16f7a7000) -[MIContainer makeContainerLiveWithError:]: Made container live for org.example.app at /private/var/containers/Bundle/Application/4D2A5F0E-0000-4000-8000-000000000001
Fri Sep 10 14:01:03 2021 [88] <notice> (0x16f7a7000) -[MIInstaller performInstallationWithError:]: Install Successful for (Placeholder:org.example.app); Staging: 0.00s; Waiting: 0.00s
Fri Sep  3 09:00:00 2021 [88] <notice> (0x16f7a7000) -[MIUninstaller _uninstallBundleWithIdentity:]: Uninstalling identifier org.example.old
Fri Sep  3 09:00:01 2021 [88] <err> (0x16f7a7000) MIError: something failed {
    NSFilePath = "/var/containers/x";
}
Fri Sep  3 09:00:02 2021 [88] <notice> (0x16f7a7000) main: Reboot detected
Fri Sep  3 09:00:03 2021 [88] <notice> (0x16f7a7000) -[MIInstaller _installDelta:]: Attempting Delta patch update of org.example.app from /private/var/containers/Bundle/Application/4D2A5F0E-0000-4000-8000-000000000001
`

const containerText = `no entry here
Tue Sep 14 10:12:01 2021 [51] <notice> (0x16d2b7000) command_create: Created container for identifier: org.example.app at /private/var/mobile/Containers/Data/Application/4D2A5F0E-0000-4000-8000-000000000002
Tue Sep 14 10:12:02 2021 [51] <warning> (0x16d2b7000) Destroying containers for (org.example.old, (null)), identifier: "org.example.old"
Tue Sep 14 10:12:03 2021 hello
`

const activationText = `Mon Jan 11 13:06:08 2021 [87] <debug> (0x16d2b7000) -[MobileActivationDaemon init]: ____________________ Mobile Activation Startup _____________________
Mon Jan 11 13:06:08 2021 [87] <debug> (0x16d2b7000) -[MobileActivationDaemon init]: build_version: 18C66
Mon Jan 11 13:06:08 2021 [87] <debug> (0x16d2b7000) -[MobileActivationDaemon init]: hardware_model: D52gAP
Mon Jan 11 13:06:09 2021 [87] <debug> (0x16d2b7000) perform_data_migration: Upgrade from 18B92 to 18C66 detected.
Mon Jan 11 13:06:10 2021 [87] <debug> (0x16d2b7000) -[DeviceType copy]: Activation state has changed: Activated
`

const lockdownText = `10/13/21 07:57:42.865446 pid=69 handle_get_value: AMPDevicesAgent attempting to get [DeviceColor]
10/13/21 07:57:43 pid=69 do_pair: pairing succeeded
x
10/13/21 07:57:44.1 pid=69 spawn_xpc_service_block_invoke: starting com.apple.mobilebackup2
99/99/99 07:57:44.1 pid=69 handle_session: odd date
`

func TestMobileInstallation(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, mobileInstallation{}, "testdata/mobile_installation", fileSample("log", "logs/MobileInstallation/mobile_installation.log.0", installationText))
}

func TestContainerManager(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, containerManager{}, "testdata/containermanager", withBadValues(fileSample("log", "logs/MobileContainerManager/containermanagerd.log.0", containerText)))
}

func TestMobileActivation(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, mobileActivation{}, "testdata/mobile_activation", fileSample("log", "logs/MobileActivation/mobileactivationd.log", activationText))
}

func TestLockdownd(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, lockdownd{}, "testdata/lockdownd", withBadValues(fileSample("log", "logs/lockdownd.log", lockdownText)))
}

func FuzzDaemonLogs(f *testing.F) {
	artifacttest.Fuzz(f, mobileInstallation{}, fileSample("log", "mobile_installation.log.0", installationText), fileSample("other", "mobile_installation.log.1", containerText))
}

func FuzzContainerManager(f *testing.F) {
	artifacttest.Fuzz(f, containerManager{}, fileSample("log", "containermanagerd.log.0", containerText))
}

func FuzzLockdownd(f *testing.F) {
	artifacttest.Fuzz(f, lockdownd{}, fileSample("log", "lockdownd.log", lockdownText))
}

func TestDaemonLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want daemonHead
		text string
		ok   bool
	}{
		{"Fri Sep 10 14:01:02 2021 [88] <Notice> (0x16) -[A b]: hello: you", daemonHead{severity: "notice", originator: "-[A b]", pid: 88}, "hello: you", true},
		{"Fri Sep 10 14:01:02 2021 hello", daemonHead{}, "hello", true},
		{"Fri Sep 10 14:01:02 2021 [x] <", daemonHead{}, "<", true},
		{"Fri Sep 40 14:01:02 2021 [88]", daemonHead{}, "", false},
		{"", daemonHead{}, "", false},
	} {
		head, text, ok := parseDaemonLine([]byte(tt.line))
		head.wall = time.Time{}
		if diff := cmp.Diff(tt.want, head, cmp.AllowUnexported(daemonHead{})); diff != "" || text != tt.text || ok != tt.ok {
			t.Errorf("%q: %q, %v %s", tt.line, text, ok, diff)
		}
	}
}

func TestRealLockdownLog(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "plaso", "ios_lockdownd.log")
	recs, errs := artifacttest.Parse(t, lockdownd{}, fileSample("real", "lockdownd.log", string(data)))
	asked := 0
	for _, rec := range recs {
		if rec.Text("action") == "asked" {
			asked++
		}
	}
	if len(recs) != 153 || len(errs) != 0 || asked == 0 {
		t.Errorf("%d records, %d asked, errors %v", len(recs), asked, errs)
	}
}
