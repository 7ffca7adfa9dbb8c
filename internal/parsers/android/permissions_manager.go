package android

import "strings"

// managerGrants reads the dump of the permission manager: of Android 15 and
// later by app ids, of Android 11 and 12 by packages, as the text of a message
// of Protocol Buffers.
type managerGrants struct {
	of      grantOf
	held    []heldGrant
	list    bool // within "Permissions:"
	uses    lastUses
	message messageGroups
}

// A heldGrant waits for the names of the packages, which stand behind it.
type heldGrant struct {
	name, rest, device string
	offset, length     int64
	cut                bool
}

// maxHeldGrants bounds what is held of one app; real ones have up to some hundred.
const maxHeldGrants = 20_000

func (p *managerGrants) line(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
		return nil
	case strings.HasSuffix(line, " {") || len(p.message.blocks) > 0:
		return p.message.line(s, line)
	case strings.HasPrefix(line, "App ID: "):
		err := p.flush(s)
		p.of = grantOf{appID: strings.TrimPrefix(line, "App ID: "), uses: &p.uses}
		return err
	case p.of.appID == "": // what permissions there are
		return nil
	case strings.HasPrefix(line, "User: "):
		err := p.flush(s)
		p.of.user, p.of.packages = strings.TrimPrefix(line, "User: "), nil
		return err
	case line == "Permissions:":
		p.list, p.of.device = true, ""
	case strings.HasPrefix(line, "Permissions (Device "):
		p.list, p.of.device = true, between(line, "(Device ", ")")
	case strings.HasPrefix(line, "Package: "):
		p.list = false
		if len(p.of.packages) < maxListed {
			p.of.packages = append(p.of.packages, strings.TrimPrefix(line, "Package: "))
		}
	case line == "App ops:":
		p.list = false
	case p.list:
		p.hold(s, line)
	}
	return nil
}

func (p *managerGrants) hold(s *section, line string) {
	name, rest, ok := isGrant(line)
	if !ok || len(p.held) >= maxHeldGrants {
		s.notUnderstood()
		return
	}
	p.held = append(p.held, heldGrant{name, rest, p.of.device, s.Offset, s.Length, s.WasCut()})
}

func (p *managerGrants) last(s *section) error { return p.flush(s) }

// flush gives what is held, now that the packages are known.
func (p *managerGrants) flush(s *section) error {
	p.of.pkg = ""
	if len(p.of.packages) > 0 {
		p.of.pkg = p.of.packages[0]
	}
	all := p.of.packages
	if len(all) == 1 {
		p.of.packages = nil // told by package_name
	}
	var err error
	for i := range p.held {
		h := &p.held[i]
		p.of.held, p.of.device = h, h.device
		if err = p.of.give(s, h.name, h.rest, false); err != nil {
			break
		}
	}
	p.of.held = nil
	p.held, p.of.packages, p.of.device = p.held[:0], all, ""
	return err
}
