package indicator

import "strings"

// A typedText is a part of a published value, and its type.
type typedText struct {
	kind  kind
	value string
}

// mispType says what a type of MISP's attributes is to us. Of a value in two
// parts, "evil.com|1.2.3.4", second is what the part behind the line is; where
// either part alone would say too much, one of them is not used.
type mispType struct {
	first, second kind
}

const unusedPart = kindUnknown

// mispTypes are the types that a phone can show
// (https://www.misp-project.org/datamodels/#types). A file's name beside its
// hash is left out: the hash says more, and the name alone too much.
var mispTypes = map[string]mispType{
	"domain":                  {kindDomain, unusedPart},
	"hostname":                {kindDomain, unusedPart},
	"domain|ip":               {kindDomain, kindIP},
	"hostname|port":           {kindDomain, unusedPart},
	"url":                     {kindURL, unusedPart},
	"ip-dst":                  {kindIP, unusedPart},
	"ip-src":                  {kindIP, unusedPart},
	"ip-dst|port":             {kindIP, unusedPart},
	"ip-src|port":             {kindIP, unusedPart},
	"email":                   {kindEmail, unusedPart},
	"email-src":               {kindEmail, unusedPart},
	"email-dst":               {kindEmail, unusedPart},
	"email-reply-to":          {kindEmail, unusedPart},
	"md5":                     {kindFileHash, unusedPart},
	"sha1":                    {kindFileHash, unusedPart},
	"sha256":                  {kindFileHash, unusedPart},
	"filename|md5":            {unusedPart, kindFileHash},
	"filename|sha1":           {unusedPart, kindFileHash},
	"filename|sha256":         {unusedPart, kindFileHash},
	"malware-sample":          {unusedPart, kindFileHash},
	"filename":                {kindFileName, unusedPart},
	"mobile-application-id":   {kindAppID, unusedPart},
	"x509-fingerprint-md5":    {kindCertHash, unusedPart},
	"x509-fingerprint-sha1":   {kindCertHash, unusedPart},
	"x509-fingerprint-sha256": {kindCertHash, unusedPart},
	"phone-number":            {kindPhone, unusedPart},
	"whois-registrant-phone":  {unusedPart, unusedPart},
}

// mispKinds returns the parts of a value of one of MISP's types; known is
// false for a type that no phone shows.
func mispKinds(typ, value string) (parts []typedText, known bool) {
	t, ok := mispTypes[typ]
	if !ok || t.first == unusedPart && t.second == unusedPart {
		return nil, false
	}
	first, second, _ := strings.Cut(value, "|")
	if !strings.Contains(typ, "|") && typ != "malware-sample" {
		first = value
	}
	if t.first != unusedPart {
		parts = append(parts, typedText{t.first, first})
	}
	if t.second != unusedPart {
		parts = append(parts, typedText{t.second, second})
	}
	return parts, true
}
