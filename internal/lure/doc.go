// Package lure reads a message as the person who wrote it meant it to be read:
// who it pretends to be, how it presses the reader, where its link really
// leads, and what does not fit together. It needs no indicator and no network:
// nothing that it does resolves or opens a link.
//
// A lure shows that somebody tried to make the reader open something. It does
// not show that the phone was infected, and ordinary fraud uses the same tricks.
//
// Institutions, the words of pressure, and services that shorten links are
// data in data/*.yaml. Start with Builtin or Load, then Knowledge.Reader.
package lure
