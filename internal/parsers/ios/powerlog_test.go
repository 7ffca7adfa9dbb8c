package ios

import (
	"bytes"
	"compress/gzip"
	"errors"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

const powerlogPath = "logs/powerlogs/powerlog_2021-12-16_05-54_84E2141B.PLSQL"

// powerlogSchema is that of a powerlog of iOS 15, some columns left out.
const powerlogSchema = `
CREATE TABLE 'PLStorageOperator_EventForward_TimeOffset' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'baseband' REAL, 'kernel' REAL, 'system' REAL);
CREATE TABLE 'PLProcessMonitorAgent_EventForward_ProcessID' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'BundleID' TEXT, 'CoalitionID' INTEGER, 'PID' INTEGER, 'ProcessName' TEXT);
CREATE TABLE 'PLProcessMonitorAgent_EventInterval_ProcessMonitorInterval' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'timestampEnd' REAL);
CREATE TABLE 'PLProcessMonitorAgent_EventInterval_ProcessMonitorInterval_Dynamic' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'FK_ID' INTEGER, 'BundleID' TEXT, 'PID' INTEGER, 'ProcessName' TEXT, 'unit' TEXT, 'value' REAL);
CREATE TABLE 'PLProcessNetworkAgent_EventInterval_UsageDiff' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'BundleName' TEXT, 'CellIn' INTEGER, 'CellOut' INTEGER, 'ProcessName' TEXT, 'WifiIn' INTEGER, 'WifiOut' INTEGER, 'timestampEnd' REAL);
CREATE TABLE 'PLProcessNetworkAgent_EventPoint_Connection' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'EventType' INTEGER, 'InterfaceName' TEXT, 'LocalAddress' TEXT, 'LocalPort' INTEGER, 'ProcessName' TEXT, 'ProcessPID' INTEGER, 'RemoteAddress' TEXT, 'RemotePort' INTEGER, 'rxCellularBytes' INTEGER, 'rxWifiBytes' INTEGER, 'txCellularBytes' INTEGER, 'txWifiBytes' INTEGER);
CREATE TABLE 'PLMDNSAgent_EventPoint_MDNSEvent' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'clientName' TEXT, 'clientPID' INTEGER, 'eventName' INTEGER, 'recordType' TEXT, 'service' TEXT);
CREATE TABLE 'PLXPCAgent_EventPoint_BackgroundTransfer' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'bundleID' TEXT, 'bytesReceived' INTEGER, 'bytesSent' INTEGER, 'errorCode' INTEGER, 'errorDomain' TEXT, 'errorFailingURL' TEXT, 'state' INTEGER, 'taskUUID' TEXT);
CREATE TABLE 'PLApplicationAgent_EventNone_AllApps' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'AppBundleId' TEXT, 'AppBundleVersion' TEXT, 'AppDeletedDate' INTEGER, 'AppExecutable' TEXT, 'AppIs3rdParty' INTEGER, 'AppItemID' INTEGER, 'AppName' TEXT, 'AppType' INTEGER);
CREATE TABLE 'PLAudioAgent_EventPoint_AudioApp' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'timestampLogged' REAL, 'ApplicationName' TEXT, 'AssertionID' INTEGER, 'AssertionName' TEXT, 'AudioRoute' TEXT, 'Operation' TEXT, 'PID' INTEGER);
CREATE TABLE 'PLCameraAgent_EventForward_Camera' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'BundleId' TEXT, 'CameraType' INTEGER, 'State' INTEGER);
CREATE TABLE 'PLLocationAgent_EventForward_ClientStatus' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'BundleId' TEXT, 'Client' TEXT, 'Executable' TEXT, 'InUseLevel' INTEGER, 'Type' TEXT, 'timestampEnd' REAL);
`

const powerlogRows = `
INSERT INTO PLStorageOperator_EventForward_TimeOffset VALUES (1, 1635848622.5, 0, -1571153284.1, -373.5), (2, 1635848700, 0, -1571153284.1, -411.25);
INSERT INTO PLProcessMonitorAgent_EventForward_ProcessID VALUES (1, 1635848600.25, '', 141, 253, 'bh'), (2, 1635848650, 'com.apple.proactive', 203, 252, 'HeuristicInterpreter'),
	(3, 1635848700, NULL, 9, 1, '/private/var/tmp/UserEventAgent');
INSERT INTO PLProcessMonitorAgent_EventInterval_ProcessMonitorInterval VALUES (1038, 1635848665, 1635848965);
INSERT INTO PLProcessMonitorAgent_EventInterval_ProcessMonitorInterval_Dynamic VALUES (1, 1038, '', 37, 'routined', 's', 33.75), (2, 7, 'com.apple.Accounts', 101, 'accountsd', 's', 3.5);
INSERT INTO PLProcessNetworkAgent_EventInterval_UsageDiff VALUES (1, 1635848665.5, 'com.apple.MobileBackup', 0, 5000, 'BackupAgent', 200, 0, 1635848982.75);
INSERT INTO PLProcessNetworkAgent_EventPoint_Connection VALUES (1, 1635848700, 1, 'en0', '192.168.1.7', 50123, 'imagent', 80, '17.57.144.1', 443, 0, 100, 0, 200),
	(2, 1635848701, 1, 'pdp_ip0', '::1', 50124, 'imagent', 80, 'not an address', 443, 5, 0, 6, 0);
INSERT INTO PLMDNSAgent_EventPoint_MDNSEvent VALUES (1, 1635848700, 'rapportd', 83, 3, 'PTR', '_companion-link._tcp'), (2, 1635848700, 'mDNSResponder', 84, 3, 'AAAA', 'update.example.org.');
INSERT INTO PLXPCAgent_EventPoint_BackgroundTransfer VALUES (1, 1635848700, 'com.apple.nsurlsessiond:[org.example.app:(null)]', 10, 20, -1001, 'NSURLErrorDomain', 'https://c2.example.org/x', 5, 'B265F656-2630-46C7-8580-AA294445F471');
INSERT INTO PLApplicationAgent_EventNone_AllApps VALUES (1, 1634734064.5, 'org.example.gone', '1.0', 1634734000, 'Gone', 1, 12345, 'Gone App', 3), (2, 1634734064.5, 'com.apple.VoiceMemos', '2.3', 0, 'VoiceMemos', NULL, 0, 'Voice Memos', 3);
INSERT INTO PLAudioAgent_EventPoint_AudioApp VALUES (1, 1635848700, 1635848700, 'mediaserverd', 7, 'Record', 'MicrophoneBuiltIn', 'start', 60);
INSERT INTO PLCameraAgent_EventForward_Camera VALUES (1, 1635848700, 'com.apple.camera', 2, 1), (2, 1635848800, '', 2, 0);
INSERT INTO PLLocationAgent_EventForward_ClientStatus VALUES (1, 1635848700, '', 'MobileWiFi.framework', '', NULL, 'Visit', NULL), (2, 1635848700, 'org.example.app', NULL, '/var/tmp/agent', 2, 'gps', 1635848710);
`

// powerlogLater are tables of iOS 17, with the columns that the analysis
// framework of EC-DIGIT-CSIRC reads.
const powerlogLater = `
CREATE TABLE 'PLProcessMonitorAgent_EventPoint_ProcessExit' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, 'IsPermanent' INTEGER, 'ProcessName' TEXT, 'ReasonCode' INTEGER, 'ReasonNamespace' INTEGER);
CREATE TABLE 'PLProcessMonitorAgent_EventBackward_ProcessExitHistogram' ('ID' INTEGER PRIMARY KEY AUTOINCREMENT, 'timestamp' REAL, '0s-5s' INTEGER, '10s-60s' INTEGER, '5s-10s' INTEGER, '60s+' INTEGER, 'ProcessName' TEXT, 'ReasonCode' INTEGER, 'ReasonNamespace' INTEGER);
INSERT INTO PLProcessMonitorAgent_EventPoint_ProcessExit VALUES (1, 1735848700.5, 1, 'MessagesBlastDoorService', 11, 2);
INSERT INTO PLProcessMonitorAgent_EventBackward_ProcessExitHistogram VALUES (1, 1735848700, 3, 0, 1, 0, 'IMTranscoderAgent', 11, 2);
`

func packed(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func powerlogSamples(tb testing.TB) []artifacttest.Sample {
	bad := `
CREATE TABLE PLStorageOperator_EventForward_TimeOffset (ID INTEGER PRIMARY KEY, timestamp, system);
CREATE TABLE PLProcessMonitorAgent_EventForward_ProcessID (ID INTEGER PRIMARY KEY, timestamp, BundleID, PID, ProcessName);
CREATE TABLE PLProcessMonitorAgent_EventBackward_ProcessMonitor_Dynamic (ID INTEGER PRIMARY KEY, FK_ID, ProcessName, value);
INSERT INTO PLStorageOperator_EventForward_TimeOffset VALUES (1, 'x', 'y'), (2, 1e308, 1e308), (3, NULL, 3);
INSERT INTO PLProcessMonitorAgent_EventForward_ProcessID VALUES (1, 'then', x'ff', 'one', 17), (2, 1e308, ':[', -1, x'00'), (3, NULL, ':', NULL, '/');
INSERT INTO PLProcessMonitorAgent_EventBackward_ProcessMonitor_Dynamic VALUES (1, 'x', 7, 'much'), (2, 1, NULL, NULL);
`
	archive := databaseSample(tb, "archive", powerlogPath+".gz", powerlogSchema+powerlogRows)
	archive.Files[archive.Path] = packed(tb, archive.Files[archive.Path])
	return []artifacttest.Sample{
		databaseSample(tb, "ios15", powerlogPath, powerlogSchema+powerlogRows),
		databaseSample(tb, "ios17", "private/var/containers/Shared/SystemGroup/1/Library/BatteryLife/CurrentPowerlog.PLSQL", powerlogLater),
		archive,
		withBadValues(databaseSample(tb, "bad", powerlogPath, bad)),
	}
}

func TestPowerlog(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, powerlog{}, "testdata/powerlog", powerlogSamples(t)...)
}

func FuzzPowerlog(f *testing.F) { artifacttest.Fuzz(f, powerlog{}, powerlogSamples(f)...) }

// TestPowerlogClock: each time has the difference added that held then.
func TestPowerlogClock(t *testing.T) {
	t.Parallel()
	p := powerReader{clock: []clockChange{{100, -5}, {200, 7}}}
	for at, want := range map[float64]float64{0: -5, 99: -5, 100: -5, 199.5: -5, 200: 7, 1e9: 7} {
		if got := p.offset(at); got != want {
			t.Errorf("offset at %v: %v, want %v", at, got, want)
		}
	}
	if got := (&powerReader{}).offset(3); got != 0 {
		t.Errorf("offset without a table: %v", got)
	}
}

func TestPowerlogObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, powerlog{}, powerlogSamples(t)[0])
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	want := map[artifact.Observable]bool{
		{Type: artifact.Process, Value: "bh", Field: "process"}:                               true,
		{Type: artifact.FilePath, Value: "/private/var/tmp/UserEventAgent", Field: "process"}: true,
		{Type: artifact.FilePath, Value: "/private/var/tmp/agent", Field: "executable"}:       true,
		{Type: artifact.Process, Value: "BackupAgent", Field: "process"}:                      true,
		{Type: artifact.IP, Value: "17.57.144.1", Field: "remote_address"}:                    true,
		{Type: artifact.Domain, Value: "update.example.org", Field: "name"}:                   true,
		{Type: artifact.URL, Value: "https://c2.example.org/x", Field: "failing_url"}:         true,
		{Type: artifact.AppID, Value: "org.example.app", Field: "bundle_id"}:                  true,
		{Type: artifact.AppID, Value: "org.example.gone", Field: "bundle_id"}:                 true,
		{Type: artifact.Process, Value: "com.apple.nsurlsessiond", Field: "bundle_id"}:        true,
	}
	for _, r := range recs {
		for _, o := range r.Observed {
			delete(want, o)
			if o.Value == "_companion-link._tcp" || o.Value == "not an address" {
				t.Errorf("observed %v", o)
			}
		}
	}
	if len(want) != 0 {
		t.Errorf("not observed: %v", want)
	}
}

// TestArchiveIsBounded: what would unpack to more than the limit is refused.
func TestArchiveIsBounded(t *testing.T) {
	t.Parallel()
	data := packed(t, make([]byte, 1<<20))
	in := artifact.NewInput("powerlog_x.PLSQL.gz", bytes.NewReader(data), int64(len(data)), nil)
	if _, err := unpack(in, 1<<20-1); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("got %v", err)
	}
	if r, err := unpack(in, 1<<20); err != nil || r.Size() != 1<<20 {
		t.Errorf("got %v", err)
	}
	short := artifact.NewInput("powerlog_x.PLSQL.gz", bytes.NewReader(data), int64(len(data)-9), nil)
	if _, err := unpack(short, 1<<21); !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestRealPowerlog(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "plaso", "ios", "powerlog_2021-12-16_05-54_84E2141B.PLSQL")
	recs, errs := artifacttest.Parse(t, powerlog{}, artifacttest.Sample{Path: powerlogPath, Files: map[string][]byte{powerlogPath: data}})
	kinds := map[artifact.Kind]int{}
	for _, r := range recs {
		kinds[r.Kind]++
	}
	for kind, n := range map[artifact.Kind]int{
		"process_start": 994, "process_time": 1410, "network_usage": 182, "app": 269, "plugin": 220, "app_state": 188,
		"coalition": 382, "app_time": 102, "name_lookup": 276, "transfer": 563, "push": 9, "camera": 1, "location": 65, "call": 1,
	} {
		if kinds[kind] != n {
			t.Errorf("%s: %d records, the table has %d rows", kind, kinds[kind], n)
		}
	}
	if len(errs) != 0 {
		t.Errorf("errors %v", errs)
	}
}
