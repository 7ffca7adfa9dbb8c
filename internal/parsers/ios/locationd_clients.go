package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// locationdClients reads which programs asked where the phone is.
type locationdClients struct{}

var locationdClientsInfo = artifact.Info{
	Name:    "ios.locationd_clients",
	Version: 1,
	Summary: "Programs that asked where the phone is, and when they stopped.",
	Files: append(onPhone("RootDomain/Library/Caches/locationd/clients.plist"),
		"private/var/mobile/Library/Caches/locationd/clients.plist"),
	Kinds: []artifact.KindInfo{{
		Kind: "client",
		Doc:  "One program.",
		Fields: []artifact.FieldInfo{
			{Name: "package", Type: artifact.Text, Doc: "program: its bundle identifier or its path"},
			{Name: "bundle_id", Type: artifact.Text, Doc: "bundle identifier"},
			{Name: "bundle_path", Type: artifact.Text, Doc: "folder of the program"},
			{Name: "executable", Type: artifact.Text, Doc: "file of the program"},
			{Name: "registered", Type: artifact.Text, Doc: "file that it was registered with"},
			{Name: "authorization", Type: artifact.Int, Doc: "what the owner allowed, as a number"},
			{Name: "details", Type: artifact.Tree, Doc: "everything else that is there"},
		},
		Times: []string{
			"consumption_period_begin", "receiving_location_stopped", "visit_stopped", "location_stopped", "background_location_stopped",
			"significant_stopped", "non_persistent_significant_stopped", "fence_stopped", "beacon_region_stopped",
		},
	}},
	Refs: []string{"https://docs.mvt.re/en/latest/ios/records/", "https://github.com/KasperskyLab/triangle_check"},
}

// Info implements artifact.Parser.
func (locationdClients) Info() artifact.Info { return locationdClientsInfo }

// Parse implements artifact.Parser.
func (locationdClients) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		for name, v := range r.root.All() {
			if v.Kind() != plist.Dict {
				continue // a setting of the list itself
			}
			if err := r.locationClient(name, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// locationTimes are the keys that hold times, and their meanings.
var locationTimes = []struct{ key, meaning string }{
	{"ConsumptionPeriodBegin", "consumption_period_begin"},
	{"ReceivingLocationInformationTimeStopped", "receiving_location_stopped"},
	{"VisitTimeStopped", "visit_stopped"},
	{"LocationTimeStopped", "location_stopped"},
	{"BackgroundLocationTimeStopped", "background_location_stopped"},
	{"SignificantTimeStopped", "significant_stopped"},
	{"NonPersistentSignificantTimeStopped", "non_persistent_significant_stopped"},
	{"FenceTimeStopped", "fence_stopped"},
	{"BeaconRegionTimeStopped", "beacon_region_stopped"},
}

// locationTexts are the keys that name the program.
var locationTexts = []struct{ key, field string }{
	{"BundleId", "bundle_id"},
	{"BundlePath", "bundle_path"},
	{"Executable", "executable"},
	{"Registered", "registered"},
	{"Authorization", "authorization"},
}

func (r *listReading) locationClient(name string, v plist.Value) error {
	rec := r.start("client", name, v)
	program := strings.TrimSuffix(r.Cut(name), ":")
	rec.Set("package", artifact.TextOrNull(program))
	rec.Observe(artifact.Process, program, "package")
	own := map[string]bool{}
	for _, f := range locationTexts {
		own[f.key] = true
		if err := r.set(f.field, name+"/"+f.key, v.Get(f.key)); err != nil {
			return err
		}
	}
	rec.Observe(artifact.Process, rec.Text("bundle_id"), "bundle_id")
	rec.Observe(artifact.AppID, rec.Text("bundle_id"), "bundle_id")
	for _, field := range []string{"bundle_path", "executable", "registered"} {
		rec.Observe(artifact.FilePath, rec.Text(field), field)
	}
	for _, t := range locationTimes {
		own[t.key] = true
		at, err := r.value(v.Get(t.key))
		if err != nil {
			return r.problem(name+"/"+t.key, err)
		}
		rec.When(t.meaning, artifact.MacSeconds, at)
	}
	if err := r.otherKeys(rec, name, v, own); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "location client ", firstText(rec.Text("package"), "without a name"))
	}
	return r.Give()
}

// otherKeys sets the field details to what has no field of its own.
func (r *listReading) otherKeys(rec *artifact.Record, path string, v plist.Value, own map[string]bool) error {
	tree := map[string]any{}
	for key, e := range v.All() {
		if own[key] {
			continue
		}
		x, err := plist.Any(e, treeLimits)
		if err != nil {
			if err := r.problem(path+"/"+key, fmt.Errorf("details: %w", err)); err != nil {
				return err
			}
			continue
		}
		tree[key] = x
	}
	if len(tree) > 0 {
		rec.Set("details", artifact.TreeValue(tree))
	}
	return nil
}
