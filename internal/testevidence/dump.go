package testevidence

import (
	"crypto/sha1" // the folder of an app gets a name by it
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// dumpRoots are the folders of the phone that domains of a backup stand for
// (https://www.theiphonewiki.com/wiki/ITunes_Backup).
var dumpRoots = map[string]string{
	"HomeDomain": "private/var/mobile", "CameraRollDomain": "private/var/mobile", "MediaDomain": "private/var/mobile",
	"RootDomain": "private/var/root", "WirelessDomain": "private/var/wireless", "DatabaseDomain": "private/var/db",
	"SystemPreferencesDomain": "private/var/preferences", "KeychainDomain": "private/var/Keychains",
}

// containers are the domains whose folder has a random name.
var containers = []struct{ prefix, root string }{
	{"AppDomainGroup-", "private/var/mobile/Containers/Shared/AppGroup/"},
	{"AppDomainPlugin-", "private/var/mobile/Containers/Data/PluginKitPlugin/"},
	{"AppDomain-", "private/var/mobile/Containers/Data/Application/"},
	{"SysSharedContainerDomain-", "private/var/containers/Shared/SystemGroup/"},
}

// dumpPath returns where a file of a backup lies in a dump of the same phone's
// file system, "" for a domain that is not known here.
func dumpPath(domain, relative string) string {
	if root, ok := dumpRoots[domain]; ok {
		return root + "/" + relative
	}
	for _, c := range containers {
		if name, ok := strings.CutPrefix(domain, c.prefix); ok {
			h := sha1.Sum([]byte(name))
			return fmt.Sprintf("%s%X-%X-%X-%X-%X/%s", c.root, h[:4], h[4:6], h[6:8], h[8:10], h[10:16], relative)
		}
	}
	return ""
}

// systemVersionList is what iOS keeps of itself on the system volume.
const systemVersionList = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>ProductBuildVersion</key><string>22G100</string>
<key>ProductName</key><string>iPhone OS</string>
<key>ProductVersion</key><string>18.6.2</string>
</dict></plist>
`

// WriteDump writes into the new folder dir, as an extraction tool does, the
// file system of the phone whose plain synthetic backup lies in backup.
func WriteDump(dir, backup string) error {
	if err := emptyFolder(dir); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(backup, "Manifest.db"))+"?mode=ro")
	if err != nil {
		return err
	}
	err = errors.Join(copyFiles(dir, backup, db), db.Close())
	if err != nil {
		return fmt.Errorf("write a synthetic dump: %w", err)
	}
	return writeNew(filepath.Join(dir, "System/Library/CoreServices/SystemVersion.plist"), strings.NewReader(systemVersionList))
}

func copyFiles(dir, backup string, db *sql.DB) error {
	rows, err := db.Query("SELECT fileID, domain, relativePath FROM Files WHERE flags = 1")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, domain, relative string
		if err := rows.Scan(&id, &domain, &relative); err != nil {
			return err
		}
		to := dumpPath(domain, relative)
		if to == "" || !filepath.IsLocal(to) {
			continue
		}
		if err := copyInto(filepath.Join(dir, filepath.FromSlash(to)), filepath.Join(backup, id[:2], id)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// copyInto copies a file; one that the backup lacks is left out.
func copyInto(to, from string) error {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return writeNew(to, f)
}

func writeNew(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// WriteSparse adds n files of size bytes that take no room on the disk to a
// dump: what a phone of 256 GB holds beside what parsers read.
func WriteSparse(dir string, n int, size int64) error {
	const perFolder = 1000
	for i := range n {
		folder := filepath.Join(dir, "private/var/mobile/Media/DCIM", fmt.Sprintf("%03dAPPLE", 100+i/perFolder))
		if i%perFolder == 0 {
			if err := os.MkdirAll(folder, 0o750); err != nil {
				return err
			}
		}
		name := filepath.Join(folder, fmt.Sprintf("IMG_%07d.HEIC", i))
		f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
