package testevidence

import "time"

// permissionsHead writes what the permission manager holds, after dump in
// PermissionService.kt of Android 15.
func permissionsHead(b *bugReport) {
	b.line("Permissions:\n  android.permission.CAMERA: type=MANIFEST, packageName=android, appId=1000, gids=[], protectionLevel=[dangerous|instant], flags=0x40000000\nPermission groups:\n  android.permission-group.CAMERA: packageName=android\nPermission trees:")
	b.permissions(reportSpyUID, reportSpy, true)
	b.permissions(10302, reportDecoy, false)
	b.permissions(reportGoneUID, reportGone, true) // kept until the next start
	const artifact = "android.permissions"
	b.plant("permissions by the manager", artifact, reportSpy, reportSpy)
	b.plant("permissions of an app that is gone", artifact, reportGone, reportGone)
	b.decoy("permissions of another app", artifact)
}

func permissionsBlock(b *bugReport) {
	a := b.app()
	b.permissions(a.uid, a.name, b.r.one(2))
}

func (b *bugReport) permissions(appID int, app string, granted bool) {
	b.line("App ID: %d\n  User: 0\n    Permissions:\n      android.permission.INTERNET: granted=true, flags=[INSTALL_GRANTED]", appID)
	flags := "USER_SET|USER_FIXED"
	if granted {
		flags = "RUNTIME_GRANTED|USER_SET"
	}
	for _, name := range []string{"CAMERA", "RECORD_AUDIO", "ACCESS_FINE_LOCATION", "READ_SMS"} {
		b.line("      android.permission.%s: granted=%v, flags=[%s]", name, granted, flags)
	}
	b.line("    App ops:\n      android:read_media_images: mode=ignored\n    Package: %s\n      version=15\n      App ops:", app)
}

// appOpsEnd writes the uses of the last hour, as AppOpHistoryHelper.dump of
// Android 16 does.
func appOpsEnd(b *bugReport) {
	b.line("----Location, Microphone, and Camera App Ops (Last 1 Hour)----\n\nUID|PACKAGE_NAME|DEVICE_ID|OP_NAME|ATTRIBUTION_TAG|ACCESS_TIME|ACCESS_COUNTS|REJECT_COUNTS|DURATION|UID_STATE|OP_FLAGS|ATTRIBUTION_CHAIN_ID|ATTRIBUTION_FLAGS")
	for i, app := range []reportApp{{reportSpy, reportSpyUID, false}, {reportDecoy, 10302, false}} {
		b.line("%d|%s|default:0|RECORD_AUDIO|null|%s|2|0|60000|bg|s|-1|0", app.uid, app.name, b.at.Add(-time.Duration(i+1)*time.Minute).Format("2006-01-02 15:04:05.000"))
	}
	b.line("")
	b.plant("use within the last hour", "android.appops", reportSpy, reportSpy)
}
