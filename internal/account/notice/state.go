// Package notice tells people that their case has moved, and keeps proof of
// it. A notice is drafted from templates, approved by a human, and sent once:
// State says which moves there are, and what is not known after a crash is
// asked of a human, never guessed.
//
// A mail says nothing of the case: the phone that receives it may be watched.
package notice

import (
	"errors"
	"fmt"
	"slices"
)

// State is how far a notice has come.
type State string

// The states. Draft waits for a human; Queued was approved; Sending has been
// begun by a process, under a Message-ID that was fixed before; Sent was
// accepted by the server, handed over or told; Failed was surely not sent;
// Unclear may have been; Read was read by the person; Cancelled was called
// off. NoChannel waits until there is a way to reach the person.
const (
	Draft     State = "draft"
	NoChannel State = "no_channel"
	Queued    State = "queued"
	Sending   State = "sending"
	Sent      State = "sent"
	Failed    State = "failed"
	Unclear   State = "unclear"
	Read      State = "read"
	Cancelled State = "cancelled"
)

// States lists them all.
var States = []State{Draft, NoChannel, Queued, Sending, Sent, Failed, Unclear, Read, Cancelled}

// moves are the moves that there are. What goes back to Queued keeps its
// Message-ID; Unclear only by a human, who says what happened.
var moves = map[State][]State{
	NoChannel: {Draft, Cancelled},
	Draft:     {Queued, Cancelled},
	Queued:    {Sending, Sent, Cancelled},      // straight to Sent: told by phone, or a letter that was handed over
	Sending:   {Sent, Failed, Unclear, Queued}, // back to Queued: surely not sent, and tried again by itself
	Failed:    {Queued, Cancelled},
	Unclear:   {Sent, Failed},
	Sent:      {Read},
}

// ErrMove says that a notice cannot go from its state to the other.
var ErrMove = errors.New("this notice cannot do that now")

// Move reports whether a notice may go from one state to the other. The error
// wraps ErrMove.
func Move(from, to State) error {
	if !slices.Contains(moves[from], to) {
		return fmt.Errorf("%w: it is %s, and %s follows only on %v", ErrMove, from, to, before(to))
	}
	return nil
}

func before(to State) []State {
	var out []State
	for _, s := range States {
		if slices.Contains(moves[s], to) {
			out = append(out, s)
		}
	}
	return out
}

// Channels by which a person is told.
const (
	Mail   = "mail"
	Letter = "letter"
	Phone  = "phone"
)

// Channels lists them all.
var Channels = []string{Mail, Letter, Phone}

// Kinds of events of which people are told.
const (
	FindingConfirmed = "finding"
	AnswerReceived   = "answer"
	TermPassed       = "term"
)

// Events lists them all.
var Events = []string{FindingConfirmed, AnswerReceived, TermPassed}
