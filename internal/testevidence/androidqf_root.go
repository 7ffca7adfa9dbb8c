package testevidence

import "strings"

// androidRoot changes what androidFacts wrote to what a phone says whose
// bootloader is open and whose system was changed.
func androidRoot(p *androidPhone) {
	getprop := string(p.files["getprop.txt"])
	for _, change := range [][2]string{
		{"[ro.boot.flash.locked]: [1]", "[ro.boot.flash.locked]: [0]"},
		{"[ro.boot.verifiedbootstate]: [green]", "[ro.boot.verifiedbootstate]: [orange]"},
		{"[ro.build.tags]: [release-keys]", "[ro.build.tags]: [test-keys]"},
		{"[ro.build.type]: [user]", "[ro.build.type]: [userdebug]"},
		{"[ro.build.version.release]: [14]", "[ro.build.version.release]: [10]"},
		{"[ro.build.version.sdk]: [34]", "[ro.build.version.sdk]: [29]"},
	} {
		getprop = strings.Replace(getprop, change[0], change[1], 1)
	}
	p.put("getprop.txt", getprop)
	p.behave("android_system_open", "android.getprop", "getprop.txt", "medium", "orange")
	p.behave("android_version_ended", "android.getprop", "getprop.txt", "low", "2024-11-01")
	p.put("selinux.txt", "Permissive\n")
	p.behave("android_selinux_off", "android.environment", "selinux.txt", "high", "permissive")
	p.put("env.txt", "PATH=/product/bin:/apex/com.android.runtime/bin:/system/bin\nLD_PRELOAD=/data/local/tmp/wd/hook.so\n")
	p.behave("android_preload", "android.environment", "env.txt", "high", "/data/local/tmp/wd/hook.so")
	p.json("mounts.json", []string{
		"/dev/block/dm-0 on / type ext4 (ro,seclabel,relatime)", "/dev/block/dm-1 on /vendor type ext4 (ro,seclabel,remount,relatime)",
	})
	p.behave("android_mount_odd_options", "android.mounts", "mounts.json", "medium", "/vendor")
}
