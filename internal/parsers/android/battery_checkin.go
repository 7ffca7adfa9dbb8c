package android

import "strings"

// checkin takes a line of the form for machines: version, user id, "l" (since
// the last charge) or "i" (facts), what it is, values
// (BatteryStats.dumpCheckinLocked).
func (b *batteryReading) checkin(s *section, line string) {
	f := strings.Split(line, ",")
	if len(f) < 5 || len(f) > 200 {
		if len(f) < 3 || f[1] != "h" && f[1] != "hsp" && f[2] != "i" {
			s.notUnderstood()
		}
		return
	}
	if f[2] == "i" && f[3] == "uid" && len(f) > 5 {
		if u := b.user(f[4]); u != nil {
			u.app(f[5], s)
		}
		return
	}
	if f[2] != "l" {
		return
	}
	u := b.user(f[1])
	if u == nil {
		return
	}
	u.checkin(s, f[3], f[4:])
}

func (b *batteryReading) user(uid string) *batteryUser {
	u := b.users[uid]
	if u == nil && isUserID(uid) && len(b.users) < maxBatteryUsers {
		u = &batteryUser{uid: strings.Clone(uid), values: map[string]string{}}
		b.users[u.uid] = u
		b.order = append(b.order, u)
	}
	return u
}

// checkin takes the values of a line of a user id.
func (u *batteryUser) checkin(s *section, kind string, v []string) {
	switch {
	case kind == "apk" && len(v) >= 3:
		a := u.app(v[1], s)
		a.wakeups = v[0]
		a.service(v[2])
	case kind == "pr":
		u.process(strings.Trim(v[0], `"`))
	case kind == "jb":
		u.jobs++
	case kind == "wl":
		u.locks++
	case kind == "fgs":
		u.values["foreground_services"] = v[0] + "ms"
	case kind == "pwi" && v[0] == "uid" && len(v) > 1:
		u.values["power"] = v[1]
	case kind == "nt" && len(v) >= 4:
		for i, name := range []string{"mobile_received", "mobile_sent", "wifi_received", "wifi_sent"} {
			u.values[name] = v[i]
		}
	}
}
