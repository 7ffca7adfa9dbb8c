// Package iosbackup opens iTunes and Finder backups of iPhones, iPads and iPods
// (iOS 10 and later, which have a Manifest.db), encrypted or not.
//
// Start with Open. A file of the phone has the logical path
// "domain/relativePath", as in "HomeDomain/Library/SMS/sms.db"; the files of
// the backup itself (Info.plist, Manifest.plist, Status.plist and the
// decrypted Manifest.db) stand beside the domains. The layout is that of
// https://theapplewiki.com/wiki/ITunes_Backup: Manifest.db has a row for each
// file, whose fileID, the SHA-1 of "domain-relativePath", is its name on disk.
//
// Nothing is decrypted but what is read, and nothing in clear is ever written,
// but by Decrypt to the folder it is given.
package iosbackup
