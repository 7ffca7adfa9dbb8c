package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// notAsked is the key of Config.NotAsked.
const notAsked = "not_asked"

// ErrByHand says that a file is written in a way that a program does not change.
var ErrByHand = errors.New("feeds.yaml is written in a way that only a person can change: write not_asked there, a list of names")

// Switch returns a file of feeds in which a feed is switched off, or on again,
// by its name or address; AllBuiltIn is all that Amparo knows. Nothing else in
// it changes. The file is empty where there was none; it is the same where the
// feed is as it shall be. installed are the sets that are there. Errors wrap
// ErrNoFeed, ErrSeveral, ErrTogether or ErrByHand, or are those of ParseConfig.
func Switch(data []byte, installed []Entry, name string, on bool) ([]byte, error) {
	c, err := ParseConfig(data)
	if errors.Is(err, io.EOF) { // comments, or nothing
		c, err = &Config{}, nil
	}
	if err != nil {
		return nil, err
	}
	if second(data) {
		return nil, ErrByHand // nothing reads it, and it stays a person's
	}
	want := *c
	if want.NotAsked, err = c.with(installed, name, on); err != nil {
		return nil, err
	}
	if slices.Equal(want.NotAsked, c.NotAsked) {
		return data, nil
	}
	for _, edit := range []func([]byte, []string) ([]byte, error){editLines, editNodes} {
		if out, err := edit(data, want.NotAsked); err == nil && says(out, &want) {
			return out, nil
		}
	}
	return nil, ErrByHand
}

// says reports whether a file says that and nothing else.
func says(data []byte, want *Config) bool {
	got, err := ParseConfig(data)
	return err == nil && !second(data) && slices.Equal(got.NotAsked, want.NotAsked) && (len(got.Feeds)+len(want.Feeds) == 0 || reflect.DeepEqual(got.Feeds, want.Feeds))
}

// second reports whether a second document begins in a file, or something that
// is none.
func second(data []byte) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	return dec.Decode(&yaml.Node{}) == nil && !errors.Is(dec.Decode(&yaml.Node{}), io.EOF)
}

// editLines writes the list into a file that has it an item a line, or not at
// all: no other line changes.
func editLines(data []byte, want []string) ([]byte, error) {
	root, err := rootOf(data)
	if err != nil || root != nil && (root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0) {
		return nil, ErrByHand
	}
	if otherBreaks.Match(data) {
		return nil, ErrByHand // lines are counted otherwise
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	end := "\n"
	if bytes.Contains(data, []byte("\r\n")) {
		end = "\r\n"
	}
	key, list := child(root, notAsked)
	if key == nil {
		return appended(data, end, notAsked+":", want)
	}
	if list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0 {
		return nil, ErrByHand
	}
	last := list.Content[len(list.Content)-1]
	indent := strings.Repeat(" ", max(0, list.Column-1))
	var more []byte
	for _, name := range want {
		if !slices.ContainsFunc(list.Content, func(n *yaml.Node) bool { return n.Value == name }) {
			more = append(more, indent+"- "+scalar(name)+end...)
		}
	}
	if len(more) > 0 {
		if at := &lines[last.Line-1]; !bytes.HasSuffix(*at, []byte("\n")) {
			*at = append(slices.Clip(*at), end...)
		}
		lines = slices.Insert(lines, last.Line, more)
	}
	for _, item := range slices.Backward(list.Content) {
		if !slices.Contains(want, item.Value) {
			lines = cutItem(lines, item)
		}
	}
	if len(want) > 0 {
		return bytes.Join(lines, nil), nil
	}
	lines = slices.Delete(lines, key.Line-1, key.Line)
	out := bytes.Join(lines, nil)
	if len(root.Content) == 2 { // nothing is left
		return appended(out, end, "feeds: []", nil)
	}
	return out, nil
}

// otherBreaks end a line of YAML, and of no editor.
var otherBreaks = regexp.MustCompile("\r[^\n]|\r$|[\u0085\u2028\u2029]")

// cutItem takes the line of an item out, and the comment that stands above it.
func cutItem(lines [][]byte, item *yaml.Node) [][]byte {
	from := item.Line - 1
	for range strings.Count(item.HeadComment, "#") {
		if from > 0 && bytes.HasPrefix(bytes.TrimSpace(lines[from-1]), []byte("#")) {
			from--
		}
	}
	return slices.Delete(lines, from, item.Line)
}

// appended ends a file with a key and a list.
func appended(data []byte, end, key string, list []string) ([]byte, error) {
	out := slices.Clone(data)
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, end...)
	}
	out = append(out, key+end...)
	for _, name := range list {
		out = append(out, "  - "+scalar(name)+end...)
	}
	return out, nil
}

// scalar is a text on one line of YAML.
func scalar(text string) string {
	out, err := yaml.Marshal(text)
	if line := strings.TrimSuffix(string(out), "\n"); err == nil && !strings.Contains(line, "\n") {
		return line
	}
	quoted, _ := json.Marshal(text) // a string has no other form
	return string(quoted)
}

// editNodes writes the list into a file of any form, which gets that of the
// library: comments stay, empty lines do not.
func editNodes(data []byte, want []string) ([]byte, error) {
	root, err := rootOf(data)
	if err != nil || root == nil || root.Kind != yaml.MappingNode {
		return nil, ErrByHand
	}
	list := &yaml.Node{}
	if err := list.Encode(want); err != nil {
		return nil, err
	}
	if key, old := child(root, notAsked); key != nil {
		list.Style, list.HeadComment, list.LineComment, list.FootComment = old.Style, old.HeadComment, old.LineComment, old.FootComment
		*old = *list
	} else {
		root.Style &^= yaml.FlowStyle
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: notAsked}, list)
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	err = errors.Join(enc.Encode(root), enc.Close())
	return out.Bytes(), err
}

// rootOf is the top of a file; nil where it holds comments, or nothing.
func rootOf(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	err := yaml.Unmarshal(data, &doc)
	if err != nil || len(doc.Content) == 0 {
		return nil, err
	}
	return doc.Content[0], nil
}

// child is a key of a mapping, and its value.
func child(root *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; root != nil && i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == name {
			return root.Content[i], root.Content[i+1]
		}
	}
	return nil, nil
}

// SwitchFile is Switch for a file of this machine, which need not be there. One
// at a time of all processes changes it: who calls it changes the store too, and
// has its lock. It reports whether there was something to change.
func SwitchFile(name string, installed []Entry, feed string, on bool) (bool, error) {
	if to, err := filepath.EvalSymlinks(name); err == nil {
		name = to // what a link names is changed, and not the link
	}
	old, err := readFile(name, maxSources)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("feeds: %w", err)
	}
	data, err := Switch(old, installed, feed, on)
	if err != nil || bytes.Equal(old, data) {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return false, fmt.Errorf("feeds: %w", err)
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	err = writeFile(name, func(w io.Writer) error { _, err := w.Write(data); return err })
	if err == nil {
		err = os.Chmod(name, mode)
	}
	if err != nil {
		return false, fmt.Errorf("feeds: %w", err)
	}
	return true, nil
}
