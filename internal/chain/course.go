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
}

type stage struct {
	ID           string   `yaml:"id"`
	Rules        []string `yaml:"rules"`
	RulePrefixes []string `yaml:"rule_prefixes"`
	Indicators   []struct {
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
		return slices.Contains(s.Rules, f.Rule) ||
			slices.ContainsFunc(s.RulePrefixes, func(p string) bool { return strings.HasPrefix(f.Rule, p) })
	}
	for _, in := range s.Indicators {
		if slices.Contains(in.Types, f.Indicator.Type) && slices.Contains(in.Artifacts, f.Artifact) {
			return true
		}
	}
	return false
}
