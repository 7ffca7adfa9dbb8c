package web

import (
	"fmt"
	"testing"
	"time"
)

func TestWholes(t *testing.T) {
	t.Parallel()
	w, err := newWholes()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key := func(of ...string) [32]byte {
		t.Helper()
		k, ok := wholeKey(of[0], of[1], of[2], of[3], of[4])
		if !ok {
			t.Fatalf("%q is not known to be stored", of)
		}
		return k
	}
	one := key("E", "root", "name", "mark", "sum")
	w.put(one, begun)
	if at, ok := w.get(one, begun.Add(wholesLife)); !ok || !at.Equal(begun) {
		t.Error("it is forgotten too early")
	}
	// Whatever changes, the file was not read.
	for i := range 5 {
		of := []string{"E", "root", "name", "mark", "sum"}
		of[i] += "2"
		if _, ok := w.get(key(of...), begun); ok {
			t.Errorf("%q was not read", of)
		}
	}
	if a, b := key("a\" \"b", "", "", "m", ""), key("a", "b", "", "m", ""); a == b {
		t.Error("two files have one key")
	}
	if _, ok := wholeKey("E", "root", "name", "", "sum"); ok {
		t.Error("a file of which nobody knows how it is stored can be remembered")
	}
	if _, ok := w.get(one, begun.Add(wholesLife+time.Second)); ok {
		t.Error("it is remembered too long")
	}
	w.put(one, begun)
	if _, ok := w.get(one, begun.Add(-time.Second)); ok {
		t.Error("it was read in the future")
	}
	w.put(one, begun)
	for i := range maxWholes {
		w.put(key("E", "", fmt.Sprint(i), "mark", "sum"), begun.Add(time.Duration(i+1)))
	}
	if _, ok := w.get(one, begun); ok || w.all.Len() != maxWholes {
		t.Errorf("%d are remembered, the oldest among them: %v", w.all.Len(), ok)
	}
	last := key("E", "", fmt.Sprint(maxWholes-1), "mark", "sum")
	if w.drop(last); w.all.Len() != maxWholes-1 {
		t.Error("it is not dropped")
	}
	if w.forget(); w.all.Len() != 0 {
		t.Error("they are not forgotten")
	}
}
