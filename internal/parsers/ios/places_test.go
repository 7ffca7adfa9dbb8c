package ios

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnPhone(t *testing.T) {
	t.Parallel()
	got := onPhone(
		"HomeDomain/Library/SMS/sms.db", "AppDomain-com.google.chrome.ios/Library/x", "*/Library/Safari/History.db",
		"AppDomainGroup-group.net.whatsapp.WhatsApp.shared/ChatStorage.sqlite", "NoDomain/x", "Info.plist",
	)
	want := []string{
		"HomeDomain/Library/SMS/sms.db", "private/var/mobile/Library/SMS/sms.db",
		"AppDomain-com.google.chrome.ios/Library/x", "private/var/mobile/Containers/Data/Application/*/Library/x",
		"*/Library/Safari/History.db", "private/var/mobile/Containers/Data/Application/*/Library/Safari/History.db",
		"AppDomainGroup-group.net.whatsapp.WhatsApp.shared/ChatStorage.sqlite",
		"private/var/mobile/Containers/Shared/AppGroup/*/ChatStorage.sqlite",
		"NoDomain/x", "Info.plist",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
