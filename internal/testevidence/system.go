package testevidence

import (
	"fmt"
	"time"
)

const (
	usageDomain = "WirelessDomain"
	usagePath   = "Library/Databases/DataUsage.sqlite"
	tccDomain   = "HomeDomain"
	tccPath     = "Library/TCC/TCC.db"
)

// systemProcesses use the network on every phone.
var systemProcesses = []string{
	"mDNSResponder", "apsd", "CommCenter", "itunesstored", "cloudd", "nsurlsessiond", "imagent", "identityservicesd", "mobileassetd", "akd", "symptomsd", "locationd",
}

// A usageWriter writes DataUsage.sqlite.
type usageWriter struct {
	b       *builder
	r       random
	id      int64 // of the last process
	use     int64 // of the last usage
	process *insert
	usage   *insert
}

// dataUsage writes up to 400 processes with their traffic. Process numbers
// have no gaps unless a decoy makes one.
func (b *builder) dataUsage() error {
	d := b.create(usageDomain, usagePath, "datausage", 4096)
	w := &usageWriter{b: b, r: d.r}
	w.process = d.insert("ZPROCESS", "Z_PK", "Z_ENT", "Z_OPT", "@ZFIRSTTIMESTAMP", "@ZTIMESTAMP", "ZBUNDLENAME", "ZPROCNAME")
	w.usage = d.insert("ZLIVEUSAGE", "Z_PK", "Z_ENT", "Z_OPT", "ZKIND", "ZTAG", "ZHASPROCESS", "@ZTIMESTAMP", "ZWIFIIN", "ZWIFIOUT", "ZWWANIN", "ZWWANOUT")
	for i, n := 0, clamp(b.o.Messages/50, 40, 400); i < n; i++ {
		if name := pick(w.r, systemProcesses); i < len(systemProcesses) {
			w.add(systemProcesses[i], nil)
		} else {
			bundle := fmt.Sprintf("org.example.app%d", i)
			w.add(name+"/"+bundle, bundle)
		}
	}
	if b.o.Plant {
		w.trace(false, Trace{Name: "datausage_process", Table: "ZPROCESS", RowID: w.addAt("bh", nil, w.b.pegasus(5*time.Minute), w.b.pegasus(9*time.Hour)), Value: "bh", Indicator: "bh"})
		w.orphan()
	}
	if b.o.Plant {
		w.behaves("network_use_backup_agent", "high", kaspersky2023, "BackupAgent", w.b.triangulation(4*time.Minute), w.b.triangulation(20*time.Minute))
		w.behaves("process_mimics_ios", "low", amnesty2021, "cfprefssd", w.b.pegasus(6*time.Minute), w.b.pegasus(8*time.Hour))
	}
	if b.o.Decoys {
		w.trace(true, Trace{Name: "decoy_backup_agent_2", Table: "ZPROCESS", RowID: w.add("BackupAgent2", nil), Value: "BackupAgent2", Rule: "network_use_backup_agent"})
		w.trace(true, Trace{Name: "decoy_process_longer_name", Table: "ZPROCESS", RowID: w.add("bhx", nil), Value: "bhx", Indicator: "bh"})
		w.id += 5 // processes come and go
		w.trace(true, Trace{Name: "decoy_process_gap", Table: "ZPROCESS", RowID: w.add("mediaserverd", nil), Value: "numbers are missing", Rule: "datausage_gap"})
	}
	if b.o.Plant {
		w.cleaned(d)
	}
	key := d.insert("Z_PRIMARYKEY", "Z_ENT", "Z_NAME", "Z_SUPER", "Z_MAX")
	key.row(5, "LiveUsage", 0, w.use)
	key.row(7, "Process", 0, w.id)
	return d.close()
}

func (w *usageWriter) add(name string, bundle any) int64 {
	from := w.r.between(first, last)
	return w.addAt(name, bundle, from, w.r.between(from, last))
}

// behaves writes a process that a rule must find.
func (w *usageWriter) behaves(rule, severity, source, name string, from, to time.Time) {
	w.b.ledger.plant(Trace{
		Name: rule, Artifact: "ios.datausage", Path: usageDomain + "/" + usagePath, Table: "ZPROCESS", RowID: w.addAt(name, nil, from, to),
		Value: name, Rule: rule, Severity: severity, Source: source,
	})
}

// addAt writes a process that used the network from one time to another.
func (w *usageWriter) addAt(name string, bundle any, from, to time.Time) int64 {
	w.id++
	w.process.row(w.id, 7, 1, macTime(from), macTime(to), bundle, name)
	w.traffic(w.id, w.r.between(from, to))
	return w.id
}

func (w *usageWriter) traffic(process int64, at time.Time) {
	w.use++
	w.usage.row(w.use, 5, 1, 0, 1, process, macTime(at), 0.0, 0.0, float64(w.r.IntN(1e7)), float64(w.r.IntN(1e6)))
}

// orphan writes traffic of a process whose row is gone. Without decoys its
// number is the last, and no gap tells of it.
func (w *usageWriter) orphan() {
	w.id++
	w.traffic(w.id, w.b.pegasus(20*time.Minute))
	w.b.ledger.plant(Trace{
		Name: "datausage_orphan", Artifact: "ios.datausage", Path: usageDomain + "/" + usagePath, Table: "ZLIVEUSAGE", RowID: w.use,
		Value: fmt.Sprintf("traffic of process %d, which is gone", w.id), Rule: "datausage_orphan", Severity: "high", Source: amnesty2021,
	})
}

func (w *usageWriter) trace(decoy bool, t Trace) {
	t.Artifact, t.Path = "ios.datausage", usageDomain+"/"+usagePath
	if decoy {
		w.b.ledger.decoy(t)
		return
	}
	w.b.planted(t)
}

// permissions writes what apps may use.
func (b *builder) permissions() error {
	d := b.create(tccDomain, tccPath, "tcc", 4096)
	r := d.r
	d.insert("admin", "key", "value").row("version", 24)
	access := d.insert("access", "service", "client", "client_type", "auth_value", "auth_reason", "auth_version", "indirect_object_identifier", "flags", "@last_modified")
	for i := range 60 {
		access.row(pick(r, []string{"kTCCServiceMicrophone", "kTCCServiceCamera", "kTCCServicePhotos", "kTCCServiceAddressBook"}),
			fmt.Sprintf("org.example.app%d", i), 0, 2*r.IntN(2), 2, 1, "UNUSED", 0, r.between(first, last).Unix())
	}
	if b.o.Plant {
		access.row("kTCCServiceMicrophone", "roleaboutd", 0, 2, 4, 1, "UNUSED", 0, b.pegasus(30*time.Minute).Unix())
		access.row("kTCCServiceCamera", "/private/var/tmp/UserEventAgent", 1, 2, 4, 1, "UNUSED", 0, b.predator(time.Hour).Unix())
		for i, t := range []Trace{
			{Name: "tcc_process", Value: "roleaboutd", Indicator: "roleaboutd"},
			{Name: "tcc_path", Value: "/private/var/tmp/UserEventAgent", Indicator: "/private/var/tmp/UserEventAgent"},
		} {
			t.Artifact, t.Path, t.Table, t.RowID = "ios.tcc", tccDomain+"/"+tccPath, "access", int64(61+i)
			b.planted(t)
		}
	}
	if b.o.Decoys {
		b.permissionDecoys(access)
	}
	return d.close()
}

// permissionDecoys are programs whose names resemble listed ones.
func (b *builder) permissionDecoys(access *insert) {
	for _, t := range []Trace{
		{Name: "decoy_tcc_longer_process", Value: "com.apple.roleaboutd.settings", Indicator: "roleaboutd"},
		{Name: "decoy_tcc_longer_path", Value: "/private/var/tmp/UserEventAgentHelper", Indicator: "/private/var/tmp/UserEventAgent"},
		{Name: "decoy_tcc_other_path", Value: "/usr/libexec/UserEventAgent", Indicator: "/private/var/tmp/UserEventAgent"},
	} {
		access.row("kTCCServiceLiverpool", t.Value, btoi(t.Value[0] == '/'), 2, 4, 1, "UNUSED", 0, first.Unix())
		t.Artifact, t.Path, t.Table, t.RowID = "ios.tcc", tccDomain+"/"+tccPath, "access", access.count.Rows
		b.ledger.decoy(t)
	}
}

// preferences writes the owner's preferences. A person who was attacked has
// Lockdown Mode on; of others the key is not there.
func (b *builder) preferences() error {
	const domain, path = "HomeDomain", "Library/Preferences/.GlobalPreferences.plist"
	list := dict{{"AppleLanguages", []any{"es-MX", "en"}}, {"AppleLocale", "es_MX"}, {"AppleKeyboards", []any{"es_MX@sw=QWERTY-Spanish;hw=Automatic", "emoji"}}}
	if b.o.Plant {
		list = append(list, entry{"LDMGlobalEnabled", true})
		b.ledger.plant(Trace{
			Name: "lockdown_mode", Artifact: "ios.global_preferences", Path: domain + "/" + path, Key: "LDMGlobalEnabled", Value: "true",
			Rule: "lockdown_mode_on", Severity: "info", Source: "https://support.apple.com/105120",
		})
	}
	if b.o.Decoys && !b.o.Plant {
		// Lockdown Mode was on once and is off: worth knowing, not a trace.
		list = append(list, entry{"LDMGlobalEnabled", false})
		b.ledger.decoy(Trace{
			Name: "decoy_lockdown_mode_off", Artifact: "ios.global_preferences", Path: domain + "/" + path, Key: "LDMGlobalEnabled",
			Value: "false", Rule: "lockdown_mode_off",
		})
	}
	return b.addBytes(domain, path, binaryPlist(list), fileMeta{protection: 3})
}
