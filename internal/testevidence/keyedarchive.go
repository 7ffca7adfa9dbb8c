package testevidence

// keyedArchive wraps the objects of an archive as NSKeyedArchiver does; the
// first object is what it calls the root.
func (w *plistWriter) keyedArchive(objects ...any) []byte {
	return w.encode(dict{
		{"$version", 100000},
		{"$archiver", "NSKeyedArchiver"},
		{"$top", dict{{"root", uid(1)}}},
		{"$objects", append([]any{"$null"}, objects...)},
	})
}

// class describes a class of an archive.
func class(names ...any) dict {
	return dict{{"$classname", names[0]}, {"$classes", names}}
}

// linkPreview returns the payload_data of a message with the balloon
// com.apple.messages.URLBalloonProvider: a RichLink with its LPLinkMetadata,
// as LinkPresentation.framework archives it. original is the address as it
// was sent, final the one after redirects.
// Layout: https://github.com/ReagentX/imessage-exporter (message_types/url.rs).
func linkPreview(original, final, title, summary, site string) []byte {
	var w plistWriter
	return w.keyedArchive(
		dict{{"richLinkMetadata", uid(2)}, {"richLinkIsPlaceholder", false}, {"$class", uid(12)}},
		dict{
			{"version", 1},
			{"URL", uid(3)},
			{"originalURL", uid(5)},
			{"title", uid(7)},
			{"summary", uid(8)},
			{"siteName", uid(9)},
			{"itemType", uid(10)},
			{"usesActivityPub", false},
			{"$class", uid(11)},
		},
		dict{{"NS.base", uid(0)}, {"NS.relative", uid(4)}, {"$class", uid(6)}},
		final,
		dict{{"NS.base", uid(0)}, {"NS.relative", uid(13)}, {"$class", uid(6)}},
		class("NSURL", "NSObject"),
		title, summary, site, "website",
		class("LPLinkMetadata", "NSObject"),
		class("RichLink", "NSObject"),
		original,
	)
}

// An mbFile is the entry of a file in Manifest.db, column Files.file.
type mbFile struct {
	path                     string
	mode                     int
	user, group              int
	size                     int64
	inode                    int64
	modified, changed, birth int64 // Unix seconds
	protection               int
	target                   string // of a link
	key                      []byte // class and wrapped key, where encrypted
	digest                   []byte
	attributes               []byte // extended attributes, a property list
}

// mbFile returns the archive of f. Field names and shapes as in a real
// Manifest.db (iOS 14.3): MBFile with an NSMutableData for the key.
func (w *plistWriter) mbFile(f *mbFile) []byte {
	fields := dict{
		{"LastModified", f.modified},
		{"Flags", 0},
		{"GroupID", f.group},
		{"LastStatusChange", f.changed},
		{"RelativePath", uid(2)},
		{"Birth", f.birth},
		{"Size", f.size},
		{"InodeNumber", f.inode},
		{"Mode", f.mode},
		{"UserID", f.user},
		{"ProtectionClass", f.protection},
	}
	objects := []any{nil, f.path}
	next := func(o any) uid {
		objects = append(objects, o)
		return uid(len(objects))
	}
	if f.target != "" {
		fields = append(fields, entry{"Target", next(f.target)})
	}
	if f.digest != nil {
		fields = append(fields, entry{"Digest", next(f.digest)})
	}
	if f.key != nil || f.attributes != nil {
		data := next(class("NSMutableData", "NSData", "NSObject"))
		if f.key != nil {
			fields = append(fields, entry{"EncryptionKey", next(dict{{"NS.data", f.key}, {"$class", data}})})
		}
		if f.attributes != nil {
			fields = append(fields, entry{"ExtendedAttributes", next(dict{{"NS.data", f.attributes}, {"$class", data}})})
		}
	}
	objects[0] = append(fields, entry{"$class", next(class("MBFile", "NSObject"))})
	return w.keyedArchive(objects...)
}
