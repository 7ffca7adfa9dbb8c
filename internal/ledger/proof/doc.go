// Package proof verifies what a ledger hands out, trusting nothing but keys:
// checkpoints, proofs that an entry is in a ledger, what an entry commits to,
// and that a ledger continues an older one. It needs no workspace and no
// network, and imports little: it is what the pages verify with too, compiled
// to WebAssembly by package inbrowser.
//
// Start with Inclusion and Consistency.
package proof
