package android

import (
	"context"
	"iter"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// named looks for names of apps, hosts and links in whatever a report's
// sections say, those that nobody reads otherwise among them: an app that is
// gone is still named by schedulers, statistics and logs.
type named struct{}

// Info implements artifact.Parser.
func (named) Info() artifact.Info {
	return artifact.Info{
		Name: "android.named", Version: 1, Skims: true,
		Summary: "Apps, hosts and links that any section of a report names, each once for each section.",
		Files:   []string{"**/dumpsys/*", "**/dumpstate/*", "**/FS/data/misc/*.log", "**/logcat.txt", "**/logcat_old.txt"},
		Kinds: []artifact.KindInfo{{Kind: "name", Doc: "A name, where it first stands in the section.", Fields: []artifact.FieldInfo{
			textField("package_name", "what may be the name of an app"), textField("host", "what may be the name of a server"),
			textField("url", "a link"), intField("count", "how often the section has it"), textField("text", "the line in which it first stands"),
		}}},
		Caveats: []string{
			"What looks like a name is taken for one: it says only that the section speaks of it.",
			"Sections whose own readers give every app that they name are left to those.",
		},
		Refs: []string{"https://developer.android.com/build/configure-app-module#set-application-id"},
	}
}

// readElsewhere are the sections whose readers give every app in them.
var readElsewhere = wordSet(`accessibility account adb appops batterystats companiondevice dbinfo device_policy dropbox input_method netpolicy
	netstats overlay platform_compat procstats role settings trust usagestats user vpn_management wifi`)

// readElsewhereTitles are such parts of dumpstate, by the beginning of their titles.
var readElsewhereTitles = []string{"HEADER", "SYSTEM PROPERTIES", "PROCESSES", "CHECKIN BATTERYSTATS", "CHECKIN PROCSTATS"}

// hasReader reports whether a section is left to its own reader.
func hasReader(name string) bool {
	base := path.Base(name)
	if path.Base(path.Dir(name)) == "dumpsys" {
		return readElsewhere[base]
	}
	for _, title := range readElsewhereTitles {
		if strings.HasPrefix(base, title) {
			return true
		}
	}
	return false
}

// Parse implements artifact.Parser.
func (named) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if hasReader(in.Path) || in.Size == 0 {
		return func(yield func(*artifact.Record, error) bool) {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
			}
		}
	}
	return readWhole(ctx, in, func(r *fileReading) error {
		n := nameScan{seen: map[string]*nameSeen{}}
		err := n.scan(ctx, in)
		for _, one := range n.order {
			if err := one.give(r); err != nil {
				return err
			}
		}
		return err
	})
}

// A nameSeen is a name and where it first stands.
type nameSeen struct {
	name   string
	link   bool
	count  int64
	offset int64
	line   string
	cut    bool
}

// roots begin names of apps and classes that no server's name begins with.
var roots = wordSet("com org net io de fr mx es br uk it ru cn me co tv edu gov eu app android androidx java javax kotlin kotlinx dalvik system sun")

// give gives the name as what it may be: an app, a server or a link.
func (n *nameSeen) give(r *fileReading) error {
	app, host := "", ""
	if !n.link {
		first, _, _ := strings.Cut(n.name, ".")
		if mayBeApp(n.name, first) {
			app = n.name
		}
		if lower := strings.ToLower(n.name); !roots[first] && bareHost(lower) {
			host = lower
		}
		if app == "" && host == "" {
			return nil
		}
	}
	rec := r.Start("name", n.offset, int64(len(n.line)))
	rec.Truncated = n.cut
	if app != "" {
		setApp(rec, app)
	}
	if host != "" {
		rec.Set("host", artifact.TextValue(host))
		rec.Observe(artifact.Domain, host, "host")
	}
	if n.link {
		rec.Set("url", artifact.TextValue(r.Cut(n.name)))
		rec.Observe(artifact.URL, n.name, "url")
	}
	rec.Set("count", artifact.IntValue(n.count))
	rec.Set("text", artifact.TextValue(r.Cut(n.line)))
	return r.Give()
}

// mayBeApp reports whether a name with that first part may be one of an app:
// two parts are enough where the first begins many such names.
func mayBeApp(name, first string) bool {
	dots := strings.Count(name, ".")
	if dots < 1 || dots == 1 && !roots[first] || ofTheSystem(name) || !isPackage(name) || strings.Contains(name, "-") {
		return false
	}
	rest := name
	for part := ""; rest != ""; {
		part, rest, _ = strings.Cut(rest, ".")
		if part == "" || part[0] >= '0' && part[0] <= '9' {
			return false
		}
	}
	return !fileEnds[name[strings.LastIndexByte(name, '.')+1:]]
}

// systemNames begin names of actions, permissions and classes of the system and
// of the languages of apps: no app is called so.
var systemNames = strings.Fields(`android.intent. android.permission. android.app. android.os. android.net. android.content. android.view. android.hardware.
	android.provider. android.settings. android.media. android.location. android.bluetooth. android.telephony. android.accounts. android.service.
	androidx. java. javax. kotlin. kotlinx. dalvik. libcore. sun. com.android.internal. com.android.server.`)

func ofTheSystem(name string) bool {
	for _, prefix := range systemNames {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
