package testevidence

import (
	"fmt"
	"time"
)

// reportSource is a published address of an app that is no app.
const reportSource = "https://android-apps.tech/ayuda.apk"

// packageEnd writes what stands behind the packages, after DumpHelper.doDump,
// PackageInstallerService.dump and PackageInstallerHistoricalSession.dump of
// Android 14: what changed since the start, and who installed what.
func packageEnd(b *bugReport) {
	b.line("\nPackage Changes:\n  Sequence number=2\n  User 0:\n    seq=0, package=%s\n    seq=1, package=%s\n", reportSpy, reportGone)
	b.line("Package warning messages:\n9/9/25 9:10 AM: Removing orphaned package name=%s\n", reportGone)
	b.line("Active install sessions:\n  ")
	b.line("Finalized install sessions:\n  ")
	b.line("Historical install sessions:")
	at := b.at.Add(-27 * time.Hour)
	b.installed(101, reportSpy, "com.google.android.packageinstaller", "com.android.chrome", reportSource, 4, at)
	b.installed(102, reportGone, "com.google.android.packageinstaller", "com.whatsapp", "null", 3, at.Add(time.Minute))
	b.installed(103, reportDecoy, "com.android.vending", "null", "https://android-apps.tech.example/", 2, at.Add(time.Hour))
	b.line("  \nLegacy install sessions:\n  {}\n")
	const artifact = "android.install_sessions"
	b.plant("installation of an app", artifact, reportSpy, reportSpy)
	b.plant("installation of an app that is gone", artifact, reportGone, reportGone)
	b.plant("address that an app came from", artifact, "android-apps.tech", reportSource)
	b.decoy("installation of another app", artifact)
	b.behave("android_install_from_file", artifact, "medium", reportSpy)
}

// installed writes a session that is over. Its lines are those of
// IndentingPrintWriter, which begins another before 120 columns are full.
func (b *bugReport) installed(id int, app, installer, from, uri string, source int, at time.Time) {
	b.line("  Session %d:", id)
	pairs := [][]string{
		{
			"userId=0", "mOriginalInstallerUid=10110", "mOriginalInstallerPackageName=" + installer, "installerPackageName=" + installer,
			"installInitiatingPackageName=" + installer, "installOriginatingPackageName=" + from, "mInstallerUid=10110",
			fmt.Sprintf("createdMillis=%d", at.UnixMilli()), fmt.Sprintf("updatedMillis=%d", at.Add(time.Second).UnixMilli()),
			fmt.Sprintf("committedMillis=%d", at.Add(2*time.Second).UnixMilli()), fmt.Sprintf("stageDir=/data/app/vmdl%d.tmp", id), "stageCid=null",
		},
		{
			"mode=1", "installFlags=0x400000", "installLocation=1", "installReason=4", "installScenario=0", "sizeBytes=4183212", "appPackageName=" + app,
			"appIcon=false", "appLabel=null", "originatingUri=" + uri, "originatingUid=-1", "referrerUri=null", "abiOverride=null", "volumeUuid=null",
			"mPermissionStates={}", fmt.Sprintf("packageSource=%d", source), "whitelistedRestrictedPermissions=null", "autoRevokePermissions=3",
			"installerPackageName=null", "isMultiPackage=false", "isStaged=false", "forceQueryable=false", "requireUserAction=UNSPECIFIED",
		},
		{
			"mClientProgress=1.0", "mProgress=1.0", "mCommitted=true", "mPreapprovalRequested=false", "mSealed=true", "mPermissionsManuallyAccepted=true",
			"mStageDirInUse=true", "mDestroyed=true", "mFds=0", "mBridges=0", "mFinalStatus=1", "mFinalMessage=Session installed", "mParentSessionId=-1",
			"mChildSessionIds=[]", "mSessionApplied=false", "mSessionFailed=false", "mSessionReady=false", "mSessionErrorCode=0",
		},
	}
	for _, group := range pairs {
		line := "    "
		for _, pair := range group {
			if len(line)+len(pair)+1 >= 120 {
				b.line("%s", line)
				line = "    "
			}
			line += pair + " "
		}
		b.line("%s", line)
	}
	b.line("  ")
}
