package dumpsys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

const dashes = "-------------------------------------------------------------------------------\n"

// report has what dumpstate of Android 10 writes, a heading inside a section
// of dumpsys, and lines of dashes that end nothing.
const report = `========================================================
== dumpstate: 2020-01-08 15:30:07
========================================================

Build: x
------ DUMPSYS CRITICAL (/system/bin/dumpsys) ------
` + dashes + `DUMP OF SERVICE CRITICAL window:
` + dashes + `  a
` + dashes + `  b
--------- 0.034s was the duration of dumpsys window, ending at: 2020-01-08 15:30:08
------ 11.979s was the duration of 'DUMP TRACES' ------
------ IPTABLES (iptables -L -nvx) ------
x
------ SHOW MAP 1 (/system/bin/init) (/system/xbin/su root showmap -q 1) ------
y
------ SHOW MAP 1 (/system/bin/init) (/system/xbin/su root showmap -q 1) ------
------ ../../etc ------
z
` + dashes + `DUMP OF SERVICE android.hardware.IVibrator/default:
q`

func texts(t *testing.T, text string) []string {
	t.Helper()
	list, err := Sections(t.Context(), strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		body := text[s.Offset : s.Offset+s.Length]
		if n := strings.Count(body, "\n"); int64(n) != s.Lines && int64(n)+1 != s.Lines {
			t.Errorf("%s: %d lines, told %d", s.Name, n, s.Lines)
		}
		got = append(got, s.Name+"|"+strings.ReplaceAll(body, "\n", "~"))
	}
	return got
}

func TestSections(t *testing.T) {
	t.Parallel()
	d := strings.TrimSuffix(dashes, "\n")
	want := []string{
		"dumpstate/HEADER|== dumpstate: 2020-01-08 15:30:07~========================================================~~Build: x~",
		"dumpstate/DUMPSYS CRITICAL|" + d + "~",
		"dumpsys/window|" + d + "~  a~" + d + "~  b~--------- 0.034s was the duration of dumpsys window, ending at: 2020-01-08 15:30:08~",
		"dumpstate/IPTABLES|x~",
		"dumpstate/SHOW MAP 1|y~",
		"2/dumpstate/SHOW MAP 1|",
		"dumpstate/.._.._etc|z~" + d + "~",
		"dumpsys/android.hardware.IVibrator_default|q",
	}
	if diff := cmp.Diff(want, texts(t, report)); diff != "" {
		t.Error(diff)
	}
	crlf := texts(t, strings.ReplaceAll(report, "\n", "\r\n"))
	if len(crlf) != len(want) || !strings.HasPrefix(crlf[2], "dumpsys/window|") {
		t.Error(crlf)
	}
}

// TestOld: Android 6 ends a section of dumpsys by the next one's heading.
func TestOld(t *testing.T) {
	t.Parallel()
	got := texts(t, "Currently running services:\n  a\n"+dashes+"DUMP OF SERVICE a:\nx\n"+dashes+"DUMP OF SERVICE b:\n")
	want := []string{"dumpsys/a|x~" + strings.ReplaceAll(dashes, "\n", "~"), "dumpsys/b|"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLongLines: a line that is longer than what is read at once hides no
// heading after it, and no heading hides in it.
func TestLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*block) + "DUMP OF SERVICE no:\n"
	text := "DUMP OF SERVICE a:\n" + long + "DUMP OF SERVICE b:\ny\n"
	list, err := Sections(t.Context(), strings.NewReader(text), int64(len(text)))
	if err != nil || len(list) != 2 || list[0].Length != int64(len(long)) || list[1].Name != "dumpsys/b" || text[list[1].Offset] != 'y' {
		t.Errorf("%+v %v", list, err)
	}
}

type broken struct{ io.ReaderAt }

var errBroken = errors.New("broken")

func (broken) ReadAt(p []byte, off int64) (int, error) {
	if off > 0 {
		return 0, errBroken
	}
	return copy(p, "DUMP OF SERVICE a:\nx\n"), errBroken
}

func TestErrors(t *testing.T) {
	t.Parallel()
	list, err := Sections(t.Context(), broken{}, 100)
	if !errors.Is(err, errBroken) || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	if _, err := Sections(t.Context(), strings.NewReader("x"), 10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a text shorter than told: %v", err)
	}
	var many strings.Builder
	for i := range MaxSections + 10 {
		fmt.Fprintf(&many, "------ %d ------\n", i)
	}
	list, err = Sections(t.Context(), strings.NewReader(many.String()), int64(many.Len()))
	if !errors.Is(err, limit.ErrLimit) || len(list) != MaxSections {
		t.Errorf("%d sections, %v", len(list), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Sections(ctx, strings.NewReader(report), int64(len(report))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzSections(f *testing.F) {
	f.Add(report)
	f.Add("------ \r ------\nDUMP OF SERVICE HIGH :\nDUMP OF SERVICE \xff/..:\n== dumpstate:\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Sections(t.Context(), strings.NewReader(text), int64(len(text)))
		if err != nil && !errors.Is(err, limit.ErrLimit) {
			t.Fatal(err)
		}
		end, names := int64(0), map[string]bool{}
		for _, s := range list {
			if s.Offset < end || s.Length < 0 || s.Offset+s.Length > int64(len(text)) {
				t.Fatalf("%+v after %d, of %d", s, end, len(text))
			}
			if names[s.Name] || path.Clean("/"+s.Name) != "/"+s.Name {
				t.Fatalf("name %q", s.Name)
			}
			names[s.Name], end = true, s.Offset+s.Length
		}
	})
}

func BenchmarkSections(b *testing.B) {
	text := strings.Repeat(strings.Repeat("  a line as they are in such reports, of ordinary length\n", 2000)+dashes+"DUMP OF SERVICE a:\n", 100)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Sections(b.Context(), strings.NewReader(text), int64(len(text))); err != nil {
			b.Fatal(err)
		}
	}
}
