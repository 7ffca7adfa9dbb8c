// Package outbox keeps the notices of a case in its workspace and moves them:
// each state of each notice is a version of an entry, and so an act in the
// ledger. Of two processes that want the same move one makes it.
//
// Before a mail is handed to the server its notice is Sending, with its
// Message-ID; afterwards it is Sent, Failed or Unclear. A process that dies
// between leaves it Sending: Run never sends such a one again, but says that
// it is unclear, and Resolve takes the answer of a human, who can ask the
// server for the Message-ID.
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Kinds of the entries.
const (
	KindWish   = "wish"
	KindNotice = "notice"
)

// Store is what an outbox needs of a workspace.
type Store interface {
	PutEntry(ctx context.Context, e workspace.Entry) (workspace.Entry, error)
	Entry(ctx context.Context, id string) (workspace.Entry, error)
	AllEntries(ctx context.Context, caseID, kind string) ([]workspace.Entry, error)
	People(ctx context.Context, caseID string, p workspace.Page) (workspace.List[workspace.Person], error)
}

// Box is the outbox of a workspace.
type Box struct {
	Store  Store
	Config *notice.Config
	Now    func() time.Time
	// Send hands a mail over; nil is notice.Send.
	Send func(context.Context, *notice.Config, notice.Message) notice.Outcome
}

// A Wish is that a person be told.
type Wish struct {
	ID      string   `json:"id,omitempty"`
	Person  string   `json:"person"`
	Channel string   `json:"channel"`
	Events  []string `json:"events"`
	Lang    string   `json:"lang"`
	Address string   `json:"address,omitempty"` // "": one of the person's ways to be reached
	Since   string   `json:"since,omitempty"`   // the day from which on; "": the day of the wish
}

// A Notice is one that was drafted, with all that became of it.
type Notice struct {
	ID        string       `json:"id"`
	Case      string       `json:"case"`
	Version   int64        `json:"version"`
	Person    string       `json:"person,omitempty"` // "": a reminder to the team
	State     notice.State `json:"state"`
	Channel   string       `json:"channel"`
	Lang      string       `json:"lang"`
	Address   string       `json:"address,omitempty"`
	Event     notice.Event `json:"event"`
	Text      notice.Text  `json:"text"`
	MessageID string       `json:"message_id,omitempty"`
	Until     string       `json:"sending_until,omitempty"` // after which a process that sends is dead
	Date      string       `json:"date,omitempty"`          // of the message
	Detail    string       `json:"detail,omitempty"`        // what the server or a human said last
	key       string
}

// Wishes lists who asked to be told.
func (b *Box) Wishes(ctx context.Context, caseID string) ([]Wish, error) {
	list, err := b.Store.AllEntries(ctx, caseID, KindWish)
	if err != nil {
		return nil, err
	}
	out := make([]Wish, len(list))
	for i, e := range list {
		if err := json.Unmarshal(e.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("entry %s: %w", e.ID, err)
		}
		out[i].ID = e.ID
	}
	return out, nil
}

// Ask records that a person wants to be told. A later wish of the same person
// takes its place.
func (b *Box) Ask(ctx context.Context, caseID string, w Wish) (Wish, error) {
	if !slices.Contains(notice.Channels, w.Channel) {
		return w, fmt.Errorf("%w: channel %q is none of %s", account.ErrInvalid, w.Channel, strings.Join(notice.Channels, ", "))
	}
	for _, e := range w.Events {
		if !slices.Contains(notice.Events, e) {
			return w, fmt.Errorf("%w: event %q is none of %s", account.ErrInvalid, e, strings.Join(notice.Events, ", "))
		}
	}
	p, err := b.person(ctx, caseID, w.Person)
	if err != nil {
		return w, err
	}
	w.Person = p.ID
	if len(w.Events) == 0 {
		w.Events = notice.Events
	}
	if w.Lang == "" {
		w.Lang = languageOf(p)
	}
	if w.Since == "" {
		w.Since = b.Now().UTC().Format(time.DateOnly)
	} else if _, err := time.Parse(time.DateOnly, w.Since); err != nil {
		return w, fmt.Errorf("%w: %q is no day such as 2027-12-31", account.ErrInvalid, w.Since)
	}
	old, err := b.Wishes(ctx, caseID)
	if err != nil {
		return w, err
	}
	e := workspace.Entry{Case: caseID, Kind: KindWish, Key: p.ID, People: []string{p.ID}, Act: "notice.asked"}
	for _, before := range old {
		if before.Person == p.ID {
			if e, err = b.Store.Entry(ctx, before.ID); err != nil {
				return w, err
			}
			e.Act = "notice.asked"
		}
	}
	w.ID = ""
	if e.Body, err = json.Marshal(w); err != nil {
		return w, err
	}
	e, err = b.Store.PutEntry(ctx, e)
	w.ID = e.ID
	return w, err
}

func languageOf(p workspace.Person) string {
	for _, l := range p.Private.Languages {
		if strings.HasPrefix(strings.ToLower(l), "es") {
			return "es"
		}
	}
	return "en"
}

// person finds a person of a case by id or pseudonym.
func (b *Box) person(ctx context.Context, caseID, name string) (workspace.Person, error) {
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := b.Store.People(ctx, caseID, p)
		if err != nil {
			return workspace.Person{}, err
		}
		for _, x := range l.Items {
			if x.ID == name || x.Pseudonym == name {
				return x, nil
			}
		}
		if p.After = l.Next; p.After == "" {
			return workspace.Person{}, fmt.Errorf("person %s in case %s: %w", name, caseID, workspace.ErrNotFound)
		}
	}
}

// A Happening is an event, and whom it concerns.
type Happening struct {
	notice.Event
	People []string // by id; nil: everybody who asked
	Known  string   // the day on which it was known
}

// Due drafts a notice for each person who asked to be told of what happened,
// once, and of nothing that was known before they asked. Whoever cannot be reached gets one in the state NoChannel, so that
// nothing is lost; it becomes a draft when there is a way.
func (b *Box) Due(ctx context.Context, caseID string, happened []Happening) ([]Notice, error) {
	wishes, err := b.Wishes(ctx, caseID)
	if err != nil {
		return nil, err
	}
	existing, err := b.Notices(ctx, caseID)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*Notice{}
	for i := range existing {
		byKey[existing[i].key] = &existing[i]
	}
	var made []Notice
	for _, w := range wishes {
		for _, h := range happened {
			if !slices.Contains(w.Events, h.Kind) || h.Known < w.Since || (h.People != nil && !slices.Contains(h.People, w.Person)) {
				continue
			}
			n, err := b.draft(ctx, caseID, w, h.Event, byKey[keyOf(w.Person, h.Event)])
			if errors.Is(err, workspace.ErrExists) {
				continue // another process was first
			}
			if err != nil {
				return made, err
			}
			if n != nil {
				made = append(made, *n)
			}
		}
	}
	return made, nil
}

// keyOf names what there is one notice of. It does not tell the person's name.
func keyOf(person string, e notice.Event) string {
	sum := sha256.Sum256([]byte(e.Cause()))
	return person + " " + hex.EncodeToString(sum[:12])
}

// draft writes a notice, or turns one that had no channel into a draft; nil
// where nothing is to be done.
func (b *Box) draft(ctx context.Context, caseID string, w Wish, e notice.Event, old *Notice) (*Notice, error) {
	if old != nil && old.State != notice.NoChannel {
		return nil, nil
	}
	p, err := b.person(ctx, caseID, w.Person)
	if err != nil {
		return nil, err
	}
	n := Notice{Case: caseID, Person: p.ID, State: notice.Draft, Channel: w.Channel, Lang: w.Lang, Event: e, Address: w.Address, key: keyOf(p.ID, e)}
	if n.Address == "" {
		n.Address = notice.Address(w.Channel, p.Private.Reach)
	}
	if n.Address == "" {
		if old != nil {
			return nil, nil
		}
		n.State = notice.NoChannel
	}
	if n.Text, err = notice.Compose(w.Channel, w.Lang, e, b.Config); err != nil {
		return nil, err
	}
	if w.Channel == notice.Mail {
		n.MessageID = notice.NewMessageID(b.Config.From)
	}
	act := "notice.drafted"
	if old != nil {
		n.ID, n.Version = old.ID, old.Version
	}
	return &n, b.put(ctx, &n, act)
}

// put writes the next version of a notice.
func (b *Box) put(ctx context.Context, n *Notice, act string) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	e := workspace.Entry{ID: n.ID, Version: n.Version, Case: n.Case, Kind: KindNotice, Key: n.key, Body: body, Act: act}
	if n.Person != "" {
		e.People = []string{n.Person}
	}
	if e, err = b.Store.PutEntry(ctx, e); err != nil {
		return err
	}
	n.ID, n.Version = e.ID, e.Version
	return nil
}

// Notices lists the notices of a case, in the order of their last move.
func (b *Box) Notices(ctx context.Context, caseID string) ([]Notice, error) {
	list, err := b.Store.AllEntries(ctx, caseID, KindNotice)
	if err != nil {
		return nil, err
	}
	out := make([]Notice, len(list))
	for i, e := range list {
		if out[i], err = Parse(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Parse reads a notice from its entry, of whatever version.
func Parse(e workspace.Entry) (n Notice, err error) {
	if e.Kind != KindNotice {
		return n, fmt.Errorf("entry %s: %w: it is no notice", e.ID, workspace.ErrInvalid)
	}
	if err := json.Unmarshal(e.Body, &n); err != nil {
		return n, fmt.Errorf("entry %s: %w", e.ID, err)
	}
	n.ID, n.Version, n.Case, n.key = e.ID, e.Version, e.Case, e.Key
	return n, nil
}

// Notice returns one.
func (b *Box) Notice(ctx context.Context, id string) (Notice, error) {
	e, err := b.Store.Entry(ctx, id)
	if err != nil {
		return Notice{}, err
	}
	return Parse(e)
}

// move takes a notice to another state, with what was said of it.
func (b *Box) move(ctx context.Context, n *Notice, to notice.State, detail string) error {
	if err := notice.Move(n.State, to); err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	next := *n
	next.State, next.Detail = to, detail
	if to != notice.Sending {
		next.Until = ""
	}
	if err := b.put(ctx, &next, "notice."+string(to)); err != nil {
		return err
	}
	*n = next
	return nil
}
