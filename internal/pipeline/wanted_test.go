package pipeline

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
)

// patterned is a parser that wants some files and reads none.
type patterned []string

func (p patterned) Info() artifact.Info {
	return artifact.Info{Name: "ios.test", Files: p}
}

func (patterned) Parse(context.Context, *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(func(*artifact.Record, error) bool) {}
}

var somePatterns = patterned{
	"HomeDomain/Library/SMS/sms.db", "private/var/mobile/Library/SMS/sms.db", "*/Library/Safari/History.db", "**/shutdown*.log", "**/ps.txt",
	"**/streams/*/local/*", "private/var/mobile/Containers/Data/Application/*/Library/Caches/*", "**/Analytics-*", "**/*.ips", "*/x/[ab]*",
	"**/*", "a?c/d", "*", "Info.plist", "**/logs/*/log.[0-9]", "**/[0-9A-F][0-9A-F]/[0-9A-F][^0-9]", "[ab",
}

// TestWantedAgrees holds the quick way of finding patterns to asking each.
func TestWantedAgrees(t *testing.T) {
	t.Parallel()
	names := []string{
		"HomeDomain/Library/SMS/sms.db", "HomeDomain/Library/SMS/sms.db-wal", "x/Library/Safari/History.db", "shutdown.log", "a/b/shutdown.1.log",
		"ps.txt", "a/ps.txt", "aps.txt", "streams/x/local/123", "a/streams/x/local/123", "a/streams/x/remote/123", "Analytics-1", "a/b/Analytics-2.ips",
		"private/var/mobile/Containers/Data/Application/U/Library/Caches/f", "q/x/abc", "q/x/cab", "abc/d", "", "Info.plist", "x/Info.plist",
		"logs/a/log.1", "b/logs/a/log.1", "b/logs/a/log.x", "x/0F/AB", "0F/Aé", "0F/A1", "0F/A",
	}
	for _, pattern := range somePatterns {
		w := newWanted([]artifact.Parser{patterned{pattern}})
		for _, name := range names {
			if name == "HomeDomain/Library/SMS/sms.db-wal" {
				continue // belongs to its database
			}
			if _, got := w.match(name, nil); got != artifact.Match(pattern, name) {
				t.Errorf("%s, %s: %v", pattern, name, got)
			}
		}
	}
	if _, ok := newWanted([]artifact.Parser{somePatterns[:1]}).match("HomeDomain/Library/SMS/sms.db-wal", nil); !ok {
		t.Error("a log beside a database is not wanted")
	}
}

// BenchmarkWanted looks for the patterns that fit a path of a phone: a dump
// has a million of them.
func BenchmarkWanted(b *testing.B) {
	var all []artifact.Parser
	for i := range 60 {
		all = append(all, patterned{
			fmt.Sprintf("HomeDomain/Library/Some/file%d.db", i), fmt.Sprintf("**/logs/some%d*.log*", i), fmt.Sprintf("**/streams%d/*/local/*", i),
		})
	}
	w := newWanted(all)
	names := []string{
		"private/var/mobile/Media/DCIM/100APPLE/IMG_0001.HEIC", "private/var/mobile/Containers/Data/Application/4D2A/Library/Caches/x/y.db",
		"System/Library/PrivateFrameworks/A.framework/B.lproj/C.strings", "HomeDomain/Library/Some/file7.db",
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		_, _ = w.match(names[i%len(names)], nil)
		i++
	}
}

// TestSectionsOfSingleReports: of a single file nothing is known but its name,
// of a section in it all.
func TestSectionsOfSingleReports(t *testing.T) {
	t.Parallel()
	w := newWanted([]artifact.Parser{patterned{"**/dumpsys/*"}})
	w.named = true
	const section = "dumpsys.txt/dumpsys/jobscheduler"
	if _, ok := w.match(section, nil); ok {
		t.Error("a file of any name is taken for one that parsers know")
	}
	if parsers, ok := w.matchSection(section, nil); !ok || len(parsers) != 1 {
		t.Errorf("a section of a single report is left out: %v", parsers)
	}
}
