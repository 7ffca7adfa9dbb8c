package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// vpn reads which app the traffic of the phone goes through.
type vpn struct{}

// Info implements artifact.Parser.
func (vpn) Info() artifact.Info {
	return artifact.Info{
		Name: "android.vpn", Version: 1, Summary: "The app that all traffic goes through (VPN), and whether it is always on.",
		Files: []string{"**/dumpsys/vpn_management", "**/dumpsys/connectivity"},
		Kinds: []artifact.KindInfo{{Kind: "vpn", Doc: "The VPN of a user.", Fields: []artifact.FieldInfo{
			textField("package", "the app"), intField("type", "-1: none, 1: an app's, 2: of the system, 3: legacy"), boolField("always_on", "whether it is always on"),
			intField("user", "the user of the phone"),
		}}},
		Refs: []string{aosp("core/java/com/android/server/VpnManagerService.java"), aosp("core/java/com/android/server/connectivity/Vpn.java")},
	}
}

// Parse implements artifact.Parser.
func (vpn) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var v vpnReading
	return readLines(ctx, in, v.line, v.last)
}

// vpnReading is the user whose details stand in the lines that follow.
type vpnReading struct {
	inside, open bool
	indent       int
	user, pkg    string
	kind         string
	always       string
	offset, end  int64
}

func (v *vpnReading) line(r *lineReading) error {
	text, indent := r.body()
	switch {
	case text == "VPNs:":
		v.inside, v.indent = true, indent
		return nil
	case !v.inside:
		return nil
	case text != "" && indent <= v.indent:
		v.inside = false
		return v.last(r)
	}
	if user, pkg, ok := strings.Cut(text, ": "); ok && user != "" && leadingNumber(user) == user {
		err := v.last(r)
		v.open, v.user, v.pkg, v.kind, v.always, v.offset, v.end = true, user, pkg, "", "", r.Offset, r.Offset+r.Length
		return err
	}
	if !v.open {
		return nil
	}
	name, value, _ := strings.Cut(text, ": ")
	switch strings.ToLower(name) {
	case "active package name":
		v.pkg = value
	case "active vpn type":
		v.kind = value
	case "always on", "malwayson":
		v.always = value
	}
	v.end = r.Offset + r.Length
	return nil
}

// last gives the VPN of the user at hand; "[Legacy VPN]" is no app.
func (v *vpnReading) last(r *lineReading) error {
	if !v.open {
		return nil
	}
	v.open = false
	if (v.pkg == "" || v.pkg == "null" || strings.HasPrefix(v.pkg, "[")) && (v.kind == "" || v.kind == "-1") {
		return nil
	}
	rec := r.Start("vpn")
	rec.Loc.Offset, rec.Loc.Length = v.offset, v.end-v.offset
	if strings.Contains(v.pkg, ".") {
		setPackage(rec, v.pkg)
	}
	setNumber(rec, "type", v.kind)
	setBool(rec, "always_on", v.always)
	setNumber(rec, "user", v.user)
	return r.Give()
}
