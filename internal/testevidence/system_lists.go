package testevidence

import (
	"fmt"
	"time"
)

const (
	idStatusPath   = "Library/Preferences/com.apple.identityservices.idstatuscache.plist"
	dailyPath      = "Library/Preferences/com.apple.osanalytics.addaily.plist"
	clientsPath    = "Library/Caches/locationd/clients.plist"
	profilesDomain = "SysSharedContainerDomain-systemgroup.com.apple.configurationprofiles"
	profilesFolder = "Library/ConfigurationProfiles/"
)

// predatorProfile is the identifier of the profile that Predator installed.
const predatorProfile = "76DAB334-7E17-475D-A5D6-0794EB5818A5"

// systemLists writes property lists of the system in which traces were found.
func (b *builder) systemLists() error {
	r := newRandom(b.o.Seed, "system lists")
	for _, l := range []struct {
		domain, path string
		value        dict
	}{
		{"HomeDomain", idStatusPath, b.idStatus(r)},
		{"HomeDomain", dailyPath, b.daily(r)},
		{"RootDomain", clientsPath, b.locationClients(r)},
		{profilesDomain, profilesFolder + "MCProfileEvents.plist", b.profileEvents(r)},
		{profilesDomain, profilesFolder + fmt.Sprintf("profile-%x.stub", r.bytes(32)), b.profile(r)},
	} {
		if err := b.addBytes(l.domain, l.path, binaryPlist(l.value), fileMeta{protection: 4}); err != nil {
			return err
		}
	}
	return nil
}

// publishedEntry notes a published value in a list.
func (b *builder) publishedEntry(name, artifact, path, key, kind, value, source string) {
	b.ledger.plant(Trace{
		Name: name, Artifact: artifact, Path: path, Key: key, Value: value, Type: kind, Indicator: value, Match: "exact",
		Severity: "critical", Source: source,
	})
}

// idStatus is whom the phone looked up before it talked to them: a service,
// an address, the time and the answer. Found by Amnesty on attacked phones.
func (b *builder) idStatus(r random) dict {
	at := func(t time.Time) dict { return dict{{"IDStatus", 1}, {"LookupDate", macTime(t)}} }
	entry1 := func() dict { return at(r.between(first, last)) }
	var messages dict
	for i := range 40 {
		messages = append(messages, entry{"tel:" + phone(i), entry1()})
	}
	if b.o.Plant {
		user := "mailto:" + publishedAppleID
		messages = append(messages, entry{user, at(b.pegasus(time.Minute))})
		messages = append(messages, entry{"\x00\x00\x10\x00ta", at(b.pegasus(2 * time.Minute))})
		b.plantRule("id_status_cache_nul", "high", "ios.id_status_cache", "HomeDomain/"+idStatusPath, "two zero bytes", "https://docs.mvt.re/en/latest/ios/records/")
		b.publishedEntry("id_status_lookup", "ios.id_status_cache", "HomeDomain/"+idStatusPath, "com.apple.madrid/"+user, "email", publishedAppleID, amnesty2021)
	}
	return dict{{"com.apple.madrid", messages}, {"com.apple.ess", dict{{"tel:" + phone(1), entry1()}}}}
}

// daily is the base line of network use by process: time, then bytes in and out
// over Wi-Fi and over the mobile network.
func (b *builder) daily(r random) dict {
	var use dict
	numbers := func() []any {
		return []any{r.between(last.AddDate(0, 0, -30), last).Truncate(time.Second), r.IntN(1e7), r.IntN(1e6), r.IntN(1e7), r.IntN(1e6)}
	}
	for _, p := range systemProcesses {
		use = append(use, entry{p, numbers()})
	}
	if b.o.Plant {
		use = append(use, entry{"roleaboutd", numbers()})
		b.publishedEntry("addaily_process", "ios.os_analytics_ad_daily", "HomeDomain/"+dailyPath, "netUsageBaseline/roleaboutd", "process", "roleaboutd", amnesty2021)
	}
	return dict{{"netUsageBaseline", use}, {"version", 1}}
}

// locationClients are the programs that asked where the phone is.
func (b *builder) locationClients(r random) dict {
	client := func(bundle, path string) dict {
		return dict{
			{"BundleId", bundle},
			{"BundlePath", path},
			{"Executable", path + "/main"},
			{"Registered", path + "/main"},
			{"Whitelisted", false},
			{"LocationTimeStopped", macTime(r.between(first, last))},
		}
	}
	var list dict
	for i := range 12 {
		id := fmt.Sprintf("org.example.app%d", i)
		list = append(list, entry{"i" + id + ":", client(id, "/private/var/containers/Bundle/Application/"+r.uuid()+"/App.app")})
	}
	list = append(list, entry{"com.apple.locationd.bundle-/System/Library/LocationBundles/WeatherLocation.bundle", client("com.apple.locationd.weather", "/System/Library/LocationBundles/WeatherLocation.bundle")})
	if b.o.Plant {
		const path = "/private/var/tmp/UserEventAgent"
		list = append(list, entry{path, dict{{"Executable", path}, {"LocationTimeStopped", macTime(b.predator(3 * time.Hour))}}})
		const bundle = "com.apple.locationd.bundle-/System/Library/LocationBundles/IonosphereHarvest.bundle"
		list = append(list, entry{bundle, dict{{"BundlePath", "/System/Library/LocationBundles/IonosphereHarvest.bundle"}, {"LocationTimeStopped", macTime(b.triangulation(4 * time.Minute))}}})
		b.plantRule("locationd_triangulation_client", "low", "ios.locationd_clients", "RootDomain/"+clientsPath, bundle, kaspersky2023)
		b.publishedEntry("locationd_client", "ios.locationd_clients", "RootDomain/"+clientsPath, path+"/Executable", "path", path, cytrox2021)
	}
	return list
}

// profileEvents are installations and removals of configuration profiles.
func (b *builder) profileEvents(r random) dict {
	event := func(id string, at time.Time) dict {
		return dict{{id, dict{{"timestamp", at.Truncate(time.Second)}, {"operation", "install"}, {"process", "profiled"}}}}
	}
	list := []any{event("org.example.wifi", r.between(first, last))}
	if b.o.Plant {
		list = append(list, event(predatorProfile, b.predator(0)))
	}
	return dict{{"ProfileEvents", list}}
}

// profile is a configuration profile as it was installed.
func (b *builder) profile(r random) dict {
	id, name, installed := r.uuid(), "Oficina Wi-Fi", r.between(first, last)
	if b.o.Plant {
		id, name, installed = predatorProfile, "Update", b.predator(0)
		b.publishedEntry("configuration_profile", "ios.configuration_profiles", profilesDomain+"/"+profilesFolder+"profile-*.stub", "PayloadUUID",
			"profile", predatorProfile, cytrox2021)
	}
	return dict{
		{"InstallDate", installed.Truncate(time.Second)},
		{"PayloadDisplayName", name},
		{"PayloadIdentifier", "org.example.wifi"},
		{"PayloadType", "Configuration"},
		{"PayloadUUID", id},
		{"PayloadVersion", 1},
		{"PayloadContent", []any{dict{{"PayloadType", "com.apple.wifi.managed"}, {"PayloadIdentifier", "org.example.wifi.1"}, {"PayloadUUID", r.uuid()}, {"PayloadVersion", 1}, {"SSID_STR", "Oficina"}}}},
	}
}
