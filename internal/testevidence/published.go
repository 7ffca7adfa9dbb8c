package testevidence

// The reports that published what is planted.
const (
	amnesty2021  = "https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/"
	reckless2017 = "https://citizenlab.ca/2017/06/reckless-exploit-mexico-nso/"
	cytrox2021   = "https://citizenlab.ca/2021/12/pegasus-vs-predator-dissidents-doubly-infected-iphone-reveals-cytrox-mercenary-spyware/"
	darkSword    = "https://github.com/mvt-project/mvt-indicators/tree/main/2026-03-30_darksword"
	appleNotice  = "https://support.apple.com/102174"
)

// A published value is one that somebody found on phones that were attacked.
type published struct{ kind, value, source string }

// publishedValues are all that is planted, and all that the indicators of
// [WriteIndicators] list. The lists that the reports came with are at
// https://github.com/AmnestyTech/investigations (2021-07-18_nso,
// 2021-12-16_cytrox), https://github.com/citizenlab/malware-indicators
// (201706_RecklessExploit) and the folder of DarkSword above.
var publishedValues = []published{
	{"domain", "free247downloads.com", amnesty2021},
	{"domain", "urlpush.net", amnesty2021},
	{"domain", "opposedarrangement.net", amnesty2021},
	{"domain", "smsmensaje.mx", reckless2017},
	{"domain", "unonoticias.net", reckless2017},
	{"domain", "ideas-telcel.com.mx", reckless2017},
	{"domain", "iusacell-movil.com.mx", reckless2017},
	{"domain", "smscentro.com", reckless2017},
	{"domain", "twiitter.com.mx", reckless2017},
	{"domain", "secure-access10.mx", reckless2017},
	{"domain", "mymensaje-sms.com", reckless2017},
	{"domain", "fb-accounts.com", reckless2017},
	{"domain", "network190.com", reckless2017},
	{"domain", "e5.malaymoil.com", darkSword},
	{"process", "bh", amnesty2021},
	{"process", "roleaboutd", amnesty2021},
	{"process", "payload", amnesty2021},
	{"email", "bergers.o79@gmail.com", amnesty2021},
	{"email", "kleinleon1987@gmail.com", amnesty2021},
	{"path", "/private/var/tmp/UserEventAgent", cytrox2021},
	{"profile", predatorProfile, cytrox2021},
	{"path", "/private/var/wireless/wifi_passwords.txt", darkSword},
	{"path", "/private/var/root/keychain_dump.txt", darkSword},
}

// sourceOf returns who published an indicator.
func sourceOf(indicator string) string {
	for _, p := range publishedValues {
		if p.value == indicator {
			return p.source
		}
	}
	return ""
}

// typeOf returns what an indicator is.
func typeOf(indicator string) string {
	for _, p := range publishedValues {
		if p.value == indicator {
			return p.kind
		}
	}
	return ""
}

// planted notes a trace with a published value, which is critical wherever it lies.
func (b *builder) planted(t Trace) {
	t.Type, t.Source, t.Severity = typeOf(t.Indicator), sourceOf(t.Indicator), "critical"
	t.Match = or(t.Match, "exact")
	b.ledger.plant(t)
}
