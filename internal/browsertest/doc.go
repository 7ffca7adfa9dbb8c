// Package browsertest looks at what Amparo shows people, in a real browser:
// that a page loads nothing, breaks nothing, fits a phone, works by keyboard
// and without scripts, and that axe-core finds nothing to complain of.
//
// It holds tests alone. They skip where there is no Chromium; AMPARO_AXE names
// the axe.min.js to use. "make browser" brings both.
package browsertest
