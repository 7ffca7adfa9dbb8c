package android

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/apk"
	"github.com/amparo-project/amparo/internal/format/links"
)

// Bounds of what is taken of the texts of one package.
const (
	maxNamed    = 20_000 // addresses
	maxNameText = 512    // bytes of the text that an address stands in
)

// texts gives the addresses in the texts of the package, each once. bad tells
// of what could not be read; err ends it.
func (p *apkReading) texts() (bad, err error) {
	each := func(t apk.Text) bool {
		err = p.text(t)
		return err == nil && p.named < maxNamed
	}
	bad = p.a.CodeTexts(each)
	if err == nil {
		bad = errors.Join(bad, p.a.ResourceTexts(each))
	}
	if err != nil {
		return bad, err
	}
	bad = errors.Join(bad, p.a.Assets(func(name string, data []byte) bool {
		err = p.asset(name, data)
		return err == nil && p.named < maxNamed
	}))
	return bad, err
}

// text gives the links in a text of the code, and the host that it may be as a
// whole: what is in a text of code beside a link is no sentence.
func (p *apkReading) text(t apk.Text) error {
	if !strings.Contains(t.Value, "://") {
		if !bareHost(t.Value) {
			return nil
		}
		return p.give(t.Value, false, t)
	}
	for _, l := range links.Scan(t.Value, nil) {
		if l.Kind == links.NoScheme {
			continue
		}
		if err := p.give(l.URL, true, t); err != nil {
			return err
		}
	}
	return nil
}

// asset gives the links with a scheme in a further file.
func (p *apkReading) asset(name string, data []byte) error {
	for _, l := range links.ScanBytes(data, nil) {
		if l.Kind == links.NoScheme {
			continue
		}
		at := apk.Text{Value: l.Text, File: name, Offset: int64(l.Start)}
		if err := p.give(l.URL, true, at); err != nil {
			return err
		}
	}
	return nil
}

// bareHost reports whether a text of code is the name or address of a server,
// perhaps with a port: what the scanner of links takes for one that stands
// alone, and no name of a package, a class, a property or a file.
func bareHost(s string) bool {
	const longest = 253 + len(":65535")
	if len(s) > longest || strings.ContainsAny(s, " /\\$@_<>()[]{}%*,;=\"'#") {
		return false
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	first, _, _ := strings.Cut(s, ".")
	if codeWords[first] || fileEnds[s[strings.LastIndexByte(s, '.')+1:]] || s != strings.ToLower(s) {
		return false
	}
	found := links.Scan(s, nil)
	return len(found) == 1 && found[0].Start == 0 && found[0].End == len(s)
}

// codeWords begin names of packages, properties and files in code.
var codeWords = wordSet(`android androidx java javax kotlin kotlinx dalvik com org net io ro persist sys
	google sun jdk junit okhttp3 okio retrofit2 dagger rx j$ this self config res assets classes`)

// fileEnds end names of files in code.
var fileEnds = wordSet("java kt js css json xml html htm txt so dex jar zip png jpg pro proto properties class name md py sh db cfg")

// give gives an address.
func (p *apkReading) give(address string, link bool, t apk.Text) error {
	if p.seen[address] || p.named >= maxNamed {
		return nil
	}
	p.seen[address] = true
	p.named++
	r := p.r
	rec := r.Start("named", 0, r.In.Size)
	rec.Loc.Table, rec.Loc.RowID, rec.Loc.Row = t.File, t.Offset, true
	r.set("package_name", p.name)
	field, kind := "host", artifact.Domain
	if link {
		field, kind = "url", artifact.URL
	} else if _, err := netip.ParseAddrPort(address); err == nil {
		kind = artifact.IP
	}
	r.set(field, address)
	rec.Observe(kind, rec.Text(field), field)
	r.set("file", t.File)
	if len(t.Value) <= maxNameText && t.Value != address {
		r.set("text", t.Value)
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "address in app ", rec.Text("package_name"), ": ", address)
	}
	return r.Give()
}
