package plist

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// writeList makes a binary list of any size from objects as they lie there,
// with four-byte offsets and references. The first object is the root.
func writeList(objects ...[]byte) []byte {
	b := []byte("bplist00")
	var offsets []byte
	for _, o := range objects {
		offsets = append(offsets, be32(len(b))...)
		b = append(b, o...)
	}
	table := len(b)
	b = append(b, offsets...)
	trailer := make([]byte, trailerSize)
	trailer[6], trailer[7] = 4, 4
	copy(trailer[12:], be32(len(objects)))
	copy(trailer[28:], be32(table))
	return append(b, trailer...)
}

func be32(n int) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

// container writes an array or, by its marker, another container.
func container(marker byte, n int, refs ...int) []byte {
	b := append([]byte{marker | 0x0f, 0x12}, be32(n)...)
	for _, r := range refs {
		b = append(b, be32(r)...)
	}
	return b
}

func nestedArrays(n int) []byte {
	objects := make([][]byte, n+1)
	for i := range n {
		objects[i] = append([]byte{0xa1}, be32(i+1)...)
	}
	objects[n] = []byte{0x09}
	return writeList(objects...)
}

// bomb is a list of arrays, each referring ten times to the next.
func bomb() []byte {
	var objects []string
	for i := range 12 {
		objects = append(objects, "\xaa"+strings.Repeat(string(rune(i+1)), 10))
	}
	return makeList(0, append(objects, "\x51x")...)
}

// sharedText is an array, or a dict with n pairs, that refers n times to one
// text of as many bytes.
func sharedText(marker byte, n int) []byte {
	refs := make([]int, n)
	for i := range refs {
		refs[i] = 1
	}
	if marker == 0xd0 {
		refs = append(refs, make([]int, n)...)
		for i := n; i < 2*n; i++ {
			refs[i] = 2
		}
	}
	text := append(append([]byte{0x5f, 0x12}, be32(n)...), bytes.Repeat([]byte("x"), n)...)
	return writeList(container(marker, n, refs...), text, []byte{0x09})
}

var hostile = []struct {
	name string
	data func() []byte
	want error // of Parse, or else of Any
}{
	{"array_that_holds_itself", list(makeList(0, "\xa1\x00")), limit.ErrLimit},
	{"arrays_that_hold_each_other", list(makeList(0, "\xa2\x01\x01", "\xa2\x00\x00")), limit.ErrLimit},
	{"dict_that_holds_itself", list(makeList(0, "\xd1\x01\x00", "\x51k")), limit.ErrLimit},
	{"dict_that_is_its_own_key", list(makeList(0, "\xd1\x00\x01", "\x09")), nil},
	{"shared_references", bomb, limit.ErrLimit},
	{"nested_300000_deep", func() []byte { return nestedArrays(300_000) }, limit.ErrLimit},
	{"one_text_300000_times", func() []byte { return sharedText(0xa0, 300_000) }, limit.ErrLimit},
	{"one_key_300000_times", func() []byte { return sharedText(0xd0, 300_000) }, limit.ErrLimit},
	{"huge_utf16", list(makeList(0, "\x6f\x13\x7f\xff\xff\xff\xff\xff\xff\xff")), limit.ErrCorrupt},
	{"huge_data", list(makeList(0, "\x4f\x13\xff\xff\xff\xff\xff\xff\xff\xff")), limit.ErrCorrupt},
	{"huge_array", list(makeList(0, "\xaf\x13\x00\xff\xff\xff\xff\xff\xff\xff")), limit.ErrCorrupt},
	{"huge_dict", list(makeList(0, "\xdf\x13\x7f\xff\xff\xff\xff\xff\xff\xff")), limit.ErrCorrupt},
	{"length_of_16_bytes", list(makeList(0, "\x4f\x14"+strings.Repeat("\x00", 16))), limit.ErrCorrupt},
	{"length_that_is_no_integer", list(makeList(0, "\x4f\x51a")), limit.ErrCorrupt},
	{"content_into_the_table", list(makeList(0, "\x52a")), limit.ErrCorrupt},
	{"integer_of_32_bytes", list(makeList(0, "\x15"+strings.Repeat("\x00", 32))), limit.ErrCorrupt},
	{"reference_outside", list(makeList(0, "\xa1\x09")), limit.ErrCorrupt},
	{"unknown_marker", list(makeList(0, "\xf0")), limit.ErrCorrupt},
	{"unknown_singleton", list(makeList(0, "\x0e")), limit.ErrCorrupt},
	{"root_outside", list(makeList(9, "\x09")), limit.ErrCorrupt},
	{"no_objects", list(makeList(0)), limit.ErrCorrupt},
	{"header_only", list([]byte("bplist00")), limit.ErrCorrupt},
	{"other_version", list([]byte("bplist16" + strings.Repeat("\x00", 40))), limit.ErrUnsupported},
	{"empty", list(nil), limit.ErrCorrupt},
	{"old_text", func() []byte { return bytes.Repeat([]byte("("), 20_000_000) }, limit.ErrUnsupported},
	{"xml_3_million_deep", func() []byte { return []byte("<plist>" + strings.Repeat("<array>", 3_000_000)) }, limit.ErrLimit},
	{"xml_lists_in_lists", func() []byte { return bytes.Repeat([]byte("<plist>"), 3_000_000) }, limit.ErrCorrupt},
	{"xml_many_elements", func() []byte { return []byte("<array>" + strings.Repeat("<true/>", 1_100_000)) }, limit.ErrLimit},
	{"xml_declarations", func() []byte { return bytes.Repeat([]byte("<!D "), 1_000_000) }, limit.ErrCorrupt},
	{"xml_comments", func() []byte { return bytes.Repeat([]byte("<!-- --"), 1_000_000) }, limit.ErrCorrupt},
	{"xml_references", func() []byte { return []byte("<string>" + strings.Repeat("&lt", 1_000_000) + "</string>") }, limit.ErrCorrupt},
	{"xml_quotes", func() []byte { return []byte("<plist " + strings.Repeat(`a=">" `, 1_000_000)) }, limit.ErrCorrupt},
	{"xml_entities", list([]byte(`<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><plist><string>&b;</string></plist>`)), limit.ErrCorrupt},
	{"xml_cut", list([]byte("<plist><dict><key>a</key>")), limit.ErrCorrupt},
	{"xml_value_without_key", list([]byte("<plist><dict><true/></dict></plist>")), limit.ErrCorrupt},
	{"xml_key_without_value", list([]byte("<plist><dict><key>a</key></dict></plist>")), limit.ErrCorrupt},
	{"xml_two_keys", list([]byte("<plist><dict><key>a</key><key>b</key></dict></plist>")), limit.ErrCorrupt},
	{"xml_key_in_array", list([]byte("<plist><array><key>a</key></array></plist>")), limit.ErrCorrupt},
	{"xml_two_roots", list([]byte("<plist><true/><true/></plist>")), limit.ErrCorrupt},
	{"xml_wrong_end", list([]byte("<plist><array></dict></plist>")), limit.ErrCorrupt},
	{"xml_ends_of_nothing", list([]byte("<plist></array></plist>")), limit.ErrCorrupt},
	{"xml_ends_too_early", list([]byte("<plist><array></plist>")), limit.ErrCorrupt},
	{"xml_text_in_container", list([]byte("<plist><array>x</array></plist>")), limit.ErrCorrupt},
	{"xml_element_in_text", list([]byte("<plist><string><b>x</b></string></plist>")), limit.ErrCorrupt},
	{"xml_text_with_wrong_end", list([]byte("<plist><string>x</data></plist>")), limit.ErrCorrupt},
	{"xml_open_cdata", list([]byte("<plist><string><![CDATA[x</string></plist>")), limit.ErrCorrupt},
	{"xml_unknown", list([]byte("<plist><script/></plist>")), limit.ErrCorrupt},
	{"xml_empty", list([]byte("<plist/>")), limit.ErrCorrupt},
	{"xml_no_object", list([]byte("<plist></plist>")), limit.ErrCorrupt},
	{"xml_other_encoding", list([]byte("<?xml version='1.0' encoding='ISO-8859-1'?><string>\xe9</string>")), limit.ErrUnsupported},
	{"xml_odd_utf16", list([]byte("\xff\xfe<")), limit.ErrCorrupt},
}

func list(b []byte) func() []byte { return func() []byte { return b } }

const (
	// deadline is a second, and room for a slow, busy machine with the race detector.
	deadline = 20 * time.Second
	// maxMemory is what the hardest of the hostile lists may take.
	maxMemory = 192 * limit.MiB
)

// TestHostile gives each input on which public libraries panic, overflow the
// stack or never end, and more. It is not parallel, for it counts memory.
func TestHostile(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			data := tt.data()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			v, err := Parse(data)
			if err == nil {
				_, err = Any(v, DefaultLimits)
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if took > deadline {
				t.Errorf("it took %v", took)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > maxMemory {
				t.Errorf("it took %d MiB", n/limit.MiB)
			}
		})
	}
}

// TestReadingSharedTextsEnds walks as a parser does, without a budget of its own.
func TestReadingSharedTextsEnds(t *testing.T) {
	t.Parallel()
	start := time.Now()
	v, err := Parse(sharedText(0xa0, 300_000))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	var last error
	for e := range v.Items() {
		if _, ok := e.Str(); ok {
			read++
		} else if last == nil {
			last = e.Err()
		}
	}
	if read < 10 || read > 1000 || !errors.Is(last, limit.ErrLimit) {
		t.Errorf("%d of 300,000 copies of a text were made, then %v", read, last)
	}
	for k := range must(Parse(sharedText(0xd0, 300_000))).All() {
		if k == "(string)" {
			read = 0
		}
	}
	if read != 0 {
		t.Error("all keys were made")
	}
	if took := time.Since(start); took > deadline {
		t.Errorf("it took %v", took)
	}
}

func must(v Value, err error) Value {
	if err != nil {
		panic(err)
	}
	return v
}

// TestDamageCostsItself has a reference, an object and a length that are wrong.
func TestDamageCostsItself(t *testing.T) {
	t.Parallel()
	v := must(Parse(makeList(0, "\xa5\x01\x09\x02\x03\x01", "\x10\x07", "\xf1", "\x5f\x10\xff")))
	for _, i := range []int{0, 4} {
		if n, ok := v.At(i).Int(); !ok || n != 7 || v.At(i).Err() != nil {
			t.Errorf("element %d: %d, %v, %v", i, n, ok, v.At(i).Err())
		}
	}
	for i, want := range map[int]string{
		1: "property list at byte 10: corrupt data: a reference to an object that is not there",
		2: "property list at byte 16: corrupt data: an unknown marker",
		3: "property list at byte 17: corrupt data: content that runs into the offset table",
	} {
		e := v.At(i)
		if err := e.Err(); err == nil || err.Error() != want || !errors.Is(err, limit.ErrCorrupt) {
			t.Errorf("element %d: %v, want %s", i, err, want)
		}
		noValue(t, e)
	}
	noValue(t, Value{})
	if err := (Value{}).Err(); err != nil {
		t.Errorf("an absent value: %v", err)
	}
}

// noValue checks that nothing of an Invalid value looks real.
func noValue(t *testing.T, v Value) {
	t.Helper()
	_, isInt := v.Int()
	_, isUint := v.Uint()
	_, isReal := v.Real()
	_, isBool := v.Bool()
	_, isTime := v.Time()
	_, isText := v.Str()
	_, isData := v.Bytes()
	_, isUID := v.UID()
	if isInt || isUint || isReal || isBool || isTime || isText || isData || isUID || v.Kind() != Invalid {
		t.Errorf("%v: something that is Invalid has a value", v.Err())
	}
	if v.Len() != 0 || v.At(0) != (Value{}) || v.Get("") != (Value{}) || v.Is("") || v.ASCII() != nil {
		t.Error("something that is Invalid has elements")
	}
}
