package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// profileEvents reads which profiles came and went.
type profileEvents struct{}

var profileEventsInfo = artifact.Info{
	Name:    "ios.profile_events",
	Version: 1,
	Summary: "Configuration profiles that were installed and removed, when and by which program.",
	Files:   onPhone(profilesDomain + "MCProfileEvents.plist"),
	Kinds: []artifact.KindInfo{{
		Kind: "profile_operation",
		Doc:  "One profile that came or went.",
		Fields: []artifact.FieldInfo{
			{Name: "profile_id", Type: artifact.Text, Doc: "identifier of the profile"},
			{Name: "operation", Type: artifact.Text, Doc: "install, remove, update"},
			{Name: "process", Type: artifact.Text, Doc: "program that did it"},
			{Name: "details", Type: artifact.Tree, Doc: "everything else that is there"},
		},
		Times: []string{"operation"},
	}},
	Refs: []string{"https://docs.mvt.re/en/latest/ios/records/"},
}

// Info implements artifact.Parser.
func (profileEvents) Info() artifact.Info { return profileEventsInfo }

// Parse implements artifact.Parser.
func (profileEvents) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		for event := range r.root.Get("ProfileEvents").Items() {
			for id, v := range event.All() {
				if err := r.profileEvent(id, v); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// profileEvent gives one event. Its keys are compared without regard to case.
func (r *listReading) profileEvent(id string, v plist.Value) error {
	path := "ProfileEvents/" + id
	rec := r.start("profile_operation", path, v)
	rec.Set("profile_id", artifact.TextOrNull(r.Cut(id)))
	rec.Observe(artifact.ProfileID, r.Cut(id), "profile_id")
	own := map[string]bool{}
	for key, e := range v.All() {
		switch name := strings.ToLower(key); name {
		case "timestamp":
			own[key] = true
			r.when("operation", e)
		case "operation", "process":
			own[key] = true
			if err := r.set(name, path+"/"+key, e); err != nil {
				return err
			}
		}
	}
	rec.Observe(artifact.Process, rec.Text("process"), "process")
	if err := r.otherKeys(rec, path, v, own); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "profile ", firstText(rec.Text("operation"), "event"), " ", rec.Text("profile_id"), " by ", rec.Text("process"))
	}
	return r.Give()
}
