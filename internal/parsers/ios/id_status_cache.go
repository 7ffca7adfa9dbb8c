package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// idStatusCache reads which Apple IDs and numbers the phone looked up.
type idStatusCache struct{}

var idStatusCacheInfo = artifact.Info{
	Name:    "ios.id_status_cache",
	Version: 1,
	Summary: "Apple IDs and numbers that the phone looked up for iMessage, FaceTime and the like.",
	Files: append(onPhone("HomeDomain/Library/Preferences/com.apple.identityservices.idstatuscache.plist"),
		"private/var/mobile/Library/IdentityServices/idstatuscache.plist"),
	Kinds: []artifact.KindInfo{{
		Kind: "lookup",
		Doc:  "The last look-up of one account by one service.",
		Fields: []artifact.FieldInfo{
			{Name: "package", Type: artifact.Text, Doc: "service: com.apple.madrid is iMessage"},
			{Name: "user", Type: artifact.Text, Doc: "account: mailto: and an address, tel: and a number; a NUL byte is written as \\x00"},
			{Name: "idstatus", Type: artifact.Int, Doc: "answer: 1 known, 2 not"},
			{Name: "occurrences", Type: artifact.Int, Doc: "services in which the account is"},
		},
		Times: []string{"lookup"},
	}},
	Caveats: []string{"Since iOS 14.7 the list in backups is empty.", "Only the last look-up of each account is kept."},
	Refs: []string{
		"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (idStatusCache) Info() artifact.Info { return idStatusCacheInfo }

// Parse implements artifact.Parser.
func (idStatusCache) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, readLookups)
}

func readLookups(r *listReading) error {
	times := map[string]int64{}
	for _, service := range r.root.All() {
		for user := range service.All() {
			if len(times) < maxAccounts {
				times[user]++
			}
		}
	}
	for name, service := range r.root.All() {
		for user, entry := range service.All() {
			if entry.Kind() != plist.Dict {
				continue // a version, or a time of the list itself
			}
			if err := r.lookup(name, user, entry, times[user]); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxAccounts bounds the memory for how often an account is there.
const maxAccounts = 1_000_000

func (r *listReading) lookup(service, user string, entry plist.Value, times int64) error {
	path := service + "/" + user
	rec := r.start("lookup", path, entry)
	rec.Set("package", artifact.TextValue(r.Cut(service)))
	rec.Set("user", artifact.TextValue(strings.ReplaceAll(r.Cut(user), "\x00", `\x00`)))
	observeAddress(rec, user, "user")
	if err := r.set("idstatus", path+"/IDStatus", entry.Get("IDStatus")); err != nil {
		return err
	}
	rec.Set("occurrences", artifact.IntValue(times))
	at, err := r.value(entry.Get("LookupDate"))
	if err != nil {
		return r.problem(path+"/LookupDate", err)
	}
	if t, ok := entry.Get("LookupDate").Time(); ok {
		rec.WhenAt("lookup", t)
	} else {
		rec.When("lookup", artifact.MacSeconds, at)
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "looked up ", rec.Text("user"), " for ", rec.Text("package"))
	}
	return r.Give()
}
