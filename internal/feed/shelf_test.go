package feed

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"
)

// memory is a shelf in memory. What lost says may happen to an answer.
type memory struct {
	list  []byte
	files map[string][]byte
	made  int
	lost  error // of the next change, which is made all the same
}

func (m *memory) List() ([]byte, error) { return m.list, nil }

func (m *memory) Change(fn func(old []byte) ([]byte, error)) error {
	data, err := fn(m.list)
	if err != nil {
		return err
	}
	m.list, err, m.lost = data, m.lost, nil
	return err
}

func (m *memory) Open(name string) (io.ReadCloser, error) {
	data, ok := m.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (m *memory) Create() (ShelfWriter, error) {
	m.made++
	return &memoryFile{on: m, name: "file-" + strconv.Itoa(m.made)}, nil
}

func (m *memory) Remove(names []string) {
	for _, name := range names {
		delete(m.files, name)
	}
}

type memoryFile struct {
	bytes.Buffer
	on   *memory
	name string
}

func (f *memoryFile) Close() (string, error) {
	f.on.files[f.name] = f.Bytes()
	return f.name, nil
}

func (f *memoryFile) Discard() { delete(f.on.files, f.name) }

// TestAnswerLost puts a version where the list was changed and the answer was lost:
// what the list names is there.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	m := &memory{files: map[string][]byte{}}
	gone := errors.New("the answer was lost")
	for n, lost := range []error{nil, gone, gone} {
		st, err := OpenShelf(m, time.Now, nil)
		if err != nil {
			t.Fatal(err)
		}
		e := &Entry{Name: "A feed", File: "list.csv", Address: "https://a.example/x"}
		if old := st.Entry(e.Address); old != nil {
			*e = *old
		}
		m.lost = lost
		d, err := st.Draft(strings.NewReader("type,value\n"+strings.Repeat("domain,a.example\n", n+1)), e, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Put(d, e); !errors.Is(err, lost) {
			t.Fatal(err)
		}
		d.Discard()
		st.Close()
		if st, err = OpenShelf(m, time.Now, nil); err != nil {
			t.Fatal(err)
		}
		if wrong := st.Verify(); len(wrong) > 0 || len(st.Entries()) != 1 || len(st.Entries()[0].Versions) != n+1 {
			t.Errorf("put %d: %v, %+v", n, wrong, st.Entries())
		}
	}
}
