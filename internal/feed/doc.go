// Package feed keeps sets of indicators with their history: what is installed
// on this machine, since when, from whom.
//
// Start with Open. A Store is a folder: store.json says what is in it, the
// folder versions holds the files as they were published, compressed, and the
// file compiled what they say, ready to match. Nothing here reaches a network;
// the package fetch below it does.
package feed
