package pipeline

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
)

func TestMayHold(t *testing.T) {
	t.Parallel()
	sms := &artifact.Info{Files: []string{"HomeDomain/Library/SMS/sms.db", "private/var/mobile/Library/SMS/sms.db"}}
	manifest := &artifact.Info{Files: []string{"Manifest.db"}}
	ps := &artifact.Info{Files: []string{"ps.txt"}}
	shutdown := &artifact.Info{Files: []string{"**/shutdown.log"}}
	for _, tt := range []struct {
		kind string
		info *artifact.Info
		want bool
	}{
		{"ios-backup", sms, true},
		{"ios-backup", manifest, true},
		{"ios-backup", ps, false},
		{"ios-backup", shutdown, false},
		{"ios-filesystem", sms, true},
		{"ios-filesystem", shutdown, true},
		{"ios-filesystem", manifest, false},
		{"sysdiagnose", sms, false},
		{"sysdiagnose", ps, true},
		{"sysdiagnose", shutdown, true},
		{"loose", sms, false},
	} {
		if got := mayHold(tt.kind, tt.info); got != tt.want {
			t.Errorf("%s, %v: %v", tt.kind, tt.info.Files, got)
		}
	}
}
