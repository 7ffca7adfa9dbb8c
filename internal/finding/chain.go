package finding

import "time"

// Grade says how far an attack came, as far as its traces tell.
type Grade string

// The grades, from least to most.
const (
	Targeted         Grade = "targeted"          // somebody sent an attack to this phone
	Exploited        Grade = "exploited"         // and something on the phone took it up
	ProbablyInfected Grade = "probably_infected" // a foreign program left traces of running
	Conclusive       Grade = "conclusive"        // a published one did, and a second trace says so
)

// Grades lists the grades, the gravest first.
var Grades = []Grade{Conclusive, ProbablyInfected, Exploited, Targeted}

// A Chain is a course of events: findings of one window of time, set against
// the published course of an attack.
type Chain struct {
	Grade   Grade      `json:"grade"`
	Reasons []string   `json:"reasons"` // codes of the catalogue, "chain.reason.…"
	Threats []string   `json:"threats"` // as the indicators name them
	From    *time.Time `json:"from,omitempty"`
	To      *time.Time `json:"to,omitempty"`
	Stages  []Stage    `json:"stages"` // all of the course, in its order
}

// A Stage is one part of the course: what was found of it, or why nothing was.
type Stage struct {
	ID     string   `json:"id"` // delivery, exploitation, execution, activity, cleaning
	State  Seen     `json:"state"`
	Traces []Trace  `json:"traces"`         // in order of time, undated ones last
	More   int64    `json:"more,omitempty"` // traces beyond those listed
	Read   []string `json:"read,omitempty"` // artifacts that could show it and were read
	Unread []string `json:"unread,omitempty"`
}

// Seen says whether a stage left a trace that could be seen.
type Seen string

// What a stage can be.
const (
	Found      Seen = "found"
	NotFound   Seen = "not_found"   // what could show it was read, and does not
	NotVisible Seen = "not_visible" // nothing that could show it is in the evidence
)

// A Trace is a finding within a chain.
type Trace struct {
	Finding  string     `json:"finding"` // its id
	Time     *time.Time `json:"time,omitempty"`
	Artifact string     `json:"artifact"`
	Severity Severity   `json:"severity"`
	Title    string     `json:"title"`
	Rule     string     `json:"rule,omitempty"`
	Value    string     `json:"value,omitempty"` // of the indicator
}
