package android

// A securityEvent is a kind of event of Android's SecurityLog.
type securityEvent struct {
	tag int64
	doc string
}

// securityEvents are the kinds of events by the name that the export gives
// them: https://docs.mvt.re/en/latest/android/intrusion_log_format/ and, for
// what they mean, https://developer.android.com/reference/android/app/admin/SecurityLog.
// Two names of one number are of different versions of the export.
var securityEvents = map[string]securityEvent{
	"adb_shell_interactive":          {210001, "a shell was opened over the cable"},
	"adb_shell_cmd":                  {210002, "a command was given over the cable"},
	"adb_sync_recv_file":             {210003, "a file was copied from the phone over the cable"},
	"adb_sync_send_file":             {210004, "a file was copied to the phone over the cable"},
	"app_process_start":              {210005, "a process of an app was started"},
	"keyguard_dismissed":             {210006, "the screen was unlocked"},
	"keyguard_dismiss_auth_attempt":  {210007, "somebody tried to unlock the screen"},
	"keyguard_secured":               {210008, "the screen was locked"},
	"os_startup":                     {210009, "the system started"},
	"os_shutdown":                    {210010, "the system was shut down"},
	"logging_started":                {210011, "logging began"},
	"logging_stopped":                {210012, "logging ended"},
	"media_mounted":                  {210013, "a medium was connected"},
	"media_mount":                    {210013, "a medium was connected"},
	"media_unmounted":                {210014, "a medium was removed"},
	"media_unmount":                  {210014, "a medium was removed"},
	"log_buffer_size_critical":       {210015, "the log was nearly full"},
	"password_expiration_set":        {210016, "an administrator set when the password expires"},
	"password_complexity_set":        {210017, "an administrator set how complex the password must be"},
	"password_history_length_set":    {210018, "an administrator set how many old passwords are refused"},
	"max_screen_lock_timeout_set":    {210019, "an administrator set when the screen locks"},
	"max_password_attempts_set":      {210020, "an administrator set after how many wrong passwords the phone is erased"},
	"keyguard_disabled_features_set": {210021, "an administrator switched features of the lock screen off"},
	"remote_lock":                    {210022, "an administrator locked the phone from afar"},
	"wipe_failure":                   {210023, "the phone could not be erased"},
	"key_generated":                  {210024, "a key was made"},
	"key_imported":                   {210025, "a key was imported"},
	"key_import":                     {210025, "a key was imported"},
	"key_destruction":                {210026, "a key was destroyed"},
	"user_restriction_added":         {210027, "an administrator restricted the user"},
	"user_restriction_removed":       {210028, "an administrator lifted a restriction of the user"},
	"cert_authority_installed":       {210029, "a certificate authority was added to the trusted ones"},
	"cert_authority_removed":         {210030, "a certificate authority was removed from the trusted ones"},
	"crypto_self_test_completed":     {210031, "the self-test of the cryptography ended"},
	"key_integrity_violation":        {210032, "a key was not what it should be"},
	"cert_validation_failure":        {210033, "a certificate was not valid"},
	"camera_policy_set":              {210034, "an administrator switched the camera off or on"},
	"password_complexity_required":   {210035, "an administrator set how complex the password must be"},
	"password_changed":               {210036, "the password was changed"},
	"wifi_connection":                {210037, "the phone joined a Wi-Fi network"},
	"wifi_disconnection":             {210038, "the phone left a Wi-Fi network"},
	"bluetooth_connection":           {210039, "a Bluetooth device connected"},
	"bluetooth_disconnection":        {210040, "a Bluetooth device disconnected"},
	"package_installed":              {210041, "an app was installed"},
	"package_updated":                {210042, "an app was updated"},
	"package_uninstalled":            {210043, "an app was removed"},
	"backup_service_toggled":         {210044, "an administrator switched backups off or on"},
	"nfc_enabled":                    {210045, "NFC was switched on"},
	"nfc_disabled":                   {210046, "NFC was switched off"},
}
