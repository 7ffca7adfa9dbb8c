package android

import "bytes"

// A usbSection is where the reading of "dumpsys usb" is. Up to Android 9 the
// state of debugging stands in it: as text up to Android 8, in Android 9 as a
// group like that of later versions' "dumpsys adb".
type usbSection struct {
	depth int    // of braces within the group debugging_manager
	list  string // of the keys whose lines follow, "" outside
	old   bool   // after "USB Debugging State:"
}

// usbLine takes what only Android 6 to 8 print, and reports whether the line is
// of the group of Android 9. All else of the section is of other things.
func (a *adbReading) usbLine(s *section, line []byte) (bool, error) {
	u := &a.usb
	switch opens := bytes.HasSuffix(line, []byte("={")); {
	case u.depth > 0 || string(line) == "debugging_manager={":
		if opens {
			u.depth++
		}
		if string(line) == "}" {
			u.depth--
		}
		return true, nil
	case string(line) == "USB Debugging State:":
		u.old = true
	case !u.old:
	case string(line) == "User keys:":
		u.list = "user_keys"
	case string(line) == "System keys:":
		u.list = "system_keys"
	case u.list != "" && bytes.HasPrefix(line, []byte("QAAAA")):
		return false, a.key(s, string(line), u.list, "")
	default:
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case u.list == "" && string(name) == "Connected to adbd":
			return false, a.state(s, "connected_to_adb", string(value))
		case u.list == "" && string(name) == "Last key received":
			return false, a.state(s, "last_key_received", string(value))
		case len(line) > 0 && string(name) != "IOException":
			*u = usbSection{}
		}
	}
	return false, nil
}
