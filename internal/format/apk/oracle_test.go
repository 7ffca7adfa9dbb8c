package apk_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/shogo82148/androidbinary/apk"
)

// TestOracle: another reader understands the packages that these tests are
// made with in the same way.
func TestOracle(t *testing.T) {
	t.Parallel()
	data := build(t, spec())
	theirs, err := apk.OpenZipReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := open(t, data).Manifest()
	if err != nil {
		t.Fatal(err)
	}
	label, err := theirs.Label(nil)
	if err != nil || label != ours.Label || theirs.PackageName() != ours.Package {
		t.Errorf("label %q and package %q, ours %q and %q: %v", label, theirs.PackageName(), ours.Label, ours.Package, err)
	}
	m := theirs.Manifest()
	var permissions []string
	for _, p := range m.UsesPermissions {
		permissions = append(permissions, p.Name.MustString())
	}
	slices.Sort(permissions)
	if !slices.Equal(permissions, ours.Permissions) {
		t.Errorf("permissions %v, ours %v", permissions, ours.Permissions)
	}
	if code := m.VersionCode.MustInt32(); int64(code) != ours.VersionCode || !m.App.Debuggable.MustBool() {
		t.Errorf("version %d", code)
	}
}
