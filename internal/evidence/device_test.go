package evidence

import (
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ build, version, want, name string }{
		{"21F79", "", "17.5", "iPhone 13"},
		{"21F79", "17.5 (a)", "17.5 (a)", "iPhone 13"}, // what the evidence says itself stays
		{"24A5355q", "", "", "iPhone 13"},              // a test version
		{"", "", "", "iPhone 13"},
	} {
		d := finding.Device{Model: "iPhone14,5", Build: tt.build, Version: tt.version}
		Describe(&d)
		if d.Version != tt.want || d.ModelName != tt.name || (d.Outdated != nil) != (tt.want != "") {
			t.Errorf("%+v: %+v", tt, d)
		}
	}
}
