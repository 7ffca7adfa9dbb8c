package testevidence

import "time"

// Two attacks are planted as courses of events, so that what is found of them
// can be set against the published course: of Pegasus, by a message whose link
// is opened, with a program that uses the network and traces that are removed
// (Amnesty, 2021); and of Predator, by a profile and a program in a temporary
// folder (Citizen Lab, 2021). All other planted traces lie anywhere in time.

// pegasus returns a time after the message with the link of 2019 was sent.
func (b *builder) pegasus(after time.Duration) time.Time {
	special := b.specialTexts()
	for k, t := range special {
		if t.trace == "sms_port" {
			return newClock(random{}, smsClock(b.o.Messages)).base(specialPlace(k, len(special), b.o.Messages) + 1).Add(after)
		}
	}
	return first.Add(after)
}

// predator returns a time of the attack with Predator.
func (b *builder) predator(after time.Duration) time.Time {
	return last.AddDate(0, -4, 0).Add(after)
}

// specialTexts are all that is planted among the messages, in their order.
func (b *builder) specialTexts() (special []text) {
	if b.o.Plant {
		special = append(append(special, plantedTexts()...), historyTexts()...)
	}
	if b.o.Decoys {
		special = append(special, decoyTexts()...)
	}
	return special
}

// specialPlace spreads special texts evenly among n messages.
func specialPlace(k, specials, n int) int { return (k + 1) * n / (specials + 1) }

// smsClock is how many times the clock of n messages has: a few more come
// after them.
func smsClock(n int) int { return n + 8 }
