package ios

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"path"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// mdm reads who manages the phone from afar, and whether it is supervised.
type mdm struct{}

var mdmInfo = artifact.Info{
	Name:    "ios.mdm",
	Version: 1,
	Summary: "Who manages the phone from afar: the server, what it may do, and whether the phone is supervised.",
	Files: onPhone(profilesDomain+"MDM.plist", profilesDomain+"CloudConfigurationDetails.plist",
		profilesDomain+"CloudConfigurationSetAsideDetails.plist"),
	Companions: onPhone(profilesDomain + "profile-*"),
	Kinds:      []artifact.KindInfo{mdmEnrollment, mdmSupervision},
	Caveats: []string{
		"When the management began is told by the profile that brought it; without that file the time is missing.",
		"A phone that was never managed has the supervision file too, with nothing but settings of its first start.",
		"The certificate with which the phone signs in to the server is in its keychain: here is only a reference to it.",
	},
	Refs: []string{
		"https://developer.apple.com/documentation/devicemanagement/mdm",
		"https://duo.com/labs/research/mdm-me-maybe",
	},
}

var mdmEnrollment = artifact.KindInfo{
	Kind: "enrollment",
	Doc:  "The server that manages the phone (MDM.plist).",
	Fields: []artifact.FieldInfo{
		{Name: "server_url", Type: artifact.Text, Doc: "server that gives orders (ServerURL)"},
		{Name: "check_in_url", Type: artifact.Text, Doc: "server where the phone signs in and out (CheckInURL)"},
		{Name: "profile_id", Type: artifact.Text, Doc: "identifier of the profile that brought it (ManagingProfileIdentifier)"},
		{Name: "topic", Type: artifact.Text, Doc: "name under which the server wakes the phone"},
		{Name: "organization", Type: artifact.Text, Doc: "who manages the phone, as the server says"},
		{Name: "email", Type: artifact.Text, Doc: "its e-mail address"},
		{Name: "phone", Type: artifact.Text, Doc: "its number"},
		{Name: "access_rights", Type: artifact.Int, Doc: "what the server may do, as a number"},
		{Name: "rights", Type: artifact.Strings, Doc: "the same in words"},
		{Name: "identity_ref", Type: artifact.Bytes, Doc: "reference to the phone's certificate in its keychain"},
		{Name: "user_enrollment", Type: artifact.Bool, Doc: "only the work part of the phone is managed"},
		{Name: "enrollment_mode", Type: artifact.Text, Doc: "how the phone was enrolled"},
		{Name: "enrollment_id", Type: artifact.Text, Doc: "identifier of the phone towards the server"},
		{Name: "profile_locked", Type: artifact.Bool, Doc: "the owner cannot remove it"},
		{Name: "links", Type: artifact.Strings, Doc: "further addresses"},
		{Name: "details", Type: artifact.Tree, Doc: "everything else that is there"},
	},
	Times: []string{"installed"},
}

var mdmSupervision = artifact.KindInfo{
	Kind: "supervision",
	Doc:  "Whose the phone is, as it was set up (CloudConfigurationDetails.plist, and the copy that was set aside).",
	Fields: []artifact.FieldInfo{
		{Name: "supervised", Type: artifact.Bool, Doc: "the organisation has full control of the phone"},
		{Name: "mandatory", Type: artifact.Bool, Doc: "the owner could not skip it"},
		{Name: "unremovable", Type: artifact.Bool, Doc: "the owner cannot remove the management"},
		{Name: "allow_pairing", Type: artifact.Bool, Doc: "the phone may be connected to any computer"},
		{Name: "source", Type: artifact.Text, Doc: "where it comes from: automated_enrollment or configurator, else the number"},
		{Name: "configuration_url", Type: artifact.Text, Doc: "address from which the phone was set up (ConfigurationURL)"},
		{Name: "organization", Type: artifact.Text, Doc: "whose the phone is"},
		{Name: "department", Type: artifact.Text, Doc: "which part of it"},
		{Name: "email", Type: artifact.Text, Doc: "its e-mail address"},
		{Name: "support_email", Type: artifact.Text, Doc: "its e-mail address for help"},
		{Name: "phone", Type: artifact.Text, Doc: "its number"},
		{Name: "support_phone", Type: artifact.Text, Doc: "its number for help"},
		{Name: "anchor_sha256", Type: artifact.Strings, Doc: "SHA-256 of the certificates by which its server is known"},
		{Name: "supervisor_sha256", Type: artifact.Strings, Doc: "SHA-256 of the certificates of computers that may control the phone by cable"},
		{Name: "links", Type: artifact.Strings, Doc: "further addresses"},
		{Name: "details", Type: artifact.Tree, Doc: "everything else that is there"},
	},
}

// Info implements artifact.Parser.
func (mdm) Info() artifact.Info { return mdmInfo }

// Parse implements artifact.Parser.
func (mdm) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		if r.root.Len() == 0 {
			return nil // it says nothing
		}
		if strings.HasSuffix(in.Path, "/MDM.plist") {
			return r.mdmEnrollment(in)
		}
		return r.mdmSupervision()
	})
}

// mdmKeys are keys that become fields of their own, and as what an indicator
// could name their texts.
type mdmKeys []struct {
	key, field string
	observe    artifact.ObservableType
}

var mdmEnrollmentKeys = mdmKeys{
	{"ServerURL", "server_url", artifact.URL},
	{"CheckInURL", "check_in_url", artifact.URL},
	{"ManagingProfileIdentifier", "profile_id", artifact.ProfileID},
	{"Topic", "topic", ""},
	{"AccessRights", "access_rights", ""},
	{"IdentityPersistentRef", "identity_ref", ""},
	{"UserEnrollment", "user_enrollment", ""},
	{"EnrollmentMode", "enrollment_mode", ""},
	{"EnrollmentID", "enrollment_id", ""},
	{"IsProfileLocked", "profile_locked", ""},
}

var mdmSupervisionKeys = mdmKeys{
	{"IsSupervised", "supervised", ""},
	{"IsMandatory", "mandatory", ""},
	{"IsMDMUnremovable", "unremovable", ""},
	{"AllowPairing", "allow_pairing", ""},
	{"ConfigurationSource", "source", ""},
	{"ConfigurationURL", "configuration_url", artifact.URL},
	{"OrganizationName", "organization", ""},
	{"OrganizationDepartment", "department", ""},
	{"OrganizationEmail", "email", artifact.Email},
	{"OrganizationSupportEmail", "support_email", artifact.Email},
	{"OrganizationPhone", "phone", artifact.Phone},
	{"OrganizationSupportPhone", "support_phone", artifact.Phone},
	{"AnchorCertificates", "anchor_sha256", artifact.CertHash},
	{"SupervisorHostCertificates", "supervisor_sha256", artifact.CertHash},
}

// mdmSources are the numbers of ConfigurationSource that are known.
var mdmSources = map[int64]string{1: "automated_enrollment", 2: "configurator"}

// mdmRights are the bits of AccessRights
// (https://developer.apple.com/documentation/devicemanagement/mdm).
var mdmRights = [...]string{
	"inspect_profiles", "install_profiles", "lock_and_remove_passcode", "erase", "query_device", "query_network",
	"inspect_provisioning_profiles", "install_provisioning_profiles", "inspect_apps", "query_restrictions", "query_security",
	"change_settings", "manage_apps",
}

func (r *listReading) mdmEnrollment(in *artifact.Input) error {
	rec := r.start("enrollment", "", r.root)
	if err := r.mdmFields(rec, mdmEnrollmentKeys); err != nil {
		return err
	}
	who := r.root.Get("OrganizationInfo")
	rec.Set("organization", artifact.TextOrNull(r.text(who.Get("OrganizationName"))))
	rec.Set("email", artifact.TextOrNull(r.text(who.Get("OrganizationEmail"))))
	rec.Set("phone", artifact.TextOrNull(r.text(who.Get("OrganizationPhone"))))
	rec.Observe(artifact.Email, rec.Text("email"), "email")
	rec.Observe(artifact.Phone, rec.Text("phone"), "phone")
	if n, ok := rec.Get("access_rights").Int(); ok {
		rec.Set("rights", artifact.StringsValue(mdmRightsOf(n)))
	}
	if err := r.mdmInstalled(in, rec); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "managed by ", firstText(rec.Text("server_url"), rec.Text("check_in_url"), "an unknown server"), " ", rec.Text("organization"))
	}
	return r.Give()
}

func mdmRightsOf(n int64) []string {
	var rights []string
	for i, name := range mdmRights {
		if n>>i&1 == 1 {
			rights = append(rights, name)
		}
	}
	return rights
}

func (r *listReading) mdmSupervision() error {
	rec := r.start("supervision", "", r.root)
	if err := r.mdmFields(rec, mdmSupervisionKeys); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte {
		state := "phone not supervised "
		if yes, _ := rec.Get("supervised").Bool(); yes {
			state = "phone supervised "
		}
		return appendSummary(b, state, rec.Text("organization"), " ", rec.Text("configuration_url"))
	}
	return r.Give()
}

// mdmFields sets the fields of keys, and all others as details.
func (r *listReading) mdmFields(rec *artifact.Record, keys mdmKeys) error {
	own := map[string]bool{}
	for _, k := range keys {
		own[k.key] = true
		v := r.root.Get(k.key)
		value, err := r.mdmValue(k.key, v)
		if err != nil {
			if err := r.problem(k.key, err); err != nil {
				return err
			}
		}
		rec.Set(k.field, value)
		if k.observe == "" {
			continue
		}
		rec.Observe(k.observe, rec.Text(k.field), k.field)
		for _, s := range value.Strings() {
			rec.Observe(k.observe, s, k.field)
		}
	}
	if err := r.otherKeys(rec, "", r.root, own); err != nil {
		return err
	}
	p := &profileAddresses{r: r}
	p.visit("", rec.Get("details").Tree(), maxNested)
	setLinks(rec, p.links)
	return nil
}

// mdmValue returns a key's value in the type that its field has.
func (r *listReading) mdmValue(key string, v plist.Value) (artifact.Value, error) {
	switch key {
	case "AnchorCertificates", "SupervisorHostCertificates":
		if hashes := r.certificateHashes(v); len(hashes) > 0 || v.Kind() == plist.Array && v.Len() == 0 {
			return artifact.StringsValue(hashes), nil
		}
	case "ConfigurationSource":
		if n, ok := v.Int(); ok {
			return artifact.TextValue(firstText(mdmSources[n], strconv.FormatInt(n, 10))), nil
		}
	case "IdentityPersistentRef":
		if b, ok := v.Bytes(); ok && len(b) <= maxDigest {
			return artifact.BytesValue(append([]byte(nil), b...)), nil
		}
	case "IsSupervised", "IsMandatory", "IsMDMUnremovable", "AllowPairing", "UserEnrollment", "IsProfileLocked":
		if yes := boolOf(v); yes.Kind() == artifact.Bool {
			return yes, nil
		}
	}
	return r.value(v)
}

// certificateHashes returns the SHA-256 of each certificate of a list.
func (r *listReading) certificateHashes(list plist.Value) []string {
	var hashes []string
	for v := range list.Items() {
		der, _ := v.Bytes()
		if len(der) == 0 {
			continue
		}
		if len(hashes) == maxList {
			r.Rec.Truncated = true
			break
		}
		sum := sha256.Sum256(der)
		hashes = appendNew(hashes, hex.EncodeToString(sum[:]))
	}
	return hashes
}

// maxProfiles bounds how many profiles are looked at for the one that brought
// the management.
const maxProfiles = 500

// mdmInstalled sets when the profile that brought the management was
// installed, which that profile alone tells.
func (r *listReading) mdmInstalled(in *artifact.Input, rec *artifact.Record) error {
	id := rec.Text("profile_id")
	if id == "" {
		return nil
	}
	found := in.Find(path.Join(path.Dir(in.Path), "profile-*"))
	for _, name := range found[:min(len(found), maxProfiles)] {
		profile, err := companionList(in, name)
		if err != nil {
			if err := r.problem(name, err); err != nil {
				return err
			}
			continue
		}
		if s, _ := profile.Get("PayloadIdentifier").Str(); s == id {
			r.when("installed", profile.Get("InstallDate"))
			return nil
		}
	}
	return nil
}

// companionList reads a companion that is a property list.
func companionList(in *artifact.Input, name string) (plist.Value, error) {
	c, err := in.Companion(name)
	if err != nil {
		return plist.Value{}, fmt.Errorf("open %s: %w", name, err)
	}
	data, err := c.All(maxPropertyList)
	if err != nil {
		return plist.Value{}, fmt.Errorf("read %s: %w", name, err)
	}
	root, err := plist.Parse(data)
	if err != nil {
		return plist.Value{}, fmt.Errorf("read %s: %w", name, err)
	}
	return root, nil
}
