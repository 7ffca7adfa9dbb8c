package android

import (
	"context"
	"iter"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// packages reads lists of the apps on the phone.
type packages struct{}

var packagesInfo = artifact.Info{
	Name:    "android.packages",
	Version: 1,
	Summary: "Apps that are installed or were: who installed them, their certificates, hashes and permissions.",
	Files:   slices.Concat(packagesJSONFiles),
	Kinds: []artifact.KindInfo{
		{Kind: "package", Doc: "An app.", Fields: listedPackageFields},
		packageFileKind,
	},
	Caveats: []string{
		"An app that has root can hide from these lists.",
		"Apps that came with the phone, over a cable or from a file have no installer in some versions of Android.",
	},
	Refs: []string{
		"https://github.com/mvt-project/androidqf (adb/packages.go, adb/package_users.go)",
		"https://docs.mvt.re/en/latest/android/",
	},
}

// Info implements artifact.Parser.
func (packages) Info() artifact.Info { return packagesInfo }

// Parse implements artifact.Parser.
func (packages) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, readPackagesJSON)
}
