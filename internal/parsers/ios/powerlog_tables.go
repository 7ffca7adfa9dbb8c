package ios

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A powerTable says what becomes of one table of a powerlog, or of several
// with the same columns.
type powerTable struct {
	kind   artifact.Kind
	doc    string
	says   string   // how a summary begins
	show   []string // fields that it goes on with
	tables []string
	fields []powerField
}

// A powerField is a column that becomes a field, or a time.
type powerField struct {
	column, name string
	kind         artifact.ValueKind
	doc          string
	time         string // meaning of a time in seconds since 1970
	observe      func(rec *artifact.Record, value, field string)
}

// wanted are the columns to read.
func (t *powerTable) wanted() []string {
	names := []string{"timestamp", "timestampEnd", "FK_ID"}
	for _, f := range t.fields {
		names = append(names, f.column)
	}
	return names
}

// powerlogKinds describes the records of all tables.
func powerlogKinds() []artifact.KindInfo {
	kinds := make([]artifact.KindInfo, 0, len(allPowerTables))
	for i := range allPowerTables {
		t := &allPowerTables[i]
		k := artifact.KindInfo{Kind: t.kind, Doc: t.doc, Times: []string{"logged", "ended"}, Fields: []artifact.FieldInfo{
			{Name: "timestamp", Type: artifact.Float, Doc: "time by the clock of the log, seconds since 1970"},
			{Name: "time_offset", Type: artifact.Float, Doc: "seconds that were added to it, where any were"},
			{Name: "path", Type: artifact.Text, Doc: "file that the process ran from, where a path is told"},
		}}
		for _, f := range t.fields {
			if f.time != "" {
				k.Times = append(k.Times, f.time)
			} else {
				k.Fields = append(k.Fields, artifact.FieldInfo{Name: f.name, Type: f.kind, Doc: f.doc})
			}
		}
		kinds = append(kinds, k)
	}
	return kinds
}

func fieldText(column, name, doc string) powerField {
	return powerField{column: column, name: name, kind: artifact.Text, doc: doc}
}

func fieldInt(column, name, doc string) powerField {
	return powerField{column: column, name: name, kind: artifact.Int, doc: doc}
}

func fieldFloat(column, name, doc string) powerField {
	return powerField{column: column, name: name, kind: artifact.Float, doc: doc}
}

func fieldProcess(column string) powerField {
	return powerField{column: column, name: "process", kind: artifact.Text, doc: "name of the process", observe: observeProcess}
}

func fieldApp(column string) powerField {
	return powerField{column: column, name: "bundle_id", kind: artifact.Text, doc: "app, or service with the app it worked for", observe: observeApp}
}

func fieldTime(column, meaning string) powerField {
	return powerField{column: column, time: meaning}
}

// observeProcess notes a process: by its name, and by its file where it is
// told by a path.
func observeProcess(rec *artifact.Record, value, field string) {
	rec.Observe(artifact.Process, value, field)
	if strings.HasPrefix(value, "/") {
		rec.Observe(artifact.FilePath, devicePath(value), field)
		if rec.Get("path").Kind() == artifact.Null {
			rec.Set("path", artifact.TextValue(value))
		}
	}
}

// observeApp notes an app, and both parts of "service:[client:(null)]".
func observeApp(rec *artifact.Record, value, field string) {
	service, client, ok := strings.Cut(value, ":[")
	if !ok {
		service, client, ok = strings.Cut(value, ":")
	}
	rec.Observe(artifact.Process, service, field)
	rec.Observe(artifact.AppID, service, field)
	if client, _, _ = strings.Cut(strings.TrimSuffix(client, "]"), ":"); ok && client != service {
		rec.Observe(artifact.AppID, client, field)
	}
}

// observeAddressIP notes an address of the internet.
func observeAddressIP(rec *artifact.Record, value, field string) {
	if _, err := netip.ParseAddr(value); err == nil {
		rec.Observe(artifact.IP, value, field)
	}
}

// observeHost notes a name that was looked up, unless it is that of a
// service in the local network, "_airplay._tcp".
func observeHost(rec *artifact.Record, value, field string) {
	if host := strings.TrimSuffix(value, "."); strings.Contains(host, ".") && !strings.HasPrefix(host, "_") {
		rec.Observe(artifact.Domain, host, field)
	}
}

func observeURL(rec *artifact.Record, value, field string) {
	rec.Observe(artifact.URL, value, field)
}

// allPowerTables are all tables that are read, in the order of their records.
var allPowerTables = append(slices.Clone(powerTables), powerApps...)

// powerTables are the tables that tell of processes and the network.
var powerTables = []powerTable{
	{
		kind: "process_start", doc: "A process that began to run.", says: "process started", show: []string{"process", "bundle_id"},
		tables: []string{"PLProcessMonitorAgent_EventForward_ProcessID"},
		fields: []powerField{
			fieldProcess("ProcessName"), fieldApp("BundleID"), fieldInt("PID", "pid", "number of the process"),
			fieldInt("CoalitionID", "coalition_id", "group of processes that launchd keeps"),
		},
	},
	{
		kind: "process_exit", doc: "A process that ended, with why.", says: "process ended", show: []string{"process"},
		tables: []string{"PLProcessMonitorAgent_EventPoint_ProcessExit", "PLProcessMonitorAgent_EventBackward_ProcessExitHistogram"},
		fields: []powerField{
			fieldProcess("ProcessName"), fieldInt("PID", "pid", "number of the process"),
			fieldInt("ReasonNamespace", "reason_namespace", "who ended it, as a number of the kernel"),
			fieldInt("ReasonCode", "reason_code", "why, as a number of that namespace"),
			fieldInt("IsPermanent", "permanent", "1 for a process that should not end"),
			fieldInt("0s-5s", "within_5s", "how often within 5 seconds of its start"),
			fieldInt("5s-10s", "within_10s", "how often within 5 to 10 seconds"),
			fieldInt("10s-60s", "within_60s", "how often within 10 to 60 seconds"),
			fieldInt("60s+", "later", "how often later"),
		},
	},
	{
		kind: "process_time", doc: "How much of the processor a process used in a span of time.", says: "process ran", show: []string{"process", "bundle_id"},
		tables: []string{"PLProcessMonitorAgent_EventInterval_ProcessMonitorInterval_Dynamic", "PLProcessMonitorAgent_EventBackward_ProcessMonitor_Dynamic"},
		fields: []powerField{
			fieldProcess("ProcessName"), fieldApp("BundleID"), fieldInt("PID", "pid", "number of the process"),
			fieldFloat("value", "cpu_time", "time of the processor"), fieldText("unit", "unit", "unit of it"),
		},
	},
	{
		kind: "process_frozen", doc: "An app that was held in memory without running.", says: "process held", show: []string{"process"},
		tables: []string{"PLProcessMonitorAgent_EventPoint_FreezerStats"},
		fields: []powerField{fieldProcess("ProcessName"), fieldInt("PID", "pid", "number of the process")},
	},
	{
		kind: "network_usage", doc: "What a process sent and received.", says: "network use of", show: []string{"process", "bundle_id"},
		tables: []string{"PLProcessNetworkAgent_EventInterval_UsageDiff", "PLProcessNetworkAgent_EventBackward_Usage"},
		fields: []powerField{
			fieldProcess("ProcessName"), fieldApp("BundleName"),
			fieldInt("WifiIn", "wifi_in", "bytes received by Wi-Fi"), fieldInt("WifiOut", "wifi_out", "bytes sent by Wi-Fi"),
			fieldInt("CellIn", "wwan_in", "bytes received by the mobile network"), fieldInt("CellOut", "wwan_out", "bytes sent by the mobile network"),
		},
	},
	{
		kind: "connection", doc: "A connection that a process had.", says: "connection of", show: []string{"process", "remote_address"},
		tables: []string{"PLProcessNetworkAgent_EventPoint_Connection"},
		fields: []powerField{
			fieldProcess("ProcessName"), fieldInt("ProcessPID", "pid", "number of the process"),
			{column: "RemoteAddress", name: "remote_address", kind: artifact.Text, doc: "address of the other side", observe: observeAddressIP},
			fieldInt("RemotePort", "remote_port", "port of the other side"), fieldText("LocalAddress", "local_address", "address of the phone"),
			fieldInt("LocalPort", "local_port", "port of the phone"), fieldText("InterfaceName", "interface", "interface"),
			fieldInt("EventType", "event_type", "what happened, as a number"),
			fieldInt("rxWifiBytes", "wifi_in", "bytes received by Wi-Fi"), fieldInt("txWifiBytes", "wifi_out", "bytes sent by Wi-Fi"),
			fieldInt("rxCellularBytes", "wwan_in", "bytes received by the mobile network"), fieldInt("txCellularBytes", "wwan_out", "bytes sent by the mobile network"),
		},
	},
	{
		kind: "wake", doc: "Something from the network that woke the phone.", says: "woken for", show: []string{"process", "source_address"},
		tables: []string{"PLNetworkAgent_EventPoint_Wake", "PLNetworkAgent_EventPoint_UnattributedWake"},
		fields: []powerField{
			fieldProcess("ProcessName"), fieldInt("PID", "pid", "number of the process"),
			{column: "EffectiveProcessName", name: "effective_process", kind: artifact.Text, doc: "process that it worked for", observe: observeProcess},
			{column: "sourceAddress", name: "source_address", kind: artifact.Text, doc: "address that it came from", observe: observeAddressIP},
			fieldInt("sourcePort", "source_port", "port that it came from"),
			{column: "destinationAddress", name: "destination_address", kind: artifact.Text, doc: "address that it went to", observe: observeAddressIP},
			fieldInt("destinationPort", "destination_port", "port that it went to"), fieldText("Interface", "interface", "interface"),
		},
	},
	{
		kind: "name_lookup", doc: "A name that a process looked up or a service that it looked for.", says: "looked up by", show: []string{"process", "name"},
		tables: []string{"PLMDNSAgent_EventPoint_MDNSEvent"},
		fields: []powerField{
			fieldProcess("clientName"), fieldInt("clientPID", "pid", "number of the process"),
			{column: "service", name: "name", kind: artifact.Text, doc: "name or service", observe: observeHost},
			fieldText("recordType", "record_type", "type of the record of DNS"), fieldInt("eventName", "event", "what happened, as a number"),
		},
	},
	{
		kind: "transfer", doc: "A transfer that the system made for an app in the background.", says: "background transfer of", show: []string{"bundle_id", "failing_url"},
		tables: []string{"PLXPCAgent_EventPoint_BackgroundTransfer"},
		fields: []powerField{
			fieldApp("bundleID"), fieldInt("bytesReceived", "bytes_in", "bytes received"), fieldInt("bytesSent", "bytes_out", "bytes sent"),
			{column: "errorFailingURL", name: "failing_url", kind: artifact.Text, doc: "address that could not be loaded", observe: observeURL},
			fieldText("errorDomain", "error_domain", "kind of error"), fieldInt("errorCode", "error_code", "error, as a number"),
			fieldInt("state", "state", "state of the transfer, as a number"), fieldText("taskUUID", "task_uuid", "identifier of the transfer"),
		},
	},
	{
		kind: "push", doc: "A push notification that arrived.", says: "push for", show: []string{"bundle_id", "topic"},
		tables: []string{"PLPushAgent_EventPoint_ReceivedPush"},
		fields: []powerField{
			fieldApp("BundleID"), fieldText("Topic", "topic", "topic of the notification"), fieldText("ConnectionType", "connection", "wifi or cell"),
			{column: "ServerHostname", name: "server", kind: artifact.Text, doc: "server that it came from", observe: observeHost},
			{column: "ServerIP", name: "server_address", kind: artifact.Text, doc: "address of that server", observe: observeAddressIP},
			fieldInt("Size", "size", "its bytes"), fieldInt("Priority", "priority", "its priority"),
		},
	},
}
