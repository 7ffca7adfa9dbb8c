package plist

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	oracle "howett.net/plist"
)

// realLists returns public property lists, which are not part of the repository.
func realLists(t testing.TB) map[string][]byte {
	t.Helper()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	lists := map[string][]byte{}
	for _, pattern := range []string{"libplist/*plist", "plaso/plist/*.plist", "plaso/ios/*.plist", "ios_backup_small/Info.plist", "ios_backup_small/*/*"} {
		files, _ := filepath.Glob(filepath.Join(shared, "evidence", pattern))
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(name) != "" || len(data) > 6 && string(data[:6]) == "bplist" {
				lists[filepath.Base(name)] = data
			}
		}
	}
	if len(lists) == 0 {
		t.Skip("no public evidence here: set AMPARO_SHARED")
	}
	return lists
}

// TestRealLists reads all public lists: it may refuse those that were made to
// be broken, and must read the rest as the oracle does.
func TestRealLists(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{"recursion.bplist": true, "amp.plist": true, "empty.plist": true}
	// Of a key that is there twice the oracle takes the last.
	alone := map[string]bool{"empty_keys.plist": true}
	for name, data := range realLists(t) {
		v, err := Parse(data)
		var got any
		if err == nil {
			got, err = Any(v, DefaultLimits)
		}
		if (err != nil) != broken[name] {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s as JSON: %v", name, err)
		}
		if alone[name] {
			continue
		}
		var want any
		if _, err := oracle.Unmarshal(data, &want); err != nil {
			t.Logf("%s: the oracle: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, sameNumbers...); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// sameNumbers takes for the same what the two libraries hold in other types:
// integers that are not negative, UIDs, short floats, nil and empty data; and
// dates within a microsecond.
var sameNumbers = cmp.Options{
	cmp.Comparer(sameBytes),
	cmp.Comparer(func(a, b time.Time) bool { return a.Sub(b).Abs() <= time.Microsecond }),
	cmp.FilterValues(func(a, b any) bool { return isNumber(a) && isNumber(b) }, cmp.Comparer(func(a, b any) bool {
		return bits(a) == bits(b)
	})),
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, uint64, oracle.UID, float32, float64:
		return true
	}
	return false
}

func bits(v any) uint64 {
	switch v := v.(type) {
	case float32:
		return math.Float64bits(float64(v))
	case float64:
		return math.Float64bits(v)
	case int64:
		return uint64(v)
	case oracle.UID:
		return uint64(v)
	}
	return v.(uint64)
}
