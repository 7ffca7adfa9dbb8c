package feeds

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
)

// atomFeed is a feed of RFC 4287.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	Title   string     `xml:"title"`
	ID      string     `xml:"id"`
	Updated string     `xml:"updated"`
	Links   []atomLink `xml:"link"`
	Summary string     `xml:"summary"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

// Atom writes the events of the timeline, the latest first. With onlyPublic,
// what is not marked public is left out, and without it shown by its number.
// The same standing gives the same bytes.
func Atom(w io.Writer, s *clock.Standing, o Options, onlyPublic bool) error {
	p := o.Printer
	feed := atomFeed{
		Lang: p.Lang(), Title: p.Text("promises.feed", "Case", o.Case), ID: o.name("feed").URN(),
		Updated: stamp(s.On.Format(time.DateOnly)), Author: "Amparo",
	}
	for _, e := range slices.Backward(s.Timeline) {
		if onlyPublic && !e.Public {
			continue
		}
		entry := atomEntry{
			Title: p.Text("promises.event", "What", p.Text("promises.kind."+e.Kind), "Who", e.Authority, "Day", e.Day),
			ID:    o.name("event", e.ID, e.Kind).URN(), Updated: stamp(e.Day), Summary: describe(e.ID, e.Text, e.Public),
		}
		for _, source := range e.Sources {
			if source.URL != "" && e.Public {
				entry.Links = append(entry.Links, atomLink{Rel: "via", Href: source.URL})
			}
		}
		feed.Entries = append(feed.Entries, entry)
	}
	if len(feed.Entries) > 0 {
		feed.Updated = feed.Entries[0].Updated
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(feed); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// stamp is the time of a day: its first moment, also of a month or a year.
func stamp(day string) string {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, day); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return day
}
