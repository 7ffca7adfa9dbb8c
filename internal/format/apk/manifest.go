package apk

import (
	"errors"
	"slices"
	"strings"
)

// Truth is what a flag of the manifest says.
type Truth uint8

// What a flag says.
const (
	Unsaid Truth = iota // nothing, or something that depends on the phone
	No
	Yes
)

// A Manifest is what a package says of itself.
type Manifest struct {
	Package      string // its name, which identifies the app on the phone
	VersionName  string
	VersionCode  int64
	MinSDK       int64 // lowest API level that it runs on, 0 where it does not say
	TargetSDK    int64
	Label        string // name that people see, where the table of resources has it
	SharedUserID string // user that it shares with other apps of the same maker
	Debuggable   Truth
	TestOnly     Truth
	AllowBackup  Truth
	Cleartext    Truth    // it may talk to servers without encryption
	Permissions  []string // that it asks for, sorted
	Defines      []string // permissions that it defines, sorted
	Components   []Component
	Split        string // name of the part, where the app comes in several
}

// A Component is a part of an app that the system can start.
type Component struct {
	Kind       string // activity, activity-alias, service, receiver, provider
	Name       string // class, with its package
	Exported   Truth  // other apps may start it
	Enabled    Truth
	Permission string   // that others need to start it
	Process    string   // that it runs in, where not the app's own
	Authority  string   // of a provider
	Actions    []string // that it answers, sorted
	Categories []string // of those, sorted
	Metadata   []string // names of its metadata, sorted
}

// Bounds of the lists of a manifest: the largest apps have some thousands.
const (
	maxComponents  = 20_000
	maxPermissions = 5_000
	maxActions     = 1_000
)

// Manifest reads what the package says of itself. Where an error is returned
// beside a manifest, it could not be read to its end.
func (a *APK) Manifest() (*Manifest, error) {
	data, err := a.Read(manifestName, maxManifest)
	if err != nil {
		return nil, err
	}
	r := manifestReading{}
	err = walkXML(data, r.element)
	m := &r.m
	if m.Package == "" && err != nil {
		return nil, err
	}
	slices.Sort(m.Permissions)
	m.Permissions = slices.Compact(m.Permissions)
	slices.Sort(m.Defines)
	for i := range m.Components {
		m.Components[i].finish()
	}
	if id, ok := resourceID(m.Label); ok {
		label, tableErr := a.text(id)
		m.Label = label
		err = errors.Join(err, tableErr)
	}
	return m, err
}

func (c *Component) finish() {
	for _, list := range []*[]string{&c.Actions, &c.Categories, &c.Metadata} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// A manifestReading is the component that elements within belong to.
type manifestReading struct {
	m  Manifest
	in *Component
}

func (r *manifestReading) element(e *element, depth int) {
	m := &r.m
	if depth <= 2 {
		r.in = nil
	}
	switch e.name {
	case "manifest":
		if depth == 0 {
			r.manifest(e)
		}
	case "uses-sdk":
		m.MinSDK, _ = e.int("minSdkVersion")
		m.TargetSDK, _ = e.int("targetSdkVersion")
	case "uses-permission", "uses-permission-sdk-23", "uses-permission-sdk-m":
		if name := e.string("name"); name != "" && len(m.Permissions) < maxPermissions {
			m.Permissions = append(m.Permissions, name)
		}
	case "permission":
		if name := e.string("name"); name != "" && len(m.Defines) < maxPermissions {
			m.Defines = append(m.Defines, name)
		}
	case "application":
		m.Label = e.string("label")
		m.Debuggable, m.TestOnly = e.truth("debuggable"), e.truth("testOnly")
		m.AllowBackup, m.Cleartext = e.truth("allowBackup"), e.truth("usesCleartextTraffic")
	case "activity", "activity-alias", "service", "receiver", "provider":
		r.component(e)
	case "action", "category", "meta-data":
		r.within(e)
	}
}

func (r *manifestReading) manifest(e *element) {
	m := &r.m
	m.Package = e.string("package")
	m.VersionName = e.string("versionName")
	m.VersionCode, _ = e.int("versionCode")
	m.SharedUserID = e.string("sharedUserId")
	m.Split = e.string("split")
}

func (r *manifestReading) component(e *element) {
	if len(r.m.Components) >= maxComponents {
		return
	}
	name := e.string("name")
	switch {
	case strings.HasPrefix(name, "."):
		name = r.m.Package + name
	case name != "" && !strings.Contains(name, "."):
		name = r.m.Package + "." + name
	}
	r.m.Components = append(r.m.Components, Component{
		Kind: e.name, Name: name, Exported: e.truth("exported"), Enabled: e.truth("enabled"),
		Permission: e.string("permission"), Process: e.string("process"), Authority: e.string("authorities"),
	})
	r.in = &r.m.Components[len(r.m.Components)-1]
}

// within takes what stands within a component.
func (r *manifestReading) within(e *element) {
	name := e.string("name")
	if r.in == nil || name == "" {
		return
	}
	list := &r.in.Actions
	switch e.name {
	case "category":
		list = &r.in.Categories
	case "meta-data":
		list = &r.in.Metadata
	}
	if len(*list) < maxActions {
		*list = append(*list, name)
	}
}

// Launchers returns the names of the components that show an icon in the list
// of apps. One that is off until the app turns it on is among them.
func (m *Manifest) Launchers() []string {
	var names []string
	for i := range m.Components {
		c := &m.Components[i]
		if strings.HasPrefix(c.Kind, "activity") && slices.Contains(c.Actions, "android.intent.action.MAIN") &&
			(slices.Contains(c.Categories, "android.intent.category.LAUNCHER") ||
				slices.Contains(c.Categories, "android.intent.category.LEANBACK_LAUNCHER")) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Guarded returns the names of the components that only a holder of the
// permission may start, such as a service of accessibility, which the system
// starts by android.permission.BIND_ACCESSIBILITY_SERVICE.
func (m *Manifest) Guarded(permission string) []string {
	var names []string
	for i := range m.Components {
		if m.Components[i].Permission == permission {
			names = append(names, m.Components[i].Name)
		}
	}
	return names
}
