package android

import (
	"strings"
)

// packageGrants reads the permissions in the dump of the package manager.
type packageGrants struct {
	heading string
	of      grantOf
	open    bool // within a list of permissions that the owner is asked for
	depth   int  // blanks before the heading of the list
	uses    lastUses
}

func (p *packageGrants) line(s *section) error {
	text := string(s.Line)
	line := strings.TrimSpace(text)
	indent := s.indent()
	if indent == 0 && line != "" {
		p.heading, p.open, p.of = strings.TrimSuffix(line, ":"), false, grantOf{}
		return nil
	}
	if p.heading != "Packages" && p.heading != "Shared users" {
		return nil
	}
	switch {
	case strings.HasPrefix(line, "Package ["):
		p.of = grantOf{pkg: between(line, "Package [", "]"), uses: &p.uses}
		p.open = false
	case strings.HasPrefix(line, "SharedUser ["):
		p.of = grantOf{shared: between(line, "SharedUser [", "]"), uses: &p.uses}
		p.open = false
	case strings.HasPrefix(line, "userId=") || strings.HasPrefix(line, "appId="):
		_, p.of.appID, _ = strings.Cut(line, "=")
	case strings.HasPrefix(line, "User ") && strings.Contains(line, ":"):
		p.of.user, _, _ = strings.Cut(strings.TrimPrefix(line, "User "), ":")
		p.open = false
	case line == "runtime permissions:" && p.of.uses != nil:
		p.open, p.depth = true, indent
	case p.open && indent > p.depth:
		if name, rest, ok := isGrant(line); ok {
			return p.of.give(s, name, rest, true)
		}
		s.notUnderstood()
	default:
		p.open = false
	}
	return nil
}

// between returns what stands between two texts, "" where they do not.
func between(s, before, after string) string {
	_, s, ok := strings.Cut(s, before)
	s, _, closed := strings.Cut(s, after)
	if !ok || !closed {
		return ""
	}
	return s
}
