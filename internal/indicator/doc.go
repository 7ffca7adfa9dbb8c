// Package indicator holds published indicators of compromise: it loads them
// from STIX 2 bundles as they are really published, and matches them against
// what records observe.
//
// Start with LoadPath, NewMatcher and Matcher.Match. What equals what, for
// each type and why, stands in docs/matching.md; in which artifacts an
// indicator means anything, in scope.go. Nothing of a set is dropped without
// a word: Set.Describe lists what was not understood.
package indicator
