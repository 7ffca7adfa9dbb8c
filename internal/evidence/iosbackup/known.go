package iosbackup

import (
	"context"
	"crypto/sha1" // Apple names files by it
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/amparo-project/amparo/internal/evidence"
)

//go:embed data/known_files.csv
var knownCSV string

// knownFiles maps fileIDs to logical paths for files that every phone has in
// the same place.
var knownFiles = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, line := range dataLines(knownCSV) {
		domain, rel, ok := strings.Cut(line, ",")
		if !ok {
			continue
		}
		for _, suffix := range []string{"", "-wal"} {
			sum := sha1.Sum([]byte(domain + "-" + rel + suffix))
			m[hex.EncodeToString(sum[:])] = domain + "/" + rel + suffix
		}
	}
	return m
})

// dataLines returns the lines of a data file that are neither empty, nor a
// comment, nor the header.
func dataLines(s string) []string {
	var list []string
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	if len(list) > 0 {
		list = list[1:]
	}
	return list
}

// listKnown yields the files that lie in the backup, have a known name, and
// were not seen in the manifest. It reports whether it came to the end. Where
// files are encrypted their keys are lost with the manifest's rows.
func (s *Source) listKnown(ctx context.Context, seen map[string]bool, yield func(evidence.Entry, error) bool) bool {
	if s.encrypted() {
		return true
	}
	var hashed, named int
	more := true
	err := s.hashedFiles(ctx, func(id string) bool {
		hashed++
		path, ok := knownFiles()[id]
		if !ok || seen[id] {
			return true
		}
		named++
		more = yield(evidence.Entry{Path: path, Ref: idRef(id)}, nil)
		return more
	})
	if err != nil {
		more = yield(evidence.Entry{}, err)
		return false
	}
	if more && seen == nil {
		s.note(manifestFile, "", fmt.Errorf("without it, %d of the %d files in the backup could be named", named, hashed))
	}
	if more && seen != nil && named > 0 {
		s.note(manifestFile, "", fmt.Errorf("%d files whose rows are lost were named by a built-in list", named))
	}
	return more
}

func (s *Source) encrypted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ev.Encrypted
}

// hashedFiles calls fn with the name of each hashed file, in order, until fn
// returns false.
func (s *Source) hashedFiles(ctx context.Context, fn func(id string) bool) error {
	top, err := s.tree.ReadDir(ctx, "")
	if err != nil {
		return fmt.Errorf("list the backup: %w", err)
	}
	for _, d := range top {
		if d.Regular && isFileID([]byte(d.Name)) && !fn(d.Name) {
			return nil
		}
		if !d.Dir || len(d.Name) != 2 {
			continue
		}
		list, err := s.tree.ReadDir(ctx, d.Name)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.note(d.Name, "", errors.New("the folder cannot be listed: "+err.Error()))
			continue
		}
		for _, f := range list {
			if f.Regular && isFileID([]byte(f.Name)) && strings.HasPrefix(f.Name, d.Name) && !fn(f.Name) {
				return nil
			}
		}
	}
	return nil
}
