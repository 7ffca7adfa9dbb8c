package artifact

import "testing"

func TestMatchAnywhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"HomeDomain/Library/SMS/sms.db", "HomeDomain/Library/SMS/sms.db", true},
		{"*/Library/SMS/sms.db", "HomeDomain/Library/SMS/sms.db", true},
		{"*/SMS/sms.db", "HomeDomain/Library/SMS/sms.db", false},
		{"**/shutdown.log", "shutdown.log", true},
		{"**/shutdown.log", "a/b/shutdown.log", true},
		{"**/shutdown.log", "a/b/oldshutdown.log", false},
		{"**/Extra/shutdown*.log", "x.logarchive/Extra/shutdown.1.log", true},
		{"**/Extra/shutdown*.log", "x.logarchive/shutdown.1.log", false},
		{"**/Extra/shutdown*.log", "shutdown.1.log", false},
		{"**/[", "[", false},
		{"**/*.ips", "", false},
	} {
		if got := Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}
