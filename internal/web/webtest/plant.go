// Package webtest makes results that attack whoever looks at them: what a
// phone of somebody who expects to be examined may hold, in every field; and
// workspaces of any size, to measure pages in.
package webtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// Payload is text that tries to be run, to hide, to turn the direction of
// reading, to break out of attributes and of the terminal.
const Payload = "<script>window.planted=1</script>\"'><img src=x onerror=window.planted=1>{{.}}" +
	"\u202e\u2066evil\u2069\u200b\u200d\ufeff\x1b[31m\x1b]8;;http://evil.example\x07\u0000javascript:window.planted=1 </td></table><!--"

// Marker is a part of Payload that is found in a page that shows it.
const Marker = "window.planted=1"

// huge is the length of values of the first line of each file, in bytes.
const huge = 30 << 10

// maxLines of each file are planted, for a test is to be quick.
const maxLines = 120

// Plant stores a run of an evidence that is another run with Payload in every
// text of its findings, records, events and coverage. It returns its id.
func Plant(ctx context.Context, sp *examine.Space, evidence, from string) (id string, err error) {
	r, err := sp.Run(ctx, from)
	if err != nil {
		return "", err
	}
	b, err := sp.OpenRun(ctx, &r)
	if err != nil {
		return "", err
	}
	dir, err := sp.TempDir()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, f := range b.Files() {
		in, err := b.FS(ctx).Open(f.Path)
		if err != nil {
			return "", err
		}
		err = plantFile(in, filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err = errors.Join(err, in.Close()); err != nil {
			return "", err
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		return "", err
	}
	var run finding.Run
	if err := json.Unmarshal(data, &run); err != nil {
		return "", err
	}
	ev, err := sp.Evidence(ctx, evidence)
	if err != nil {
		return "", err
	}
	stored, err := sp.Open(ctx, ev)
	if err != nil {
		return "", err
	}
	return stored.Save(ctx, &run, &examine.Observations{}, dir)
}

func plantFile(in io.Reader, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	var out bytes.Buffer
	switch filepath.Ext(name) {
	case ".json":
		data, err := limit.ReadAll(in, 64*limit.MiB)
		if err != nil {
			return err
		}
		if err := plantLine(data, &out, 0); err != nil {
			return err
		}
	case ".jsonl":
		sc := bufio.NewScanner(in)
		sc.Buffer(nil, 64<<20)
		for n := 0; sc.Scan() && n < maxLines; n++ {
			size := 0
			if n == 0 {
				size = huge
			}
			if err := plantLine(sc.Bytes(), &out, size); err != nil {
				return err
			}
		}
		if err := sc.Err(); err != nil {
			return err
		}
	default:
		if _, err := io.Copy(&out, in); err != nil {
			return err
		}
	}
	return os.WriteFile(name, out.Bytes(), 0o600)
}

func plantLine(line []byte, out *bytes.Buffer, size int) error {
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(plant("", v, size))
}

// kept are fields whose form a reader demands.
var kept = map[string]bool{"id": true, "severity": true, "kind": true, "bytes": true, "raw": true, "day": true}

func plant(key string, v any, size int) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plant(k, v[k], size)
		}
	case []any:
		for i := range v {
			v[i] = plant(key, v[i], size)
		}
	case string:
		_, timeErr := time.Parse(time.RFC3339Nano, v)
		_, hexErr := hex.DecodeString(v)
		if kept[key] || timeErr == nil || hexErr == nil && len(v) == 64 {
			return v
		}
		return Payload + v + strings.Repeat("A", size)
	}
	return v
}
