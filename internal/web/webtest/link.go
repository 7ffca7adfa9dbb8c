package webtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

var time2025 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func hashOf(s string, n int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, s, n)
	return h.Sum64() & (1<<48 - 1)
}

// another makes the evidence and the run of a phone that has the files of the
// case's first, and findings of its own.
func (m *maker) another(device string, phone int) error {
	fromKey, err := m.sp.EvidenceKey(m.ctx, m.c.firstEvidence, workspace.Analysis)
	if err != nil {
		return err
	}
	ev, key, err := m.sp.ReceiveEvidence(m.ctx, m.c.ID, device, fmt.Sprint("/media/phone-", phone))
	if err != nil {
		return err
	}
	l := linker{m, fromKey, key}
	files, err := l.link(m.c.firstEvidence, ev.ID, nil)
	if err != nil {
		return err
	}
	if ev, err = m.sp.CompleteEvidence(m.ctx, ev.ID, files); err != nil {
		return err
	}
	m.c.Evidence = append(m.c.Evidence, ev.ID)
	return l.run(&ev, phone)
}

// linker gives one bundle the segments of another.
type linker struct {
	*maker
	from, to seal.Identity
}

// link makes the bundle to of the files of from, and of those that lie in own.
func (l *linker) link(from, to string, own map[string]bool) ([]vault.File, error) {
	b, err := vault.Open(l.ctx, l.sp.Vault, l.sp.Index(), from, l.from)
	if err != nil {
		return nil, err
	}
	known, err := l.sp.Index().Segments(l.ctx, from)
	if err != nil {
		return nil, err
	}
	var files []vault.File
	var segments []vault.Segment
	for _, f := range b.Files() {
		if own[f.Path] {
			continue
		}
		files = append(files, f)
		for _, id := range f.Segments {
			s, err := l.wrap(known[id])
			if err != nil {
				return nil, err
			}
			segments = append(segments, s)
		}
	}
	data, err := json.Marshal(files)
	if err != nil {
		return nil, err
	}
	sealed, err := seal.Seal(l.to.Recipient(), data)
	if err != nil {
		return nil, err
	}
	return files, l.sp.Index().Commit(l.ctx, to, l.c.ID, len(own), sealed, segments)
}

// wrap seals the file key of a segment for the other bundle.
func (l *linker) wrap(s vault.Segment) (vault.Segment, error) {
	blob, err := l.sp.Vault.Open(l.ctx, s.ID)
	if err != nil {
		return s, err
	}
	defer blob.Close()
	var fileKey []byte
	if len(s.Wrapped) > 0 {
		fileKey, err = seal.Open(l.from, s.Wrapped)
	} else {
		head := make([]byte, min(4096, blob.Size()))
		if _, err := blob.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
			return s, err
		}
		var header []byte
		if header, err = age.ExtractHeader(bytes.NewReader(head)); err == nil {
			fileKey, err = age.DecryptHeader(header, l.from.Age())
		}
	}
	if err != nil {
		return s, err
	}
	s.New = false
	s.Wrapped, err = seal.Seal(l.to.Recipient(), fileKey)
	return s, err
}

// run makes a run of the first phone's result, with other findings.
func (l *linker) run(ev *workspace.Evidence, phone int) error {
	first, err := l.sp.Run(l.ctx, l.c.Runs[0])
	if err != nil {
		return err
	}
	dir := filepath.Join(l.c.work, fmt.Sprint("result-", phone))
	found, err := l.own(&first, dir, phone)
	if err != nil {
		return err
	}
	id := workspace.NewRunID()
	if _, err := vault.Add(l.ctx, l.sp.Vault, l.sp.Index(), vault.AddOptions{Bundle: id, Case: l.c.ID, Key: l.to, Path: dir}); err != nil {
		return err
	}
	files, err := l.link(first.ID, id, map[string]bool{"findings.jsonl": true})
	if err != nil {
		return err
	}
	if _, err := l.link(workspace.IndexOf(first.ID), workspace.IndexOf(id), nil); err != nil {
		return err
	}
	r := first
	r.ID, r.Evidence, r.Summary.Totals.Findings = id, ev.ID, int64(len(found))
	if _, err = l.sp.SaveRun(l.ctx, r, files, seenOn(l.n*1000+phone), func(add func(*finding.Finding) error) error {
		for i := range found {
			if err := add(&found[i]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return errors.Join(l.took(id), os.RemoveAll(dir))
}

// own writes the findings of a phone into a folder.
func (l *linker) own(first *workspace.Run, dir string, phone int) (found []finding.Finding, err error) {
	b, err := l.sp.OpenRun(l.ctx, first)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = report.EachFindingFS(b.FS(l.ctx), first.ID, func(f *finding.Finding) error {
		if len(found) == l.size.Findings {
			return nil
		}
		mine := *f
		of(&mine, phone)
		found = append(found, mine)
		line, err := json.Marshal(mine)
		out.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return found, os.WriteFile(filepath.Join(dir, "findings.jsonl"), out.Bytes(), 0o600)
}

// seenOn is what was observed on a phone, for hunts and links: three of ten
// values are its own, the others come from a pool that all share, the front of
// it more often, as hosts of the web do.
func seenOn(phone int) []workspace.Sighting {
	r := rand.New(rand.NewPCG(7, uint64(phone)))
	out := make([]workspace.Sighting, 0, 2000)
	for i := range 2000 {
		v := fmt.Sprintf("https://h%d.site-%d.example/", i, phone)
		if i%10 >= 3 {
			x := r.Float64()
			v = fmt.Sprintf("https://www.pool-%d.example/", int(x*x*200_000))
		}
		out = append(out, workspace.Sighting{Type: artifact.URL, Value: v, Artifact: "ios.safari_history", First: time2025, Last: time2025})
	}
	return out
}
