package testevidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// amnestyMDM tells how an installed authority and management let others into a
// phone without an exploit.
const amnestyMDM = "https://blog.talosintelligence.com/mobile-malware-campaign-uses-malicious-mdm/"

// takenOver plants what lets somebody into a phone by its own settings: a
// server that manages it, an authority that it trusts, an automation that
// opens an address, and crash reports that are switched off.
func (b *builder) takenOver() error {
	if !b.o.Plant {
		return nil
	}
	for _, part := range []func() error{b.management, b.authority, b.automation, b.crashReporter} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// plantRule notes a trace that a rule must find.
func (b *builder) plantRule(rule, severity, artifact, path, value, source string) {
	b.ledger.plant(Trace{Name: rule, Artifact: artifact, Path: path, Value: value, Rule: rule, Severity: severity, Source: source})
}

// management writes the server that manages the phone, with the keys of
// MDM.plist, and the profile that brought it: its first payload changes what
// the owner is told.
func (b *builder) management() error {
	const server, id = "https://ios-certificate-update.example/server", "org.example.mdm"
	r := newRandom(b.o.Seed, "management")
	mdm := dict{
		{"ServerURL", server},
		{"CheckInURL", "https://ios-certificate-update.example/checkin"},
		{"ManagingProfileIdentifier", id},
		{"Topic", "com.apple.mgmt.External." + r.uuid()},
		{"AccessRights", 8191},
		{"IsProfileLocked", true},
		{"OrganizationInfo", dict{{"OrganizationName", "Example IT"}}},
	}
	profile := dict{
		{"InstallDate", b.predator(-time.Hour).Truncate(time.Second)},
		{"PayloadDisplayName", "Update service"},
		{"PayloadIdentifier", id},
		{"PayloadType", "Configuration"},
		{"PayloadUUID", r.uuid()},
		{"PayloadVersion", 1},
		{"PayloadContent", []any{
			dict{{"PayloadType", "com.apple.notificationsettings"}, {"PayloadIdentifier", id + ".1"}, {"PayloadUUID", r.uuid()}, {"PayloadVersion", 1}},
			dict{{"PayloadType", "com.apple.mdm"}, {"PayloadIdentifier", id + ".2"}, {"PayloadUUID", r.uuid()}, {"PayloadVersion", 1}, {"ServerURL", server}},
		}},
	}
	stub := profilesFolder + "profile-" + r.token(64) + ".stub"
	b.plantRule("mdm_enrolled", "low", "ios.mdm", profilesDomain+"/"+profilesFolder+"MDM.plist", server, amnestyMDM)
	b.plantRule("profile_notification_settings", "medium", "ios.configuration_profiles", profilesDomain+"/"+stub, "Update service", "https://docs.mvt.re/en/latest/ios/records/")
	if err := b.addBytes(profilesDomain, profilesFolder+"MDM.plist", binaryPlist(mdm), fileMeta{protection: 4}); err != nil {
		return err
	}
	return b.addBytes(profilesDomain, stub, binaryPlist(profile), fileMeta{protection: 4})
}

// authority writes a certificate that may issue others. Its key is in no
// secret: nothing is protected by it.
func (b *builder) authority() error {
	const domain, path = "KeychainDomain", "TrustStore.sqlite3"
	r := newRandom(b.o.Seed, "authority")
	key := ed25519.NewKeyFromSeed(r.bytes(ed25519.SeedSize))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Inspection CA", Organization: []string{"Example IT"}},
		NotBefore: b.predator(-48 * time.Hour).Truncate(time.Second), NotAfter: last.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, c, c, key.Public(), key)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(der)
	d := b.create(domain, path, "truststore", 4096)
	d.insert("tsettings", "sha256", "subj", "tset", "data", "uuid").row(sum[:], []byte("1"), nil, der, r.bytes(16))
	b.plantRule("trust_store_authority", "medium", "ios.trust_store", domain+"/"+path, "Example Inspection CA", amnestyMDM)
	return d.close()
}

// automation writes a shortcut that opens an address whenever an app is
// opened: Predator came back in that way.
func (b *builder) automation() error {
	const domain, path, address = "HomeDomain", "Library/Shortcuts/Shortcuts.sqlite", "https://start.example.net/a"
	d := b.create(domain, path, "shortcuts", 4096)
	at := macTime(b.predator(4 * time.Hour))
	actions := binaryPlist([]any{dict{
		{"WFWorkflowActionIdentifier", "is.workflow.actions.openurl"}, {"WFWorkflowActionParameters", dict{{"WFInput", address}}},
	}})
	d.insert("ZSHORTCUT", "Z_PK", "Z_ENT", "Z_OPT", "ZACTIONCOUNT", "ZHIDDENFROMLIBRARY", "@ZCREATIONDATE", "@ZMODIFICATIONDATE", "ZNAME", "ZWORKFLOWID").
		row(1, 1, 1, 1, 1, at, at, "Abrir", d.r.uuid())
	d.insert("ZSHORTCUTACTIONS", "Z_PK", "Z_ENT", "Z_OPT", "ZSHORTCUT", "ZDATA").row(1, 2, 1, 1, actions)
	d.insert("ZTRIGGER", "Z_PK", "Z_ENT", "Z_OPT", "ZENABLED", "ZSHORTCUT", "ZTRIGGERID", "ZDATA").
		row(1, 3, 1, 1, 1, d.r.uuid(), binaryPlist(dict{{"selectedBundleIdentifiers", []any{"com.apple.mobilesafari"}}}))
	b.plantRule("shortcut_automation_url", "low", "ios.shortcuts", domain+"/"+path, address, cytrox2021)
	return d.close()
}

// crashReporter writes the list by which Pegasus switched crash reports off.
func (b *builder) crashReporter() error {
	const domain, path = "RootDomain", "Library/Preferences/com.apple.CrashReporter.plist"
	b.plantRule("crash_reporter_off", "medium", "ios.manifest", "Manifest.db", path, amnesty2021)
	return b.addBytes(domain, path, binaryPlist(dict{{"SubmitToApple", false}}), fileMeta{protection: 3, at: b.pegasus(3 * time.Minute)})
}
