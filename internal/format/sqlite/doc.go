// Package sqlite reads SQLite databases as evidence: from an [io.ReaderAt],
// without a temporary file, never writing, and past damage that stops SQLite.
//
// Start with [Open], then [DB.Table] and [Table.Scan]. A scan streams the rows
// of one table in b-tree order; each [Row] says on which page and at which
// offset of which file its bytes lie. What is broken costs only itself: a
// scan yields a [*DamageError] for it and goes on.
//
// The file format is that of https://sqlite.org/fileformat2.html, and the
// write-ahead log that of https://sqlite.org/walformat.html. Nothing of the
// input is trusted: page numbers are checked against the file, each page is
// visited at most once in a scan, and lengths are checked before memory is
// taken for them. Memory does not grow with the size of a table, but for one
// bit for each page that was visited.
//
// There is no SQL here: no views, no expressions, no collations. Rows come in
// the order of the b-tree, and indexes are not used.
package sqlite
