package ios

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// profilesDomain is where the phone keeps profiles.
const profilesDomain = "SysSharedContainerDomain-systemgroup.com.apple.configurationprofiles/Library/ConfigurationProfiles/"

// configurationProfiles reads the profiles that somebody installed.
type configurationProfiles struct{}

var configurationProfilesInfo = artifact.Info{
	Name:    "ios.configuration_profiles",
	Version: 1,
	Summary: "Configuration profiles on the phone: what each changes, which servers and certificates it brings.",
	Files:   onPhone(profilesDomain + "profile-*"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "profile",
			Doc:  "One profile.",
			Fields: []artifact.FieldInfo{
				{Name: "uuid", Type: artifact.Text, Doc: "identifier of this profile (PayloadUUID)"},
				{Name: "identifier", Type: artifact.Text, Doc: "name among profiles (PayloadIdentifier)"},
				{Name: "display_name", Type: artifact.Text, Doc: "what people see"},
				{Name: "organization", Type: artifact.Text, Doc: "who made it, as it says"},
				{Name: "description", Type: artifact.Text, Doc: "what it says of itself"},
				{Name: "payload_types", Type: artifact.Strings, Doc: "what it changes, in order"},
				{Name: "removal_disallowed", Type: artifact.Bool, Doc: "the owner cannot remove it"},
				{Name: "details", Type: artifact.Tree, Doc: "everything else, but for the payloads"},
			},
			Times: []string{"installed"},
		},
		{
			Kind: "payload",
			Doc:  "One thing that a profile changes.",
			Fields: []artifact.FieldInfo{
				{Name: "profile_uuid", Type: artifact.Text, Doc: "profile that it belongs to"},
				{Name: "type", Type: artifact.Text, Doc: "what it changes: com.apple.mdm, com.apple.vpn.managed, com.apple.security.root…"},
				{Name: "uuid", Type: artifact.Text, Doc: "its identifier"},
				{Name: "identifier", Type: artifact.Text, Doc: "its name"},
				{Name: "display_name", Type: artifact.Text, Doc: "what people see"},
				{Name: "servers", Type: artifact.Strings, Doc: "servers that it names"},
				{Name: "links", Type: artifact.Strings, Doc: "addresses that it names"},
				{Name: "certificate_sha256", Type: artifact.Text, Doc: "SHA-256 of the certificate that it brings"},
				{Name: "details", Type: artifact.Tree, Doc: "everything else"},
			},
		},
	},
	Caveats: []string{"Profiles that were removed are not here: see ios.profile_events."},
	Refs: []string{
		"https://developer.apple.com/documentation/devicemanagement/configuring-multiple-devices-using-profiles",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (configurationProfiles) Info() artifact.Info { return configurationProfilesInfo }

// Parse implements artifact.Parser.
func (configurationProfiles) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, readProfile)
}

// profileTexts are the keys that profiles and payloads have in common.
var profileTexts = []struct{ key, field string }{
	{"PayloadUUID", "uuid"}, {"PayloadIdentifier", "identifier"}, {"PayloadDisplayName", "display_name"},
}

func readProfile(r *listReading) error {
	rec := r.start("profile", "", r.root)
	own := map[string]bool{
		"PayloadContent": true, "PayloadOrganization": true, "PayloadDescription": true, "PayloadRemovalDisallowed": true, "InstallDate": true,
	}
	if err := r.profileTexts(rec, "", r.root, own); err != nil {
		return err
	}
	rec.Set("organization", artifact.TextOrNull(r.text(r.root.Get("PayloadOrganization"))))
	rec.Set("description", artifact.TextOrNull(r.text(r.root.Get("PayloadDescription"))))
	var types []string
	for p := range r.root.Get("PayloadContent").Items() {
		if len(types) < maxList {
			types = append(types, r.text(p.Get("PayloadType")))
		}
	}
	rec.Set("payload_types", artifact.StringsValue(types))
	if b, ok := r.root.Get("PayloadRemovalDisallowed").Bool(); ok {
		rec.Set("removal_disallowed", artifact.BoolValue(b))
	}
	r.when("installed", r.root.Get("InstallDate"))
	if err := r.otherKeys(rec, "profile", r.root, own); err != nil {
		return err
	}
	uuid := rec.Text("uuid")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "profile ", firstText(rec.Text("display_name"), rec.Text("identifier"), rec.Text("uuid")))
	}
	if err := r.Give(); err != nil {
		return err
	}
	i := 0
	for p := range r.root.Get("PayloadContent").Items() {
		if err := r.payload(fmt.Sprintf("PayloadContent/%d", i), uuid, p); err != nil {
			return err
		}
		i++
	}
	return nil
}

// profileTexts sets what a profile or a payload is called.
func (r *listReading) profileTexts(rec *artifact.Record, path string, v plist.Value, own map[string]bool) error {
	for _, f := range profileTexts {
		own[f.key] = true
		if err := r.set(f.field, path+"/"+f.key, v.Get(f.key)); err != nil {
			return err
		}
	}
	rec.Observe(artifact.ProfileID, rec.Text("uuid"), "uuid")
	rec.Observe(artifact.ProfileID, rec.Text("identifier"), "identifier")
	return nil
}

// serverKeys are the keys of payloads whose text is a host
// (https://developer.apple.com/documentation/devicemanagement/profile-specific-payload-keys).
var serverKeys = map[string]bool{
	"RemoteAddress": true, "ProxyServer": true, "HTTPProxy": true, "HTTPSProxy": true, "HostName": true, "Host": true, "ServerAddresses": true,
	"ServerName": true, "EmailAccountHostName": true, "IncomingMailServerHostName": true, "OutgoingMailServerHostName": true,
	"CalDAVHostName": true, "CardDAVHostName": true, "LDAPAccountHostName": true, "SubCalAccountHostName": true,
}

func (r *listReading) payload(path, profile string, v plist.Value) error {
	rec := r.start("payload", path, v)
	own := map[string]bool{"PayloadType": true}
	rec.Set("profile_uuid", artifact.TextOrNull(profile))
	rec.Set("type", artifact.TextOrNull(r.text(v.Get("PayloadType"))))
	if err := r.profileTexts(rec, path, v, own); err != nil {
		return err
	}
	if der, ok := v.Get("PayloadContent").Bytes(); ok {
		own["PayloadContent"] = true
		sum := sha256.Sum256(der)
		rec.Set("certificate_sha256", artifact.TextValue(hex.EncodeToString(sum[:])))
		rec.Observe(artifact.CertHash, rec.Text("certificate_sha256"), "certificate_sha256")
	}
	tree, err := plist.Any(v, treeLimits)
	if err != nil {
		if err := r.problem(path, fmt.Errorf("payload: %w", err)); err != nil {
			return err
		}
	}
	p := &profileAddresses{r: r}
	p.visit("", tree, maxNested)
	rec.Set("servers", artifact.StringsValue(p.servers))
	for _, host := range p.servers {
		rec.Observe(artifact.Domain, host, "servers")
	}
	setLinks(rec, p.links)
	if err := r.otherKeys(rec, path, v, own); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "profile payload ", firstText(rec.Text("type"), "without a type"), " ", rec.Text("display_name"))
	}
	return r.Give()
}

// profileAddresses gathers the servers and links of a payload.
type profileAddresses struct {
	r              *listReading
	servers, links []string
	found          []links.Link
}

func (p *profileAddresses) visit(key string, v any, depth int) {
	if depth == 0 || len(p.servers)+len(p.links) >= maxList {
		return
	}
	switch v := v.(type) {
	case string:
		if serverKeys[key] {
			p.servers = appendNew(p.servers, p.r.Cut(v))
			return
		}
		p.found = links.Scan(v, p.found[:0])
		for i := range p.found {
			// Guesses from words without a scheme are left to keys that name hosts.
			if strings.Contains(p.found[i].Text, "://") {
				p.links = appendNew(p.links, p.r.Cut(p.found[i].URL))
			}
		}
	case []any:
		for _, e := range v {
			p.visit(key, e, depth-1)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p.visit(k, v[k], depth-1)
		}
	}
}
