package ios

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// analyticsVersions reads from the same databases which builds of iOS the
// phone ran, and since when.
type analyticsVersions struct{}

var analyticsVersionsInfo = artifact.Info{
	Name:    "ios.analytics_ios_versions",
	Version: 1,
	Summary: "Builds of iOS that the phone ran, and when its security services first noted each.",
	Files:   analyticsFiles,
	Kinds: []artifact.KindInfo{{
		Kind: "ios_version",
		Doc:  "A build of iOS.",
		Fields: []artifact.FieldInfo{
			{Name: "build", Type: artifact.Text, Doc: "build: 20B82"},
			{Name: "events", Type: artifact.Int, Doc: "number of events that name it"},
		},
		Times: []string{"first_seen", "last_seen"},
	}},
	Caveats: []string{"Of each table, iOS keeps the last thousand events: a build may have run before it is first seen there."},
	Refs:    analyticsInfo.Refs,
}

// Info implements artifact.Parser.
func (analyticsVersions) Info() artifact.Info { return analyticsVersionsInfo }

// Parse implements artifact.Parser.
func (analyticsVersions) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(r *reading) error {
		seen := map[string]*seenBuild{}
		if err := eachAnalytics(r, func(e *analyticsEvent) error { e.count(seen); return nil }); err != nil {
			return err
		}
		return giveBuilds(r, seen)
	})
}

// A seenBuild is a build of iOS, with the events that name it.
type seenBuild struct {
	build       string
	events      int64
	first, last artifact.Value
	from, to    float64
	loc         artifact.Location // of the first
}

// maxBuilds bounds the builds of a forged database. A phone has run a few
// dozen.
const maxBuilds = 4096

// count adds the event to those of its build. Rows that cannot be read are
// told of by the parser of the events.
func (e *analyticsEvent) count(seen map[string]*seenBuild) {
	root, err := e.list()
	if err != nil {
		return
	}
	build := ""
	for key, v := range root.All() {
		if key == "build" {
			build, _ = v.Str()
		}
	}
	at := e.number(e.timestamp)
	seconds, dated := at.Float()
	b := seen[build]
	if build == "" || b == nil && len(seen) == maxBuilds {
		return
	}
	if b == nil {
		b = &seenBuild{build: build, loc: e.location()}
		seen[build] = b
	}
	b.events++
	if dated && (b.first.Kind() == artifact.Null || seconds < b.from) {
		b.first, b.from, b.loc = at, seconds, e.location()
	}
	if dated && (b.last.Kind() == artifact.Null || seconds > b.to) {
		b.last, b.to = at, seconds
	}
}

// giveBuilds gives the builds in the order in which they were first seen.
func giveBuilds(r *reading, seen map[string]*seenBuild) error {
	var builds []*seenBuild
	for _, b := range seen {
		builds = append(builds, b)
	}
	slices.SortFunc(builds, func(a, b *seenBuild) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.build, b.build))
	})
	for _, b := range builds {
		r.Rec.Reset("ios_version")
		r.Rec.Loc = b.loc
		r.Rec.Set("build", artifact.TextValue(r.Cut(b.build)))
		r.Rec.Set("events", artifact.IntValue(b.events))
		r.Rec.When("first_seen", artifact.UnixSeconds, b.first)
		r.Rec.When("last_seen", artifact.UnixSeconds, b.last)
		r.Rec.Summary = func(buf []byte) []byte { return appendSummary(buf, "the phone ran the build ", b.build) }
		if err := r.give(); err != nil {
			return err
		}
	}
	return nil
}
