package android

import (
	"bytes"
	"context"
	"iter"
	"regexp"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// installSessions reads what was installed, by whom and from where, as the
// package manager remembers it: also of apps that are gone.
type installSessions struct{}

var installSessionsInfo = artifact.Info{
	Name:    "android.install_sessions",
	Version: 1,
	Summary: "Installations under way and past: who asked for them, from which address or app, when, and how they ended; and packages that changed since the start.",
	Files:   []string{"**/dumpsys/package"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "session", Doc: "An installation (a block \"Session N:\").",
			Fields: []artifact.FieldInfo{
				textField("list", "active, finalized, orphaned or historical"), intField("session", "its number"), boolField("child", "it is a part of another"),
				intField("user", "user that it was for"), textField("package_name", "package that was installed, where the session names it"),
				textField("app_label", "name that the installer gave"),
				textField("installer", "package that counts as its installer"), textField("initiating_package", "package that asked for it"),
				textField("originating_package", "package that the file came from"), textField("original_installer", "package that opened the session"),
				intField("installer_uid", "user id of the installer"), intField("originating_uid", "user id of the app that it came from"),
				textField("originating_uri", "address that the file came from, as the installer told it"),
				textField("referrer_uri", "page or app that led there, as the installer told it"),
				textField("reason", "unknown, policy, device_restore, device_setup, user or rollback"),
				textField("source", "unspecified, other, store, local_file or downloaded_file, since Android 13"),
				boolField("from_adb", "it came over a cable or by the command pm"), boolField("allows_test", "an app made for tests is allowed"),
				boolField("downgrade", "an older version was asked for"), boolField("grants_all", "all permissions were to be given without asking"),
				textField("install_flags", "all flags, in hexadecimal"), boolField("staged", "it waits for a restart"), boolField("multi_package", "it is several at once"),
				boolField("committed", "the installer has handed it over"), boolField("destroyed", "it is over"),
				intField("final_status", "1 installed, 0 not ended, negative: why it failed (PackageManager.INSTALL_FAILED…)"),
				textField("final_message", "why, in words"), intField("size_bytes", "size that the installer told"),
				textField("stage_dir", "folder in which the files were put"), intField("parent_session", "session that it is part of"),
			},
			Times: []string{"created", "updated", "committed"},
		},
		{
			Kind: "package_change", Doc: "A package that was installed, updated or removed since the phone started (below \"Package Changes\").",
			Fields: []artifact.FieldInfo{
				textField("package_name", "package"), intField("user", "user that it changed for"), intField("sequence", "number of the change, in order"),
			},
		},
		{
			Kind: "warning", Doc: "What the package manager noted as odd (below \"Package warning messages\").",
			Fields: []artifact.FieldInfo{textField("text", "the line, with a time in the phone's language"), textField("package_name", "package that it names first")},
		},
	},
	Caveats: []string{
		"A phone remembers some hundred sessions at most, and forgets most when it starts.",
		"Labels and addresses are what the installer said of itself. One with the name of another value in it may be taken apart wrongly.",
		"Package changes are kept in memory: the list begins with the last start.",
	},
	Refs: []string{
		"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/pm/PackageInstallerSession.java",
		"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/pm/PackageInstallerHistoricalSession.java",
		"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/content/pm/PackageInstaller.java (SessionParams.dump)",
		"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/pm/DumpHelper.java",
	},
}

// Info implements artifact.Parser.
func (installSessions) Info() artifact.Info { return installSessionsInfo }

// Parse implements artifact.Parser.
func (installSessions) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var p installReading
	return readSection(ctx, in, p.line, p.last)
}

type installReading struct {
	heading string // of the part of the dump
	user    string // of the package changes
	open    bool
	session installBlock
}

// An installBlock is a session that is being read: all of its values as one
// text, since the dump breaks lines at 120 columns, also within a value.
type installBlock struct {
	list, number string
	child, cut   bool
	offset, end  int64
	text         []byte
}

// maxInstallBlock bounds the text of one session; real ones have some two thousand bytes.
const maxInstallBlock = 64 * limit.KiB

// sessionStart is the first line of a session. Since Android 12 its list
// stands before it, and that it is a child.
var sessionStart = regexp.MustCompile(`^(?:[A-Z][a-z]+ )?(Child )?Session (-?\d{1,10}):$`)

func (p *installReading) line(s *section) error {
	line := bytes.TrimSpace(s.Line)
	if p.heading == "Package warning messages" && len(line) > 0 && line[len(line)-1] != ':' {
		return p.warning(s, string(line))
	}
	if s.indent() == 0 && len(line) > 0 {
		err := p.flush(s)
		p.heading, p.user = string(bytes.TrimSuffix(line, []byte{':'})), ""
		return err
	}
	list, ok := strings.CutSuffix(p.heading, " install sessions")
	switch {
	case ok && list != "Legacy":
		return p.inSessions(s, strings.ToLower(list), line)
	case p.heading == "Package Changes":
		return p.change(s, string(line))
	}
	return nil
}

func (p *installReading) last(s *section) error { return p.flush(s) }

// inSessions takes a line of a list of sessions.
func (p *installReading) inSessions(s *section, list string, line []byte) error {
	if m := sessionStart.FindSubmatch(line); m != nil {
		if err := p.flush(s); err != nil {
			return err
		}
		p.open = true
		p.session = installBlock{
			list: list, number: string(m[2]), child: len(m[1]) > 0, offset: s.Offset, end: s.Offset + s.Length, cut: s.WasCut(), text: p.session.text[:0],
		}
		return nil
	}
	if len(line) == 0 {
		return nil
	}
	b := &p.session
	if !p.open || len(b.text)+len(s.Line) > maxInstallBlock {
		if p.open {
			b.cut = true
		}
		s.notUnderstood()
		return nil
	}
	b.end, b.cut = s.Offset+s.Length, b.cut || s.WasCut()
	part := bytes.TrimLeft(bytes.TrimRight(s.Line, "\r"), " \t")
	if len(b.text) > 0 && b.text[len(b.text)-1] != ' ' && installValue.Match(part) {
		b.text = append(b.text, ' ') // blanks at the ends of lines were lost on the way
	}
	b.text = append(b.text, part...)
	return nil
}

// installValue is the beginning of NAME=VALUE.
var installValue = regexp.MustCompile(`^[A-Za-z][A-Za-z.]{1,60}=`)

// installNames are the names that a value may follow, each after a blank.
var installNames = regexp.MustCompile(`(?:^| )([A-Za-z][A-Za-z.]{1,60})=`)

// values takes the text apart: a value ends where the next name begins. The
// first value of a name counts.
func (b *installBlock) values() map[string]string {
	m := map[string]string{}
	text := string(b.text)
	at := installNames.FindAllStringSubmatchIndex(text, -1)
	for i, loc := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		name, value := text[loc[2]:loc[3]], strings.TrimSpace(text[loc[1]:end])
		if _, had := m[name]; !had && value != "" && value != "null" {
			m[name] = value
		}
	}
	return m
}

// change takes a line below "Package Changes".
func (p *installReading) change(s *section, line string) error {
	switch rest, ok := strings.CutPrefix(line, "seq="); {
	case ok:
		number, name, _ := strings.Cut(rest, ", package=")
		if !isPackage(name) {
			s.notUnderstood()
			return nil
		}
		rec := s.Start("package_change")
		setApp(rec, name)
		setNumber(rec, "user", p.user)
		setNumber(rec, "sequence", number)
		return s.Give()
	case strings.HasPrefix(line, "User ") && strings.HasSuffix(line, ":"):
		p.user = strings.TrimSuffix(strings.TrimPrefix(line, "User "), ":")
	case line == "", strings.HasPrefix(line, "Sequence number="), line == "No packages changed":
	default:
		s.notUnderstood()
	}
	return nil
}

// warning takes a line below "Package warning messages", which stand at the
// beginning of the line like headings.
func (p *installReading) warning(s *section, line string) error {
	rec := s.Start("warning")
	rec.Set("text", artifact.TextValue(line))
	for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(" =,;:()[]'\"", r) }) {
		if isPackageName(word) {
			setApp(rec, word)
			break
		}
	}
	return s.Give()
}
