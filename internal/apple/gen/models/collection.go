package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A collection is what the files say.
type collection struct {
	names  map[string]string // by product type
	newest map[string][]int  // newest version of a product type
	majors map[int][]int     // newest version of a major version, of all devices
	texts  map[string]string // newest version of a product type, as it is written
	listed map[int]bool      // major versions of ios_versions.csv
}

func newCollection(versions string) (*collection, error) {
	data, err := os.ReadFile(versions) //nolint:gosec // it lies beside the file that a developer names
	if err != nil {
		return nil, err
	}
	c := &collection{names: map[string]string{}, newest: map[string][]int{}, majors: map[int][]int{}, texts: map[string]string{}, listed: map[int]bool{}}
	for line := range strings.Lines(string(data)) {
		if v, _, _ := strings.Cut(line, ";"); version.MatchString(v) {
			c.listed[numbers(v)[0]] = true
		}
	}
	return c, nil
}

var (
	productType = regexp.MustCompile(`^(iPhone|iPad|iPod)\d{1,2},\d{1,2}$`)
	version     = regexp.MustCompile(`^\d{1,2}(\.\d{1,2}){1,3}$`)
)

// read reads a file, or all JSON files of a folder.
func (c *collection) read(source string) error {
	return filepath.WalkDir(source, func(name string, e fs.DirEntry, err error) error { //nolint:gosec // a developer names it
		if err != nil || e.IsDir() || filepath.Ext(name) != ".json" {
			return err
		}
		data, err := os.ReadFile(name) //nolint:gosec // a developer names it
		if err != nil {
			return err
		}
		if err := c.readFile(data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// device is a file of AppleDB: of deviceFiles, or of osFiles, where only the
// last fields are set.
type device struct {
	Name       string          `json:"name"`
	Identifier json.RawMessage `json:"identifier"` // a product type, or a list of them
	Internal   bool            `json:"internal"`

	OS        string   `json:"osStr"`
	Version   string   `json:"version"`
	Beta      bool     `json:"beta"`
	RC        bool     `json:"rc"`
	DeviceMap []string `json:"deviceMap"`
}

func (c *collection) readFile(data []byte) error {
	var d device
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	switch {
	case d.Internal || d.Beta || d.RC:
	case d.OS != "":
		c.release(d.Version, d.DeviceMap)
	case d.Identifier != nil:
		return c.device(d)
	default:
		var list map[string]string
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		for id, name := range list {
			c.name(id, name)
		}
	}
	return nil
}

func (c *collection) device(d device) error {
	var ids []string
	if d.Identifier[0] != '[' {
		ids = make([]string, 1)
		if err := json.Unmarshal(d.Identifier, &ids[0]); err != nil {
			return err
		}
	} else if err := json.Unmarshal(d.Identifier, &ids); err != nil {
		return err
	}
	for _, id := range ids {
		c.name(id, d.Name)
	}
	return nil
}

// name takes the name of a product type.
func (c *collection) name(id, name string) {
	if productType.MatchString(id) {
		c.names[id] = plain(name)
	}
}

// release takes a release and the devices that it is for.
func (c *collection) release(text string, ids []string) {
	if !version.MatchString(text) {
		return
	}
	v := numbers(text)
	for _, id := range ids {
		if !productType.MatchString(id) {
			continue
		}
		if slices.Compare(v, c.newest[id]) > 0 {
			c.newest[id], c.texts[id] = v, text
		}
		if slices.Compare(v, c.majors[v[0]]) > 0 {
			c.majors[v[0]] = v
		}
	}
}

// models are all that the files say, in the order of the product types.
func (c *collection) models() []model {
	ids := maps.Clone(c.names)
	maps.Copy(ids, c.texts)
	var list []model
	for id := range ids {
		m := model{id: id, name: c.names[id], newest: c.texts[id]}
		if v := c.newest[id]; v != nil && c.listed[v[0]] && slices.Equal(v, c.majors[v[0]]) {
			m.newest = strconv.Itoa(v[0])
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b model) int {
		return cmp.Or(cmp.Compare(kind(a.id), kind(b.id)), slices.Compare(numbers(a.id), numbers(b.id)))
	})
	return list
}

// kind is iPhone, iPad or iPod.
func kind(id string) string { return strings.TrimRight(id, "0123456789,") }

var digits = regexp.MustCompile(`\d+`)

// numbers are those in a version or a product type.
func numbers(s string) []int {
	var list []int
	for _, d := range digits.FindAllString(s, -1) {
		n, _ := strconv.Atoi(d)
		list = append(list, n)
	}
	return list
}

var (
	radio   = regexp.MustCompile(` Wi-Fi( \+ (3G|Cellular))?( with mmWave)?| \((GSM|CDMA|GSM, 2012|Mid 2012|MM|VZ|TD-LTE|Global|China mainland)\)`)
	details = regexp.MustCompile(` \(([^()]+)\)| (\d+(?:\.\d)?-inch)`)
)

// plain is a name as Apple markets it and as the table writes it: without the
// radio, and with size and generation in one pair of brackets.
func plain(name string) string {
	name = radio.ReplaceAllString(name, "")
	var in []string
	for _, m := range details.FindAllStringSubmatch(name, -1) {
		in = append(in, m[1]+m[2])
	}
	name = strings.TrimSpace(details.ReplaceAllString(name, ""))
	if in == nil {
		return name
	}
	return name + " (" + strings.Join(in, ", ") + ")"
}
