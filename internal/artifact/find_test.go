package artifact

import (
	"reflect"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	in := NewInput("a/b", nil, 0, nil)
	if got := in.Find("*"); got != nil {
		t.Errorf("an input on its own finds %q", got)
	}
	in = in.Finding(func(pattern string) []string {
		if pattern != "a/*.x" {
			t.Errorf("pattern %q", pattern)
		}
		return []string{"a/1.x", "a/2.x", "a/secret.x"}
	}).bind(t.Context(), &Info{Companions: []string{"a/[0-9].x"}})
	if got, want := in.Find("a/*.x"), []string{"a/1.x", "a/2.x"}; !reflect.DeepEqual(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
