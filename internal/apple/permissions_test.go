package apple

import (
	"regexp"
	"testing"
)

func TestPermission(t *testing.T) {
	t.Parallel()
	if en, es := Permission("kTCCServiceMicrophone"); en != "microphone" || es != "micrófono" {
		t.Errorf("%q, %q", en, es)
	}
	if en, es := Permission("kTCCServiceOfTomorrow"); en != "" || es != "" {
		t.Errorf("%q, %q", en, es)
	}
	form := regexp.MustCompile(`^kTCCService[A-Z][A-Za-z]+$`)
	for service, p := range permissions() {
		if !form.MatchString(service) || p.en == "" || p.es == "" {
			t.Errorf("%s: %+v", service, p)
		}
	}
	if len(permissions()) != len(dataLines(permissionsCSV)) {
		t.Error("a line is not read, or twice there")
	}
}
