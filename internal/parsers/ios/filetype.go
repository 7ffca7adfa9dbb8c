package ios

import (
	"slices"
	"strings"
)

// extensionsOf lists, for types that messages carry and that exploits have
// been dressed as, the extensions that such a file has. Types that are not
// here are not judged.
var extensionsOf = map[string][]string{
	"image/gif": {"gif"}, "com.compuserve.gif": {"gif"},
	"image/jpeg": {"jpg", "jpeg", "jpe"}, "public.jpeg": {"jpg", "jpeg", "jpe"},
	"image/png": {"png"}, "public.png": {"png"},
	"image/heic": {"heic", "heics"}, "public.heic": {"heic", "heics"},
	"image/tiff": {"tif", "tiff"}, "public.tiff": {"tif", "tiff"},
	"image/webp": {"webp"}, "org.webmproject.webp": {"webp"},
	"application/pdf": {"pdf"}, "com.adobe.pdf": {"pdf"},
	"video/quicktime": {"mov", "qt"}, "com.apple.quicktime-movie": {"mov", "qt"},
	"video/mp4": {"mp4", "m4v"}, "public.mpeg-4": {"mp4", "m4v"},
	"text/vcard": {"vcf"}, "public.vcard": {"vcf"},
	"application/vnd.apple.pkpass": {"pkpass"}, "com.apple.pkpass": {"pkpass"},
}

// extensionMismatch reports whether the extension of a file name is none of
// those of its declared types. A name without one, or a type that is not
// known, is no mismatch.
func extensionMismatch(name string, types ...string) bool {
	name = fileName(name)
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || dot == len(name)-1 {
		return false
	}
	ext := strings.ToLower(name[dot+1:])
	for _, t := range types {
		if known, ok := extensionsOf[strings.ToLower(t)]; ok && !slices.Contains(known, ext) {
			return true
		}
	}
	return false
}
