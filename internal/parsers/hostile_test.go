package parsers

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/parsers/android"
)

// Every parser of both platforms is given files that are no such file. What
// the iOS parsers must say of them is in internal/parsers/ios; here is what
// holds for all: they end, they panic never, what is lost names its file, and
// what a length claims takes no memory.

// wrong are files of every kind that lies on a phone.
func wrong(t *testing.T) map[string][]byte {
	t.Helper()
	deep := strings.Repeat("[", 5000)
	return map[string][]byte{
		"empty": {}, "one_zero": {0}, "zeros": make([]byte, 8192), "spaces": bytes.Repeat([]byte(" \n"), 4096),
		"text": []byte("this is no such file\n"), "lines": []byte(strings.Repeat("01-01 00:00:00.000  1  1 I x: y\n", 50)),
		"json": []byte(`{"a":[1,null,{"b":"c"}]}`), "json_deep": []byte(deep), "json_array": []byte(`[[[[[[1]]]]]]`),
		"json_lines": []byte("{}\n{\"a\":1}\n[]\n7\n"), "json_types": []byte(`[{"name":7,"path":[],"size":"x","sha256":{},"time":true}]`),
		"xml": []byte("<?xml version='1.0'?><map><string name=\"a\">b</string></map>"), "html": []byte("<!DOCTYPE html><html></html>"),
		"png": []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"), "gzip": []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x00\x00"),
		"zip": []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "zip_lies": []byte("PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00"),
		"binary_xml": binary.LittleEndian.AppendUint32([]byte{3, 0, 8, 0}, 0xfffffff0), "protobuf": bytes.Repeat([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f}, 100),
		"segb": []byte("SEGB\x01\x00\x00\x00" + strings.Repeat("\x00", 24)), "tracev3": binary.LittleEndian.AppendUint64([]byte{0, 0x10, 0, 0, 0x11, 0, 0, 0}, 208),
		"bplist": []byte("bplist00\xd1\x01\x02" + strings.Repeat("\xff", 40)), "utf16": []byte("\xff\xfet\x00e\x00x\x00t\x00"),
		"database": artifacttest.SQLite(t, `CREATE TABLE other (a, b); INSERT INTO other VALUES (1, 'x');`), "database_cut": artifacttest.SQLite(t, `CREATE TABLE sms (_id, body);`)[:700],
		"encrypted": bytes.Repeat([]byte{0x9e, 0x37, 0x79, 0xb9, 0x7f, 0x4a, 0x7c}, 1171),
	}
}

// nameOf is a path that fits a pattern.
func nameOf(pattern string) string { return strings.NewReplacer("**/", "", "*", "x").Replace(pattern) }

func TestWrongTypes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	for kind, data := range wrong(t) {
		for _, p := range All() {
			for _, pattern := range p.Info().Files {
				if pattern == artifact.ListingPath {
					continue
				}
				name := nameOf(pattern)
				s := artifacttest.Sample{Path: name, Files: map[string][]byte{name: data}, BadValues: true}
				_, errs := artifacttest.Parse(t, p, s) // a panic fails the test
				for _, err := range errs {
					if re := new(artifact.RecordError); errors.As(err, &re) && re.Loc.Path != name {
						t.Errorf("%s, given %s: %v does not name %s", p.Info().Name, kind, err, name)
					}
				}
			}
		}
	}
}

// huge is a file of 5 GB: a beginning, and then the same bytes for ever.
type huge struct{ head, rest string }

const hugeSize = 5 << 30

func (h huge) ReadAt(p []byte, off int64) (int, error) {
	if off >= hugeSize {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), hugeSize-off))
	for i := range p[:n] {
		p[i] = h.rest[(off+int64(i))%int64(len(h.rest))]
	}
	if off < int64(len(h.head)) {
		copy(p[:n], h.head[off:])
	}
	return n, nil
}

// TestHugeAndroidFiles gives each parser of Android files of 5 GB that begin as
// what it reads: a database, a list of JSON, lines, an archive, XML, numbers.
// Those of iOS have the same test in their package.
func TestHugeAndroidFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	const mostBytes = 400 << 20
	sqlite := "SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20" + strings.Repeat("\x00", 12) + "\x00\x14\x00\x00" + strings.Repeat("\x00", 68) + "\x0d\x00\x00\x00\x01\x0f\x00"
	for _, p := range android.All() {
		info := p.Info()
		if info.Files[0] == artifact.ListingPath {
			continue
		}
		for _, in := range []huge{
			{sqlite, "\x00"},
			{"[", `{"a":"b"},`},
			{`[{"path":"`, "x"},
			{"", "01-01 00:00:00.000  1  1 I x: y\n"},
			{"", "x"},
			{"PK\x03\x04", "\x00"},
			{"<?xml version='1.0'?><map>", "<a>"},
			{"", "\x0a\xff\xff\xff\x7f"},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := time.Now()
			input := artifact.NewInput(nameOf(info.Files[0]), in, hugeSize, nil)
			for range artifact.Run(ctx, p, input) {
			}
			took := time.Since(started)
			runtime.ReadMemStats(&after)
			cancel()
			if grown := after.HeapSys - min(before.HeapSys, after.HeapSys); grown > mostBytes {
				t.Errorf("%s, %.10q: %d MiB of memory more", info.Name, in.head+in.rest, grown>>20)
			}
			if took > 20*time.Second {
				t.Errorf("%s, %.10q: went on for %v after it was told to stop", info.Name, in.head+in.rest, took)
			}
		}
	}
}
