package android

import (
	"context"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// dbInfo reads the last statements that apps ran on their databases.
type dbInfo struct{}

var dbInfoInfo = artifact.Info{
	Name:       "android.dbinfo",
	Version:    1,
	Summary:    "Last statements that apps ran on their databases.",
	Files:      []string{"**/dumpsys/dbinfo"},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{{
		Kind: "operation", Doc: "A statement (a line below \"Most recently executed operations\").",
		Fields: []artifact.FieldInfo{
			textField("process", "process whose databases are listed"), intField("pid", "its number"),
			textField("action", "executeForLong, prepare…"), textField("sql", "the statement"), textField("path", "path of the database"),
			textField("package_name", "package in the path"), textField("outcome", "succeeded, failed, running"),
		},
		Times: []string{"executed"},
	}},
	Refs: []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/database/sqlite/SQLiteConnection.java"},
}

// Info implements artifact.Parser.
func (dbInfo) Info() artifact.Info { return dbInfoInfo }

// Parse implements artifact.Parser.
func (dbInfo) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var d dbInfoReading
	return readSection(ctx, in, d.line, nil)
}

type dbInfoReading struct {
	pid, process, pool string
}

var (
	dbProcess   = regexp.MustCompile(`^\*\* Database info for pid (\d{1,10}) \[(.*)\] \*\*`)
	dbOperation = regexp.MustCompile(`^\d{1,6}: \[([^\]]{10,30})\] (?:\[Pid:\((\d{1,10})\)\])?(\w+) (?:took \S+|started \S+ ago) - (\w+)(?:, sql="(.*?)"(?:, |$))?(?:.*?path=(\S+))?`)
	// dbOther are lines that say nothing of what was done.
	dbOther = regexp.MustCompile(`^(Open|Max connections|Total execution time|Configuration|Secure db|Available .*connections?|Acquired connections|Connection waiters|Connection #\d+|isPrimaryConnection|onlyAllowReadOnlyOperations|Most recently executed operations|Attached db|<none>|Prepared statement cache|Statements|Database files|db.*|\d+: .*(size|statementPtr).*|Applications Database Info|Pooled .*|.*PRAGMA.*)\b?:?`)
)

func (d *dbInfoReading) line(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	if m := dbProcess.FindStringSubmatch(line); m != nil {
		d.pid, d.process, d.pool = m[1], m[2], ""
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "Connection pool for "); ok {
		d.pool = strings.TrimSuffix(rest, ":")
		return nil
	}
	m := dbOperation.FindStringSubmatch(line)
	if m == nil {
		if line != "" && !dbOther.MatchString(line) {
			s.notUnderstood()
		}
		return nil
	}
	path := m[6]
	if path == "" {
		path = d.pool
	}
	rec := s.Start("operation")
	rec.Set("process", artifact.TextOrNull(d.process))
	rec.Observe(artifact.Process, d.process, "process")
	if pid, err := strconv.ParseInt(d.pid, 10, 64); err == nil {
		rec.Set("pid", artifact.IntValue(pid))
	}
	rec.Set("action", artifact.TextOrNull(m[3]))
	rec.Set("outcome", artifact.TextOrNull(m[4]))
	rec.Set("sql", artifact.TextOrNull(m[5]))
	rec.Set("path", artifact.TextOrNull(path))
	rec.Observe(artifact.FilePath, path, "path")
	setApp(rec, packageIn(path))
	for part := range strings.SplitSeq(path, "/") {
		if part != rec.Text("package_name") && isPackage(part) {
			rec.Observe(artifact.AppID, part, "path")
		}
	}
	if err := s.wall(rec, "executed", m[1]); err != nil {
		return err
	}
	process, sql := d.process, m[5]
	summary(rec, "%s: %s", process, sql)
	return s.Give()
}

// packageIn returns the package whose data a path is in, "" for another path.
func packageIn(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if strings.Count(part, ".") > 0 && isPackage(part) && !strings.HasSuffix(part, ".db") {
			return part
		}
	}
	return ""
}
