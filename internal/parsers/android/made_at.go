package android

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/amparo-project/amparo/internal/format/ips"
)

// madeAt returns when the evidence was made, to the day: by the head of the
// report, whose zone is not asked for, or by what AndroidQF noted. Zero: neither
// is there. A companion that cannot be read is told.
func (r *fileReading) madeAt() (time.Time, error) {
	dir := base(r.In.Path)
	for _, name := range []string{"dumpstate/HEADER", "acquisition.json"} {
		c, err := r.In.Companion(dir + name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var data []byte
		if err == nil {
			data, err = c.All(maxClock)
		}
		if err != nil {
			if err := r.Problem(0, fmt.Errorf("when the evidence was made: %w", err)); err != nil {
				return time.Time{}, err
			}
			continue
		}
		var made clock
		made.learn(data)
		if v, err := ips.ValueAt(data, 0); err == nil && made.made.IsZero() {
			made.made, _ = time.Parse(time.RFC3339Nano, v.Map()["started"].Text())
		}
		if !made.made.IsZero() {
			return made.made, nil
		}
	}
	return time.Time{}, nil
}
