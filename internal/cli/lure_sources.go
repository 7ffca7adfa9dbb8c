package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/rule"
)

// formats of what is no inbox.
const (
	formatResult   = "result"
	formatEvidence = "evidence"
)

// linkArtifact is the artifact that links are matched as: one that every
// indicator of an address is valid in.
const linkArtifact = "ios.sms"

// loadListed prepares the question whether a published indicator names a link.
func (r *lureRun) loadListed() error {
	loaded, err := r.loadIndicators(r.cmd.Indicators)
	if err != nil || loaded.matcher == nil {
		return err
	}
	var known indicator.Memory
	var seen []artifact.Observable
	var hits []indicator.Hit
	r.listed = func(links []string) bool {
		seen = seen[:0]
		for _, l := range links {
			seen = append(seen, artifact.Observable{Type: artifact.URL, Value: l, Field: "links"})
		}
		hits = loaded.matcher.MatchNext(&known, linkArtifact, seen, hits[:0])
		// That a private indicator names a link must not be said beside the link.
		return slices.ContainsFunc(hits, func(h indicator.Hit) bool { return !h.Indicator.Private() })
	}
	return nil
}

// readResult reads the messages in the records of a result folder.
func (r *lureRun) readResult(dir string) error {
	res, err := report.Load(dir)
	if err != nil {
		return err
	}
	device := deviceName(&res.Run.Evidence)
	in := lureInput{File: dir, Format: formatResult, Problems: []string{}}
	for _, p := range parsers.All() {
		info := p.Info()
		records := r.k.Records(info)
		if records == nil {
			continue
		}
		path := filepath.Join(dir, "records", info.Name+".jsonl")
		err := lines(path, func(line []byte) error {
			if r.ctx.Err() != nil {
				return r.ctx.Err()
			}
			return r.readRecord(records, line, dir, device, &in)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			in.problem(err)
			r.unread = true
		}
	}
	r.inputs = append(r.inputs, in)
	return nil
}

// readRecord reads one line of records.
func (r *lureRun) readRecord(records *lure.Records, line []byte, file, device string, in *lureInput) error {
	var l recordLine
	if err := json.Unmarshal(line, &l); err != nil {
		in.problem(err)
		r.unread = true
		return nil
	}
	rec := l.record()
	links := rec.Get("links").Strings()
	if len(links) == 0 {
		if rec.Get("direction").Kind() != artifact.Null {
			in.Messages++
			r.all++
		}
		return nil
	}
	in.Messages++
	r.all++
	reading, ok := records.Read(rec, r.listed(links))
	if ok {
		m := messageOf(rec, reading)
		m.File, m.Device = file, device
		r.keep(m)
	}
	return nil
}

// record makes the parts of a record that a message is read by.
func (l *recordLine) record() *artifact.Record {
	rec := &artifact.Record{Kind: artifact.Kind(l.Kind)}
	names := make([]string, 0, len(l.Data))
	for name := range l.Data {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var text string
		var list []string
		if json.Unmarshal(l.Data[name], &text) == nil {
			rec.Set(name, artifact.TextValue(text))
		} else if json.Unmarshal(l.Data[name], &list) == nil {
			rec.Set(name, artifact.StringsValue(list))
		}
	}
	for _, t := range l.Times {
		if at, err := time.Parse(time.RFC3339Nano, t.At); err == nil {
			rec.Times = append(rec.Times, artifact.Time{At: at, Meaning: t.Meaning})
		}
	}
	return rec
}

// messageOf shows a record as a message.
func messageOf(rec *artifact.Record, reading lure.Reading) lureMessage {
	m := lure.MessageOf(rec)
	return lureMessage{Sender: m.Sender, Name: m.SenderName, Text: m.Text, Reading: reading}
}

// deviceName is what a device is called in a list: its own name, or its model
// and the end of its identity.
func deviceName(e *finding.Evidence) string {
	d := &e.Device
	for _, name := range []string{d.Name, d.UDID, d.Serial, d.ModelName} {
		if name != "" {
			return name
		}
	}
	return filepath.Base(e.Path)
}

// readEvidence checks evidence for lures alone: nothing is written.
func (r *lureRun) readEvidence(path string) error {
	found, err := open.Find(r.ctx, path, examine.WhatIsRead())
	if err != nil {
		return err
	}
	for _, candidate := range found.Candidates {
		if err := r.checkEvidence(candidate); err != nil {
			return fmt.Errorf("%s: %w", candidate.Name(), err)
		}
	}
	return nil
}

func (r *lureRun) checkEvidence(candidate evidence.Candidate) (err error) {
	src, err := candidate.Open(r.ctx, evidence.OpenOptions{Password: r.password("", candidate.Path()), Identity: r.identities(&r.cmd.identityFlags)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	loaded, err := r.loadIndicators(r.cmd.Indicators)
	if err != nil {
		return err
	}
	none, err := rule.Builtin()
	if err != nil {
		return err
	}
	var readers []artifact.Parser
	for _, p := range parsers.All() {
		if r.k.Records(p.Info()) != nil {
			readers = append(readers, p)
		}
	}
	in := lureInput{File: candidate.Path(), Format: formatEvidence, Problems: []string{}}
	first := len(r.kept)
	run, err := pipeline.Check(r.ctx, pipeline.Options{
		Source: src, Path: candidate.Path(), Parsers: readers, Matcher: loaded.matcher, Sets: loaded.sets, Rules: none, Lures: r.k,
		Now: time.Now, Version: Version,
		Findings: func(line json.RawMessage) error { return r.fromFinding(line, candidate.Path()) },
	})
	if err != nil {
		return err
	}
	device := deviceName(&run.Evidence)
	for i := first; i < len(r.kept); i++ {
		r.kept[i].Device = device
	}
	for i := range run.Coverage {
		in.Messages += run.Coverage[i].Records
		for _, p := range run.Coverage[i].Errors {
			in.problem(fmt.Errorf("%s: %s", p.Path, p.Error))
		}
	}
	r.all += in.Messages
	r.inputs = append(r.inputs, in)
	return nil
}

// fromFinding keeps the message of a finding of the kind lure. It is read once
// more: a finding has the reasons, and not all of the reading.
func (r *lureRun) fromFinding(line json.RawMessage, file string) error {
	var f finding.Finding
	if err := json.Unmarshal(line, &f); err != nil {
		return err
	}
	if f.Kind != finding.Lure {
		return nil
	}
	var l recordLine
	if err := json.Unmarshal(f.Record, &l); err != nil {
		return err
	}
	rec := l.record()
	msg := lure.MessageOf(rec)
	msg.Listed = r.listed(msg.Links)
	m := messageOf(rec, r.reader.Read(&msg))
	m.File, m.Finding, m.Place = file, f.ID, f.Where.Path
	r.keep(m)
	return nil
}
