package evidence

import (
	"github.com/amparo-project/amparo/internal/apple"
	"github.com/amparo-project/amparo/internal/finding"
)

// Describe fills in what follows from an Apple device's model and version: its
// marketing name, the name of its system, and whether that is out of date. A
// version that the evidence does not say follows from the build where that is
// a known release: a sysdiagnose often names only the build.
func Describe(d *finding.Device) {
	if d.Version == "" {
		d.Version, _, _ = apple.Release(d.Build)
	}
	d.OS = apple.SystemName(d.Model, d.Version)
	d.ModelName = apple.ModelName(d.Model)
	if s := apple.Stand(d.Model, d.Version); s.Known {
		d.Outdated, d.NewestKnown, d.VersionsAsOf = &s.Outdated, s.Newest, s.AsOf
	}
}
