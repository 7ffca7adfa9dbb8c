// Package tracev3 reads Apple's unified log: the tracev3 files that hold its
// entries, and the files that give them their words (uuidtext, dsc) and their
// time (timesync).
//
// Start with Scan: it streams the entries of one tracev3 file. An entry holds
// a reference to a format string and the bytes of its arguments; the Strings
// that a caller supplies find the former, and Entry.AppendMessage renders both
// as the "log" tool does. Without them the entries are still read.
//
// The files are hostile input. One chunk of the file and its decompressed
// content are in memory at a time, each bounded; a chunk that is damaged costs
// itself and is told as a *ChunkError.
//
// The format is described at
// https://github.com/libyal/dtformats/blob/main/documentation/Apple%20Unified%20Logging%20and%20Activity%20Tracing%20formats.asciidoc.
package tracev3
