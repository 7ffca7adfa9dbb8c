package android

import (
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// installSamples are the lists of sessions as the versions of Android print
// them: PackageInstallerService.dump and PackageInstallerSession.dump of
// Android 6, 9, 12 and 15, broken at 120 columns as IndentingPrintWriter does.
func installSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("android6", "dumpsys/package", `Active install sessions:
  Session 1077:
    userId=0 installerPackageName=com.android.vending installerUid=10019 createdMillis=1454400000000 
    stageDir=/data/app/vmdl1077.tmp stageCid=null 
    mode=1 installFlags=0x12 installLocation=0 sizeBytes=4096 appPackageName=com.example.app appIcon=true appLabel=App 
    originatingUri=null originatingUid=-1 referrerUri=null abiOverride=null 
    mClientProgress=0.5 mProgress=0.4 mSealed=true mPermissionsAccepted=false mRelinquished=false mDestroyed=false 
    mBridges=1 mFinalStatus=0 mFinalMessage=null 
  
  
Historical install sessions:
  
Legacy install sessions:
  {}
`),
		fileSample("android12", "dumpsys/package", `Package Changes:
  Sequence number=2
  User 0:
    seq=0, package=com.example.app
    seq=1, package=com.example.gone
  User 10:
    No packages changed
    odd

Package warning messages:
9/2/25 10:00 PM: Removing orphaned package name=com.example.gone setting
9/2/25 10:00 PM: Read completed

Active install sessions:
  Active Session 8:
    userId=0 mOriginalInstallerUid=10110 mOriginalInstallerPackageName=com.google.android.packageinstaller 
    installerPackageName=com.google.android.packageinstaller installInitiatingPackageName=com.google.android.packageinstaller 
    installOriginatingPackageName=com.android.chrome mInstallerUid=10110 createdMillis=1757440800000 updatedMillis=1757440801000 
    committedMillis=1757440802000 stageDir=/data/app/vmdl8.tmp stageCid=null 
    mode=1 installFlags=0x400124 installLocation=1 installReason=4 installScenario=0 sizeBytes=-1 appPackageName=com.example.spy 
    appIcon=false appLabel=Ayuda del sistema originatingUri=https://dl.example.org/files/0123456789012345678901234567890123456
    789012345678901234567890123456789/app.apk originatingUid=10110 
    referrerUri=android-app://com.android.chrome abiOverride=null volumeUuid=null packageSource=4 
    whitelistedRestrictedPermissions=null autoRevokePermissions=3 installerPackageName=null isMultiPackage=false isStaged=false 
    mClientProgress=1.0 mProgress=0.8 mCommitted=true mSealed=true mDestroyed=true mFds=0 mBridges=0 mFinalStatus=-115 
    mFinalMessage=INSTALL_FAILED_ABORTED: User rejected permissions params.isMultiPackage=false params.isStaged=false 
    mParentSessionId=-1 mChildSessionIds=[] 
  
  
Finalized install sessions:
  Finalized Session 20:
    userId=0 params.isMultiPackage=true params.isStaged=true mSessionApplied=true 
  
    Finalized Child Session 21:
      userId=0 appPackageName=com.example.part mParentSessionId=20 mFinalStatus=1 
  
Historical install sessions:
  Session 5:
      userId=10 mOriginalInstallerUid=2000 mInstallerPackageName=null mInstallerUid=2000 createdMillis=0 
      mode=1 installFlags=0x22 appPackageName=com.example.cable installReason=9 mFinalStatus=1 
Legacy install sessions:
  {}
`),
		fileSample("stripped", "dumpsys/package", "Active install sessions:\r\n  Session 3:\r\n    userId=0\r\n    installerPackageName=com.android.vending\r\n"+
			"    originatingUri=file:///sdcard/Download/a.apk\r\n    referrerUri=content://com.whatsapp.provider.media/item/1\r\n"),
		fileSample("cut", "dumpsys/package", "Active install sessions:\n  what\n  Session 9:\n    userId=0 inst"),
	}
}

// TestInstallSessionIsBounded: a session of any length is told as cut.
func TestInstallSessionIsBounded(t *testing.T) {
	t.Parallel()
	s := fileSample("long", "dumpsys/package", "Active install sessions:\n  Session 9:\n"+strings.Repeat("    appLabel="+strings.Repeat("x", 1000)+" \n", 100)+"  Session 10:\n    userId=0 \n")
	recs, errs := artifacttest.Parse(t, installSessions{}, s)
	if len(recs) != 2 || len(errs) != 0 || !recs[0].Truncated || recs[1].Truncated {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
}
