package examine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/fulltext"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Beside the result of a run lies, in the vault too and under the same key, what
// it is looked up by: no part of the result folder, and made again from it where
// it is missing.
const (
	timelineFile = "timeline" // of package timeline
	wordsFile    = "words/%03d.db"
	wordsList    = "words.json" // stored last: what is there is whole
	wordsVersion = 1            // another is made again
)

// ErrNoIndex says that a run has no index of words yet.
var ErrNoIndex = errors.New("the index of this check is not made yet")

// wordsInfo is words.json.
type wordsInfo struct {
	Version int `json:"version"`
	fulltext.Built
}

// result is what indexes are made of.
type result struct {
	bundle, caseID string
	key            seal.Identity
	files          fs.FS
	records        []string // names of the artifacts that have records
}

// MakeIndex makes the indexes of a run that has none. It may be called for a run
// that has them, or that another process makes them for.
func (s *Space) MakeIndex(ctx context.Context, r *workspace.Run) error {
	if w, err := s.Words(ctx, r); err == nil {
		return w.Close()
	} else if !errors.Is(err, ErrNoIndex) {
		return err
	}
	res, err := s.resultOf(ctx, r)
	if err != nil {
		return err
	}
	return s.index(ctx, res)
}

func (s *Space) resultOf(ctx context.Context, r *workspace.Run) (result, error) {
	key, err := s.EvidenceKey(ctx, r.Evidence, workspace.Analysis)
	if err != nil {
		return result{}, err
	}
	b, err := vault.Open(ctx, s.Vault, s.Index(), r.ID, key)
	if err != nil {
		return result{}, err
	}
	return resultIn(r.ID, r.Case, key, b.FS(ctx), b.Files()), nil
}

func resultIn(run, caseID string, key seal.Identity, files fs.FS, list []vault.File) result {
	res := result{bundle: workspace.IndexOf(run), caseID: caseID, key: key, files: files}
	for i := range list {
		if name, ok := strings.CutPrefix(list[i].Path, "records/"); ok {
			res.records = append(res.records, strings.TrimSuffix(name, ".jsonl"))
		}
	}
	return res
}

// index makes both indexes.
func (s *Space) index(ctx context.Context, res result) error {
	return s.put(ctx, res, func(store func(string, io.Reader) error) error {
		if err := res.timeline(store); err != nil {
			return err
		}
		return res.words(ctx, store)
	})
}

// put stores files in the bundle of an index. Where another process was faster,
// its are as good.
func (s *Space) put(ctx context.Context, res result, make func(store func(string, io.Reader) error) error) error {
	err := vault.Put(ctx, s.Vault, s.Index(), vault.AddOptions{Bundle: res.bundle, Case: res.caseID, Key: res.key}, make)
	if errors.Is(err, workspace.ErrBusy) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("index of the result: %w", err)
	}
	return nil
}

// timeline makes the index of timeline.jsonl.
func (r *result) timeline(store func(string, io.Reader) error) error {
	pr, pw := io.Pipe()
	go func() {
		pw.CloseWithError(timeline.Build(func() (io.ReadCloser, error) { return r.files.Open("timeline.jsonl") }, pw))
	}()
	err := store(timelineFile, pr)
	return errors.Join(err, pr.Close()) // ends the other side where this one failed
}

// words makes the index of the words of all records.
func (r *result) words(ctx context.Context, store func(string, io.Reader) error) error {
	var sources []fulltext.Source
	for _, name := range r.records {
		sources = append(sources, fulltext.Source{
			Artifact: name, Open: func() (io.ReadCloser, error) { return r.files.Open("records/" + name + ".jsonl") },
		})
	}
	built, err := fulltext.Build(ctx, sources, func(n int, data []byte) error {
		return store(fmt.Sprintf(wordsFile, n), bytes.NewReader(data))
	})
	if err != nil {
		return err
	}
	info, err := json.Marshal(wordsInfo{wordsVersion, built})
	if err != nil {
		return err
	}
	return store(wordsList, bytes.NewReader(info))
}

// openIndex opens the bundle of the indexes of a run.
func (s *Space) openIndex(ctx context.Context, r *workspace.Run) (*vault.Bundle, error) {
	key, err := s.EvidenceKey(ctx, r.Evidence, workspace.Analysis)
	if err != nil {
		return nil, err
	}
	return vault.Open(ctx, s.Vault, s.Index(), workspace.IndexOf(r.ID), key)
}

// A Timeline is the index of a run's events, and the file that they lie in.
type Timeline struct {
	timeline.Part
	Events io.ReaderAt
	files  []evidence.Blob
}

// Close closes the files.
func (t *Timeline) Close() error { return closeAll(t.files) }

func closeAll(files []evidence.Blob) (err error) {
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Timeline opens the timeline of a run. Of a run that was stored before there
// were indexes it is made now. The caller closes it.
func (s *Space) Timeline(ctx context.Context, r *workspace.Run) (*Timeline, error) {
	t, err := s.timeline(ctx, r)
	if !errors.Is(err, fs.ErrNotExist) {
		return t, err
	}
	res, err := s.resultOf(ctx, r)
	if err != nil {
		return nil, err
	}
	// Others may wait for it: it is made even if who asked has gone.
	err = s.put(context.WithoutCancel(ctx), res, res.timeline)
	if errors.Is(err, workspace.ErrNotAllowed) {
		return s.passing(ctx, r, &res) // who may only see stores nothing
	}
	if err != nil {
		return nil, err
	}
	return s.timeline(ctx, r)
}

// passing makes the index of a timeline in memory, for one look.
func (s *Space) passing(ctx context.Context, r *workspace.Run, res *result) (*Timeline, error) {
	var b bytes.Buffer
	if err := timeline.Build(func() (io.ReadCloser, error) { return res.files.Open("timeline.jsonl") }, &b); err != nil {
		return nil, err
	}
	file := bytes.NewReader(b.Bytes())
	x, err := timeline.Open(file, file.Size())
	if err != nil {
		return nil, err
	}
	t := &Timeline{Part: timeline.Part{Index: x, File: file}}
	return t, s.events(ctx, r, t)
}

// events opens the file of the events.
func (s *Space) events(ctx context.Context, r *workspace.Run, t *Timeline) error {
	b, err := s.OpenRun(ctx, r)
	if err != nil {
		return err
	}
	f, err := b.OpenFile(ctx, "timeline.jsonl")
	if err != nil {
		return fmt.Errorf("run %s: %w: %w", r.ID, limit.ErrCorrupt, err)
	}
	t.Events, t.files = f, append(t.files, f)
	return nil
}

func (s *Space) timeline(ctx context.Context, r *workspace.Run) (t *Timeline, err error) {
	x, err := s.openIndex(ctx, r)
	if err != nil {
		return nil, err
	}
	t = &Timeline{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	f, err := x.OpenFile(ctx, timelineFile)
	if err != nil {
		return t, err
	}
	t.File, t.files = f, append(t.files, f)
	if t.Index, err = timeline.Open(f, f.Size()); err != nil {
		return t, err
	}
	return t, s.events(ctx, r, t)
}

// Words is the index of the words of a run's records.
type Words struct {
	Files []fulltext.File
	files []evidence.Blob
}

// Close closes the files.
func (w *Words) Close() error { return closeAll(w.files) }

// maxInfo bounds words.json, in bytes.
const maxInfo = 64 << 10

// Words opens the index of words of a run. The error wraps ErrNoIndex where it
// is not made yet. The caller closes it.
func (s *Space) Words(ctx context.Context, r *workspace.Run) (*Words, error) {
	b, err := s.openIndex(ctx, r)
	if err != nil {
		return nil, err
	}
	list, err := b.OpenFile(ctx, wordsList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run %s: %w", r.ID, ErrNoIndex)
	}
	if err != nil {
		return nil, err
	}
	defer list.Close()
	data, err := limit.ReadFull(list, list.Size(), maxInfo)
	if err != nil {
		return nil, err
	}
	var info wordsInfo
	if err := json.Unmarshal(data, &info); err != nil {
		return nil, fmt.Errorf("run %s: index of words: %w: %w", r.ID, limit.ErrCorrupt, err)
	}
	if info.Version != wordsVersion {
		return nil, fmt.Errorf("run %s: %w", r.ID, ErrNoIndex)
	}
	w := &Words{}
	for n := range info.Files {
		f, err := b.OpenFile(ctx, fmt.Sprintf(wordsFile, n))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("run %s: index of words: %w", r.ID, err), w.Close())
		}
		w.Files, w.files = append(w.Files, f), append(w.files, f)
	}
	return w, nil
}
