package ios

import "github.com/amparo-project/amparo/internal/artifact"

// powerApps are the tables that tell of apps and of what they used.
var powerApps = []powerTable{
	{
		kind: "app_time", doc: "How long an app was on the screen and in the background within an hour.", says: "app used", show: []string{"bundle_id"},
		tables: []string{"PLAppTimeService_Aggregate_AppRunTime"},
		fields: []powerField{
			fieldApp("BundleID"), fieldFloat("timeInterval", "interval", "seconds that the record is for"),
			fieldFloat("ScreenOnTime", "screen_on_time", "seconds on the screen"), fieldFloat("BackgroundTime", "background_time", "seconds in the background"),
			fieldFloat("BackgroundLocationTime", "background_location_time", "seconds in the background with the location"),
			fieldFloat("BackgroundAudioPlayingTime", "background_audio_time", "seconds in the background with sound"),
		},
	},
	{
		kind: "coalition", doc: "What a group of processes used in a span of time.", says: "group of processes ran", show: []string{"launchd_name", "bundle_id"},
		tables: []string{"PLCoalitionAgent_EventInterval_CoalitionInterval"},
		fields: []powerField{
			{column: "LaunchdName", name: "launchd_name", kind: artifact.Text, doc: "name that launchd knows it by", observe: observeApp},
			fieldApp("BundleId"), fieldInt("LaunchdCoalitionId", "coalition_id", "number of the group"),
			fieldFloat("cpu_time", "cpu_time", "seconds of the processor"), fieldFloat("bytesread", "bytes_read", "bytes read from storage"),
			fieldFloat("byteswritten", "bytes_written", "bytes written to storage"), fieldFloat("tasks_started", "tasks_started", "processes that began"),
			fieldFloat("tasks_exited", "tasks_exited", "processes that ended"), fieldFloat("time_nonempty", "time_nonempty", "seconds with a process"),
		},
	},
	{
		kind: "app_state", doc: "An app that came to the front, went to the background, or ended.", says: "app changed state", show: []string{"bundle_id"},
		tables: []string{"PLApplicationAgent_EventForward_Application"},
		fields: []powerField{
			fieldApp("Identifier"), fieldInt("pid", "pid", "number of the process"), fieldInt("State", "state", "state, as a number"),
			fieldInt("Reason", "reason", "why, as a number"),
		},
	},
	{
		kind: "app_exit", doc: "An app that ended, with why.", says: "app ended", show: []string{"bundle_id"},
		tables: []string{"PLApplicationAgent_EventPoint_ApplicationExitReason"},
		fields: []powerField{
			fieldApp("Identifier"), fieldInt("pid", "pid", "number of the process"), fieldInt("Reason", "reason", "who ended it, as a number of the kernel"),
			fieldInt("Subcode", "code", "why, as a number"),
		},
	},
	{
		kind: "app", doc: "An app that is, or was, installed.", says: "app installed", show: []string{"bundle_id", "name", "version"},
		tables: []string{"PLApplicationAgent_EventNone_AllApps", "PLApplicationAgent_EventNone_AppVersions"},
		fields: []powerField{
			fieldApp("AppBundleId"), fieldText("AppName", "name", "name of the app"),
			{column: "AppExecutable", name: "executable", kind: artifact.Text, doc: "file that it runs from", observe: observeProcess},
			fieldText("AppBundleVersion", "version", "version"), fieldText("AppVendorID", "vendor", "who made it"),
			fieldInt("AppIs3rdParty", "third_party", "1 for an app that is not Apple's"), fieldInt("AppIsBeta", "beta", "1 for a test version"),
			fieldInt("AppItemID", "item_id", "number in the App Store"), fieldInt("AppType", "type", "kind of app, as a number"),
			fieldTime("AppDeletedDate", "deleted"), fieldTime("AppUpdatedDate", "updated"),
		},
	},
	{
		kind: "app_removed", doc: "An app that was removed.", says: "app removed", show: []string{"bundle_id", "name"},
		tables: []string{"PLApplicationAgent_EventForward_ApplicationDidUninstall"},
		fields: []powerField{fieldApp("AppBundleId"), fieldText("AppName", "name", "name of the app")},
	},
	{
		kind: "plugin", doc: "A part of an app that other apps or the system run.", says: "plug-in installed", show: []string{"bundle_id", "executable"},
		tables: []string{"PLApplicationAgent_EventNone_AllPlugins"},
		fields: []powerField{
			fieldApp("PluginId"),
			{column: "PluginExecutableName", name: "executable", kind: artifact.Text, doc: "file that it runs from", observe: observeProcess},
			{column: "PluginParentApp", name: "app", kind: artifact.Text, doc: "app that it belongs to", observe: observeApp},
			fieldText("PluginType", "type", "kind of plug-in"), fieldTime("PluginDeletedDate", "deleted"),
		},
	},
	{
		kind: "camera", doc: "A camera that was switched on or off.", says: "camera", show: []string{"bundle_id"},
		tables: []string{"PLCameraAgent_EventForward_Camera", "PLCameraAgent_EventForward_BackCamera", "PLCameraAgent_EventForward_FrontCamera"},
		fields: []powerField{
			fieldApp("BundleId"), fieldInt("CameraType", "camera", "which camera, as a number"), fieldInt("State", "state", "0 for off"),
		},
	},
	{
		kind: "audio", doc: "An app that used sound or the microphone.", says: "sound", show: []string{"app", "bundle_id", "operation", "route"},
		tables: []string{"PLAudioAgent_EventPoint_AudioApp", "PLAudioAgent_EventForward_NowPlaying", "PLAudioAgent_EventInterval_ShazamRecording"},
		fields: []powerField{
			fieldApp("BundleID"),
			{column: "ApplicationName", name: "app", kind: artifact.Text, doc: "app or process", observe: observeApp},
			fieldText("AssertionName", "assertion", "what it used sound for"), fieldText("AudioRoute", "route", "where the sound went"),
			fieldText("Operation", "operation", "started or stopped"), fieldInt("PID", "pid", "number of the process"), fieldInt("State", "state", "state, as a number"),
		},
	},
	{
		kind: "audio_route", doc: "Where sound went to, and who used it.", says: "sound goes to", show: []string{"route", "category"},
		tables: []string{"PLAudioAgent_EventForward_Routing"},
		fields: []powerField{
			fieldText("ActiveRoute", "route", "where the sound goes"), fieldText("OutputCategory", "category", "kind of output"),
			fieldInt("ActivePID", "pid", "number of the process"), fieldInt("Active", "active", "1 for in use"),
		},
	},
	{
		kind: "location", doc: "A client of the location services.", says: "location used by", show: []string{"bundle_id", "client", "executable"},
		tables: []string{"PLLocationAgent_EventForward_ClientStatus"},
		fields: []powerField{
			fieldApp("BundleId"),
			{column: "Client", name: "client", kind: artifact.Text, doc: "client", observe: observeProcess},
			{column: "Executable", name: "executable", kind: artifact.Text, doc: "file that it runs from", observe: observeProcess},
			fieldText("Type", "type", "what it asked for"), fieldInt("InUseLevel", "in_use_level", "how it uses it, as a number"),
		},
	},
	{
		kind: "call", doc: "A call by an app.", says: "call", show: []string{"bundle_id", "status"},
		tables: []string{"PLXPCAgent_EventForward_InCallService"},
		fields: []powerField{
			fieldApp("bundleID"), fieldText("providerIdentifier", "provider", "who carries the call"), fieldText("status", "status", "began or ended"),
			fieldInt("video", "video", "1 for a call with video"),
		},
	},
	{
		kind: "web_app", doc: "A page that was opened as an app.", says: "web app", show: []string{"title", "url"},
		tables: []string{"PLXPCAgent_EventForward_WebApp"},
		fields: []powerField{
			{column: "url", name: "url", kind: artifact.Text, doc: "its address", observe: observeURL},
			fieldText("title", "title", "its title"), fieldText("identifier", "identifier", "its identifier"),
		},
	},
	{
		kind: "wifi", doc: "State of Wi-Fi.", says: "Wi-Fi", show: []string{"ssid"},
		tables: []string{"PLWifiAgent_EventBackward_CumulativeProperties"},
		fields: []powerField{
			fieldText("CurrentSSID", "ssid", "name of the network"), fieldInt("CurrentChannel", "channel", "channel"), fieldInt("WifiPowered", "powered", "1 for on"),
		},
	},
	{
		kind: "mobile_network", doc: "State of the mobile network.", says: "mobile network", show: []string{"technology", "call_status"},
		tables: []string{"PLBBAgent_EventPoint_TelephonyActivity"},
		fields: []powerField{
			fieldText("airplaneMode", "airplane_mode", "on or off"), fieldText("callStatus", "call_status", "state of calls"),
			fieldText("campedRat", "technology", "technology of the network"), fieldText("dataStatus", "data_status", "state of data"),
		},
	},
	{
		kind: "lock", doc: "The screen was locked or unlocked.", says: "screen lock",
		tables: []string{"PLSpringBoardAgent_EventForward_SBLock"},
		fields: []powerField{fieldInt("Locked", "locked", "1 for locked")},
	},
	{
		kind: "device", doc: "The phone: its software and when it started.", says: "phone", show: []string{"model", "build"},
		tables: []string{"PLConfigAgent_EventNone_Config"},
		fields: []powerField{
			fieldText("Build", "build", "build of iOS"), fieldText("LastBuild", "last_build", "build before that"), fieldText("Device", "model", "model"),
			fieldText("BootArgs", "boot_args", "arguments of the kernel"), fieldText("DeviceBootReasons", "boot_reasons", "why it started"),
			fieldTime("DeviceBootTime", "boot"), fieldTime("LastUpgradeTimestamp", "upgraded"), fieldTime("LastBackupTimestamp", "backed_up"),
		},
	},
}
