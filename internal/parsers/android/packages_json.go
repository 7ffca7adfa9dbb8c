package android

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
	"github.com/amparo-project/amparo/internal/limit"
)

// packagesJSONFiles are the patterns of AndroidQF's list of packages.
var packagesJSONFiles = []string{"**/packages.json"}

// listedPackageFields are those of a package in AndroidQF's list.
var listedPackageFields = []artifact.FieldInfo{
	{Name: "package_name", Type: artifact.Text, Doc: "name that identifies the app"},
	{Name: "installer", Type: artifact.Text, Doc: "app that installed it; absent where Android knows of none"},
	{Name: "installer_unknown", Type: artifact.Bool, Doc: "true: Android told that it knows no installer, as for apps that came over a cable or with the phone"},
	{Name: "uid", Type: artifact.Int, Doc: "user of the system that it runs as"},
	{Name: "user_id", Type: artifact.Int, Doc: "person or profile of the phone that it is installed for: 0 is the owner"},
	{Name: "installed", Type: artifact.Bool, Doc: "false: it was removed and left data behind"},
	{Name: "disabled", Type: artifact.Bool, Doc: "it is switched off"},
	{Name: "system", Type: artifact.Bool, Doc: "it came with the phone"},
	{Name: "third_party", Type: artifact.Bool, Doc: "it was added"},
	{Name: "paths", Type: artifact.Strings, Doc: "its files"},
	{Name: "files_error", Type: artifact.Text, Doc: "why its files could not be listed"},
}

// packageFileKind is a file of a package, in AndroidQF's list.
var packageFileKind = artifact.KindInfo{
	Kind: "package_file",
	Doc:  "A file of a package: its hashes and the certificate that it is signed with.",
	Fields: []artifact.FieldInfo{
		{Name: "package_name", Type: artifact.Text, Doc: "package that it belongs to"},
		{Name: "path", Type: artifact.Text, Doc: "where it lies on the phone"},
		{Name: "local_name", Type: artifact.Text, Doc: "name of the copy in the acquisition"},
		{Name: "md5", Type: artifact.Text, Doc: "MD5 of the file"},
		{Name: "sha1", Type: artifact.Text, Doc: "SHA-1 of the file"},
		{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of the file"},
		{Name: "sha512", Type: artifact.Text, Doc: "SHA-512 of the file"},
		{Name: "error", Type: artifact.Text, Doc: "why it could not be read"},
		{Name: "verified_certificate", Type: artifact.Bool, Doc: "AndroidQF checked the signature and it holds"},
		{Name: "trusted_certificate", Type: artifact.Bool, Doc: "AndroidQF knows the certificate as one of a large maker"},
		{Name: "certificate_error", Type: artifact.Text, Doc: "why the signature could not be checked, or does not hold"},
		{Name: "certificate_md5", Type: artifact.Text, Doc: "MD5 of the certificate"},
		{Name: "certificate_sha1", Type: artifact.Text, Doc: "SHA-1 of the certificate"},
		{Name: "certificate_sha256", Type: artifact.Text, Doc: "SHA-256 of the certificate"},
		{Name: "certificate_subject", Type: artifact.Text, Doc: "whom it names"},
		{Name: "certificate_issuer", Type: artifact.Text, Doc: "who issued it: for apps the same"},
		{Name: "certificate_algorithm", Type: artifact.Text, Doc: "algorithm of its signature"},
		{Name: "certificate_serial", Type: artifact.Text, Doc: "serial number"},
		{Name: "certificate_valid_from", Type: artifact.Text, Doc: "begin of its validity"},
		{Name: "certificate_valid_to", Type: artifact.Text, Doc: "end of its validity"},
		{Name: "test_key", Type: artifact.Text, Doc: "which of the published test keys signed it, or debug for one of a developer's machine"},
		{Name: "system", Type: artifact.Bool, Doc: "the package came with the phone"},
	},
}

// maxPackage bounds one package of the list. The longest, of an app in many
// parts, have some ten thousand bytes.
const maxPackage = 8 * limit.MiB

// readPackagesJSON yields the packages of AndroidQF's packages.json, each
// followed by its files.
func readPackagesJSON(r *fileReading) error {
	return r.objects(maxPackage, func(v ips.Value, at jsonlist.Element) error {
		return r.listedPackage(v, at)
	})
}

func (r *fileReading) listedPackage(v ips.Value, at jsonlist.Element) error {
	m := v.Map()
	name := m["name"].Text()
	if name == "" {
		return r.Problem(at.Offset, errNoName)
	}
	rec := r.Start("package", at.Offset, v.Length())
	r.set("package_name", name)
	installer := m["installer"].Text()
	if installer == "null" {
		rec.Set("installer_unknown", artifact.BoolValue(true))
	} else {
		r.set("installer", installer)
	}
	for _, field := range []string{"uid", "user_id", "installed", "disabled", "system", "third_party", "files_error"} {
		rec.Set(field, r.Scalar(m[field]))
	}
	var paths []string
	for f := range m["files"].Elements() {
		if len(paths) < maxTexts {
			paths = append(paths, f.Get("path").Text())
		}
	}
	r.list("paths", paths)
	rec.Observe(artifact.AppID, rec.Text("package_name"), "package_name")
	if isPackageName(installer) {
		rec.Observe(artifact.AppID, installer, "installer")
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "package ", rec.Text("package_name"), " installed by ", installer)
	}
	if err := r.Give(); err != nil {
		return err
	}
	for f := range m["files"].Elements() {
		if err := r.packageFile(name, m["system"], f, at.Offset); err != nil {
			return err
		}
	}
	if err := v.Err(); err != nil {
		return r.Problem(at.Offset, err)
	}
	return nil
}

// certificateFields are the fields of members of a certificate.
var certificateFields = []struct{ member, field string }{
	{"Md5", "certificate_md5"},
	{"Sha1", "certificate_sha1"},
	{"Sha256", "certificate_sha256"},
	{"Subject", "certificate_subject"},
	{"Issuer", "certificate_issuer"},
	{"SignatureAlgorithm", "certificate_algorithm"},
}

func (r *fileReading) packageFile(name string, system, f ips.Value, base int64) error {
	m := f.Map()
	if len(m) == 0 {
		return nil
	}
	rec := r.Start("package_file", base+f.Offset(), f.Length())
	r.set("package_name", name)
	for _, field := range []string{"path", "local_name", "md5", "sha1", "sha256", "sha512", "error", "verified_certificate", "trusted_certificate", "certificate_error"} {
		rec.Set(field, r.Scalar(m[field]))
	}
	rec.Set("system", r.Scalar(system))
	cert := m["certificate"].Map()
	for _, c := range certificateFields {
		r.set(c.field, cert[c.member].Text())
	}
	r.set("certificate_serial", cert["SerialNumber"].Plain())
	r.set("test_key", testKey(rec.Text("certificate_sha256"), rec.Text("certificate_subject")))
	r.set("certificate_valid_from", cert["ValidFrom"].Text())
	r.set("certificate_valid_to", cert["ValidTo"].Text())
	for _, field := range []string{"md5", "sha1", "sha256"} {
		rec.Observe(artifact.FileHash, rec.Text(field), field)
		rec.Observe(artifact.CertHash, rec.Text("certificate_"+field), "certificate_"+field)
	}
	if path := rec.Text("path"); strings.HasPrefix(path, "/") {
		rec.Observe(artifact.FilePath, path, "path")
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "file of package ", rec.Text("package_name"), ": ", rec.Text("path"))
	}
	return r.Give()
}
