package chain

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/finding"
)

//go:embed course.yaml
var courseFile []byte

// course is course.yaml.
type course struct {
	WindowHours int     `yaml:"window_hours"`
	Stages      []stage `yaml:"stages"`
	// NoStage are rules that belong to none, so that none is forgotten.
	NoStage []string `yaml:"no_stage"`
}

type stage struct {
	ID         string   `yaml:"id"`
	Rules      []string `yaml:"rules"`
	Indicators []struct {
		Types     []string `yaml:"types"`
		Artifacts []string `yaml:"artifacts"`
	} `yaml:"indicators"`
	SeenIn []string `yaml:"seen_in"` // artifacts that could show it
}

var published = sync.OnceValue(func() *course {
	c := new(course)
	dec := yaml.NewDecoder(strings.NewReader(string(courseFile)))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil {
		panic(fmt.Sprintf("chain: course.yaml: %v", err)) // it comes with the program, and a test reads it
	}
	return c
})

func (c *course) window() time.Duration { return time.Duration(c.WindowHours) * time.Hour }

// stageOf returns the number of the stage that a finding is a trace of, -1
// for none.
func (c *course) stageOf(f *finding.Finding) int {
	for i := range c.Stages {
		if c.Stages[i].has(f) {
			return i
		}
	}
	return -1
}

func (s *stage) has(f *finding.Finding) bool {
	if f.Indicator == nil {
		return slices.Contains(s.Rules, f.Rule)
	}
	for _, in := range s.Indicators {
		if slices.Contains(in.Types, f.Indicator.Type) && slices.Contains(in.Artifacts, f.Artifact) {
			return true
		}
	}
	return false
}

// Rules returns the rules that the course names, with the stage that each is
// a trace of, "" for none.
func Rules() map[string]string {
	c := published()
	all := map[string]string{}
	for _, id := range c.NoStage {
		all[id] = ""
	}
	for _, s := range c.Stages {
		for _, id := range s.Rules {
			all[id] = s.ID
		}
	}
	return all
}

// Artifacts returns the artifacts that the course names.
func Artifacts() []string {
	var all []string
	for _, s := range published().Stages {
		all = append(all, s.SeenIn...)
		for _, in := range s.Indicators {
			all = append(all, in.Artifacts...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
