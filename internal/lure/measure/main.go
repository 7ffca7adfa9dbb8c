// Command measure says how well look-alikes are told without indicators: how
// many of the labelled domains of published sets, and how many of a list of
// ordinary domains wrongly. "make bench-lure" runs it.
package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/net/publicsuffix"

	"github.com/amparo-project/amparo/internal/lure"
)

//go:embed labels.yaml
var labelFile []byte

func main() {
	benign := flag.String("benign", "", "package of filter lists (.tgz), for the ordinary domains")
	sum := flag.String("sha256", "", "that it must have")
	show := flag.Bool("show", false, "print each ordinary domain that is wrongly called")
	flag.Parse()
	if err := run(os.Stdout, *benign, *sum, *show, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, benign, sum string, show bool, sets []string) error {
	k, err := lure.Builtin()
	if err != nil {
		return err
	}
	if err := ofSets(w, k, sets); err != nil || benign == "" {
		return err
	}
	return ofOrdinary(w, k, benign, sum, show)
}

// called reports what a domain is called, "" for nothing.
func called(r *lure.Reader, domain string) lure.Link {
	reading := r.Read(&lure.Message{Links: []string{"http://" + domain + "/"}})
	if len(reading.Links) == 0 {
		return lure.Link{}
	}
	if l := reading.Links[0]; l.Kind == lure.Lookalike || l.Kind == lure.ServiceName {
		return l
	}
	return lure.Link{}
}

// ofSets counts the labelled domains of published sets.
func ofSets(w io.Writer, k *lure.Knowledge, files []string) error {
	labels := map[string]string{}
	if err := yaml.Unmarshal(labelFile, &labels); err != nil {
		return fmt.Errorf("labels.yaml: %w", err)
	}
	domains := map[string]bool{}
	for _, name := range files {
		if err := domainsOf(name, domains); err != nil {
			return err
		}
	}
	r := k.Reader()
	var named, namedTold, right, services, servicesTold, nobody, nobodyCalled, all int
	for _, d := range slices.Sorted(maps.Keys(domains)) {
		l := called(r, d)
		if l.Kind != "" {
			all++
		}
		hash := sha256.Sum256([]byte(d))
		switch label := labels[hex.EncodeToString(hash[:])]; label {
		case "":
		case "nobody":
			nobody++
			nobodyCalled += one(l.Kind != "")
		case "service":
			services++
			servicesTold += one(l.Kind != "")
		default:
			named++
			namedTold += one(l.Kind == lure.Lookalike)
			right += one(l.Of == label)
		}
	}
	fmt.Fprintf(w, "published sets: %d registered domains, %d called\n", len(domains), all)
	fmt.Fprintf(w, "Mexican, imitate an institution: %d, told %d, the right one %d\n", named, namedTold, right)
	fmt.Fprintf(w, "Mexican, imitate a service of nobody named: %d, told %d\n", services, servicesTold)
	fmt.Fprintf(w, "Mexican, imitate anybody: %d, told %d (%.1f %%)\n", named+services, namedTold+servicesTold,
		percent(namedTold+servicesTold, named+services))
	fmt.Fprintf(w, "Mexican, imitate nobody: %d, called %d\n", nobody, nobodyCalled)
	return nil
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func percent(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

var host = regexp.MustCompile(`(?i)\b(?:[a-z0-9_-]+\.)+[a-z]{2,}\b`)

// shorteners are hosts in the sets that say nothing by their name.
var shorteners = map[string]bool{"bit.ly": true, "tinyurl.com": true}

// domainsOf adds the registered domains that a file of indicators names: a
// table whose cells are domains or links, or a list.
func domainsOf(name string, into map[string]bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		for _, cell := range strings.Split(sc.Text(), ",") {
			cell = strings.Trim(cell, `" `)
			if i := strings.Index(cell, "://"); i >= 0 {
				cell, _, _ = strings.Cut(cell[i+3:], "/")
			}
			if host.FindString(cell) != cell {
				continue
			}
			if r, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(cell)); err == nil && !shorteners[r] {
				into[r] = true
			}
		}
	}
	return nil
}

// ofOrdinary counts the ordinary domains that are wrongly called.
func ofOrdinary(w io.Writer, k *lure.Knowledge, file, sum string, show bool) error {
	domains, err := ordinary(file, sum)
	if err != nil {
		return err
	}
	r := k.Reader()
	by := map[string]int{}
	n := 0
	started := time.Now()
	for _, d := range domains {
		l := called(r, d)
		if l.Kind == "" {
			continue
		}
		n++
		by[strings.TrimSpace(l.Kind+" "+l.Trick)]++
		if show {
			fmt.Fprintf(w, "  %s: %s %s %s\n", d, l.Kind, l.Trick, l.Of)
		}
	}
	took := time.Since(started)
	fmt.Fprintf(w, "ordinary: %d registered domains, wrongly called %d (%.3f %%), %.1f µs each\n", len(domains), n,
		percent(n, len(domains)), float64(took.Microseconds())/float64(len(domains)))
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(w, "  %s: %d\n", kind, by[kind])
	}
	return nil
}

// ordinary returns the registered domains of the sites that filter lists have
// rules for: sites that people read, chosen by hand for their advertisements.
func ordinary(file, sum string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	z, err := gzip.NewReader(io.TeeReader(f, h))
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for t := tar.NewReader(z); ; {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if filepath.Ext(head.Name) != ".json" || !strings.Contains(head.Name, "/filters/") {
			continue
		}
		var tree any
		if err := json.NewDecoder(t).Decode(&tree); err != nil {
			return nil, fmt.Errorf("%s: %w", head.Name, err)
		}
		walk(tree, found)
	}
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(h.Sum(nil)); sum != "" && got != sum {
		return nil, fmt.Errorf("%s has SHA-256 %s, not %s", file, got, sum)
	}
	return slices.Sorted(maps.Keys(found)), nil
}

var (
	cosmetic = regexp.MustCompile(`^([^\s#$/|@!]+)#[@?$%]{0,2}#`)
	option   = regexp.MustCompile(`[$,]domain=([^,\s]+)`)
)

// walk takes domains out of the rules in a tree of JSON.
func walk(node any, into map[string]bool) {
	switch v := node.(type) {
	case string:
		if len(v) > 200 {
			for line := range strings.Lines(v) {
				rule(line, into)
			}
		}
	case []any:
		for _, e := range v {
			walk(e, into)
		}
	case map[string]any:
		for key, e := range v {
			list, ok := e.([]any)
			if ok && (key == "initiatorDomains" || key == "excludedInitiatorDomains") {
				for _, d := range list {
					s, _ := d.(string)
					addDomain(s, into)
				}
				continue
			}
			walk(e, into)
		}
	}
}

func rule(line string, into map[string]bool) {
	if m := cosmetic.FindStringSubmatch(line); m != nil {
		for d := range strings.SplitSeq(m[1], ",") {
			addDomain(d, into)
		}
	}
	if m := option.FindStringSubmatch(line); m != nil {
		for d := range strings.SplitSeq(m[1], "|") {
			addDomain(d, into)
		}
	}
}

func addDomain(d string, into map[string]bool) {
	d = strings.ToLower(strings.TrimPrefix(d, "~"))
	if host.FindString(d) != d || strings.HasSuffix(d, ".onion") {
		return
	}
	if r, err := publicsuffix.EffectiveTLDPlusOne(d); err == nil {
		into[r] = true
	}
}
