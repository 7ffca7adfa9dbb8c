package examine

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
)

func someObserved(tb testing.TB) []byte {
	tb.Helper()
	var all Observations
	o := all.Observe("ios.sms")
	r := &artifact.Record{}
	r.Observe(artifact.Domain, "a.example", "link")
	r.Observe(artifact.Process, "bad\xffname", "process")
	o.Add(r)
	r.When("read", artifact.UnixSeconds, artifact.IntValue(1_500_000_000))
	r.Observe(artifact.Domain, "b.example", "link")
	o.Add(r)
	var b bytes.Buffer
	if err := o.Save(&b); err != nil {
		tb.Fatal(err)
	}
	var again Observations
	if err := again.Observe("ios.sms").Load(bytes.NewReader(b.Bytes())); err != nil {
		tb.Fatal(err)
	}
	want, _ := all.List()
	got, _ := again.List()
	if d := cmp.Diff(want, got); d != "" || len(got) != 3 || !got[1].First.Equal(time.Unix(1_500_000_000, 0)) {
		tb.Fatalf("%s\n%+v", d, got)
	}
	return b.Bytes()
}

// TestObservedComesBack: and where it is damaged nothing does.
func TestObservedComesBack(t *testing.T) {
	t.Parallel()
	data := someObserved(t)
	bad := 0
	for n := range data {
		var all Observations
		o := all.Observe("ios.sms")
		if o.Load(bytes.NewReader(data[:n])) == nil {
			continue // between two values
		}
		bad++
		if list, _ := all.List(); len(list) != 0 {
			t.Errorf("cut after %d: %v", n, list)
		}
	}
	if bad < len(data)-4 {
		t.Errorf("%d of %d cuts were seen", bad, len(data))
	}
}

func FuzzObserved(f *testing.F) {
	f.Add(someObserved(f))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var all Observations
		o := all.Observe("ios.sms")
		if o.Load(bytes.NewReader(data)) != nil {
			return
		}
		var b bytes.Buffer
		if err := o.Save(&b); err != nil {
			t.Fatal(err)
		}
		var again Observations
		if err := again.Observe("ios.sms").Load(&b); err != nil {
			t.Fatalf("what was taken is not taken again: %v", err)
		}
		want, _ := all.List()
		if got, _ := again.List(); !cmp.Equal(want, got) {
			t.Errorf("%v, then %v", want, got)
		}
	})
}
