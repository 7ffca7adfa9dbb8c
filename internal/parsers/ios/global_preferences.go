package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// globalPreferences reads the preferences that all apps share.
type globalPreferences struct{}

var globalPreferencesInfo = artifact.Info{
	Name:    "ios.global_preferences",
	Version: 1,
	Summary: "Preferences that all apps share: languages, region, and whether Lockdown Mode is on.",
	Files:   onPhone("HomeDomain/Library/Preferences/.GlobalPreferences.plist"),
	Kinds: []artifact.KindInfo{{
		Kind: "preference",
		Doc:  "One key of the list.",
		Fields: []artifact.FieldInfo{
			{Name: "entry", Type: artifact.Text, Doc: "key"},
			{Name: "value", Type: artifact.Tree, Doc: "value, of whatever type it is"},
		},
	}},
	Caveats: []string{
		"Whether Lockdown Mode is on is known for the time of the copy alone. No trace of when it was turned on or off is published that we know of: two copies of different days, and entries about lockdown_mode in ios.unified_log, narrow it down.",
	},
	Refs: []string{"https://support.apple.com/105120 (Lockdown Mode: LDMGlobalEnabled)"},
}

// Info implements artifact.Parser.
func (globalPreferences) Info() artifact.Info { return globalPreferencesInfo }

// Parse implements artifact.Parser.
func (globalPreferences) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		for key, v := range r.root.All() {
			r.start("preference", key, v)
			r.Rec.Set("entry", artifact.TextValue(r.Cut(key)))
			value, err := plist.Any(v, treeLimits)
			if err != nil {
				if err := r.problem(key, err); err != nil {
					return err
				}
			}
			r.Rec.Set("value", artifact.TreeValue(value))
			r.Rec.Summary = r.summarizePreference
			if err := r.Give(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *listReading) summarizePreference(b []byte) []byte {
	return appendSummary(b, "preference ", r.Rec.Text("entry"))
}
