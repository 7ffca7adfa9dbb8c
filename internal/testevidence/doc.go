// Package testevidence writes synthetic evidence: backups of an iPhone as
// iTunes and Finder write them, unencrypted or encrypted, with the schemas of
// the databases on real phones, ordinary traffic in English and Spanish,
// published traces of mercenary spyware (planted) and near misses of them
// (decoys), together with the truth about what lies where.
//
// Start with [WriteIOSBackup]. The same options give the same bytes: nothing
// here asks the clock, the machine or an unseeded source of randomness.
//
// The package knows the formats from their sources, which stand beside each
// writer, and shares no code with the readers that are tested with it: a
// mistake that both would share stays hidden otherwise. It serves tests,
// benchmarks and the demonstration; nothing that ships imports it.
package testevidence
