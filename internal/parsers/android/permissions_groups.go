package android

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// messageGroups reads the dump of the permission manager of Android 11 and 12:
// the text form of a message of Protocol Buffers (PermissionControllerDumpProto),
// in which the name of a package stands behind its groups.
type messageGroups struct {
	blocks []string // names of the open blocks
	values map[string]string
	groups []heldGroup
	open   bool // within a package
}

type heldGroup struct {
	values         map[string]string
	offset, length int64
}

// maxBlocks bounds how deep blocks lie in each other; real ones lie four deep.
const maxBlocks = 64

// line takes "NAME {", "NAME: VALUE" or "}".
func (m *messageGroups) line(s *section, line string) error {
	if name, ok := strings.CutSuffix(line, " {"); ok {
		m.begin(s, name)
		return nil
	}
	block := m.blocks[len(m.blocks)-1]
	if line == "}" {
		m.blocks = m.blocks[:len(m.blocks)-1]
		return m.end(s, block)
	}
	name, value, _ := strings.Cut(line, ": ")
	value = strings.Trim(value, `"`)
	switch {
	case block == "groups" && len(m.groups) > 0:
		m.groups[len(m.groups)-1].values[name] = value
	case block == "packages" && m.open:
		m.values[name] = value
	}
	return nil
}

func (m *messageGroups) begin(s *section, name string) {
	if len(m.blocks) >= maxBlocks {
		s.notUnderstood()
		return
	}
	m.blocks = append(m.blocks, name)
	switch {
	case name == "packages":
		m.values, m.groups, m.open = map[string]string{}, nil, true
	case name == "groups" && m.open && len(m.groups) < maxListed:
		m.groups = append(m.groups, heldGroup{values: map[string]string{}, offset: s.Offset})
	}
}

func (m *messageGroups) end(s *section, block string) error {
	switch {
	case block == "groups" && len(m.groups) > 0:
		last := &m.groups[len(m.groups)-1]
		last.length = s.Offset + s.Length - last.offset
	case block == "packages" && m.open:
		m.open = false
		return m.give(s)
	}
	return nil
}

// give gives the groups of a package.
func (m *messageGroups) give(s *section) error {
	pkg := m.values["package_name"]
	for _, g := range m.groups {
		rec := s.Start("group")
		rec.Loc.Offset, rec.Loc.Length = g.offset, g.length
		setApp(rec, pkg)
		setNumber(rec, "uid", m.values["uid"])
		rec.Set("group", artifact.TextOrNull(g.values["group_name"]))
		for _, f := range [][2]string{
			{"granted", "is_any_granted_including_appop"},
			{"auto_revoked", "is_auto_revoked"},
			{"fixed", "is_fixed"},
			{"by_default", "is_granted_by_default"},
			{"by_role", "is_granted_by_role"},
		} {
			setBool(rec, f[0], g.values[f[1]])
		}
		whenMillis(rec, "first_install", m.values["first_install_time"])
		whenMillis(rec, "last_visible", m.values["last_time_visible"])
		name := g.values["group_name"]
		summary(rec, "%s: %s", pkg, name)
		if err := s.Give(); err != nil {
			return err
		}
	}
	return nil
}
