package android

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
)

// acquisitionCompanions are the files by which AndroidQF tells of itself.
var acquisitionCompanions = []string{"**/acquisition.json", "**/adb_host_key.pub"}

// acquired is what is known of the acquisition that evidence lies in.
type acquired struct {
	asked, is   bool
	fingerprint string // of the computer that made it; "": not told
	started     time.Time
}

// compare tells a key from that of the computer that made the acquisition. ms is
// the last connection in milliseconds, nil where it is not told.
func (a *adbReading) compare(s *section, ms *int64) {
	if !a.acquired.is {
		return
	}
	host := a.acquired.fingerprint != "" && s.Rec.Text("fingerprint") == a.acquired.fingerprint
	s.Rec.Set("acquisition_host", artifact.BoolValue(host))
	if host && ms != nil && !a.acquired.started.IsZero() {
		s.Rec.Set("used_before", artifact.BoolValue(time.UnixMilli(*ms).Before(a.acquired.started.Add(-24*time.Hour))))
	}
}

// learn reads, once, what AndroidQF noted: in the folder of the section, or in
// one above the bugreport that it lies in.
func (q *acquired) learn(s *section) error {
	if q.asked {
		return nil
	}
	q.asked = true
	for dir := strings.TrimSuffix(base(s.In.Path), "/"); ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		for _, name := range []string{"acquisition.json", "adb_host_key.pub"} {
			if err := q.read(s, path.Join(dir, name), name); err != nil {
				return err
			}
		}
		if q.is || dir == "" {
			return nil
		}
	}
}

func (q *acquired) read(s *section, at, name string) error {
	c, err := s.In.Companion(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var data []byte
	if err == nil {
		data, err = c.All(limit.MiB)
	}
	if err != nil {
		return s.Problem(fmt.Errorf("%s: %w", name, err))
	}
	q.take(name, data)
	return nil
}

func (q *acquired) take(name string, data []byte) {
	q.is = true
	key := string(data)
	if name == "acquisition.json" {
		v, err := ips.ValueAt(data, 0)
		if err != nil {
			return // android.acquisition tells
		}
		m := v.Map()
		q.started, _ = time.Parse(time.RFC3339Nano, m["started"].Text())
		key = m["adb_host_public_key"].Text()
	}
	if print := keyFingerprint(strings.TrimSpace(key)); print != "" {
		q.fingerprint = print
	}
}
