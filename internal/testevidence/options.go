package testevidence

import (
	"fmt"
	"time"
)

// Options say what backup to write. The zero value of a field means its
// default.
type Options struct {
	// Seed chooses the content; everything else follows from it.
	Seed uint64
	// Messages is the size: rows of sms.db. The rest is in proportion: for
	// 500,000 of them 65,000 messages of WhatsApp, 250,000 files of the
	// manifest, 80,000 visits: 1.2 million events in 600 MB. Default 2,000.
	Messages int

	// Encrypted writes the backup as iTunes does with a password.
	Encrypted bool
	// Password is that of an encrypted backup. Default "amparo".
	Password string
	// Iterations of the first derivation (PBKDF2 with SHA-256, DPIC in the
	// keybag). Phones use 10,000,000. Default 1,000.
	Iterations int
	// Iterations2 of the second derivation (SHA-1, ITER). Default 10,000, as
	// on phones.
	Iterations2 int
	// PreIOS102 leaves the first derivation out, as iOS before 10.2 did.
	PreIOS102 bool

	// ProductType, Version and Build are the phone's and its system's.
	// Default: an iPhone 13 with iOS 18.6.2.
	ProductType, Version, Build string

	// Plant puts published traces in, and Decoys near misses of them.
	Plant, Decoys bool
	// WAL leaves write-ahead logs behind that were not checkpointed, as
	// entries of the manifest of their own, with planted traces in them.
	WAL bool
	// Partial leaves out the files that no parser reads (photos, caches):
	// the manifest names them, the folder does not hold them. For benchmarks.
	Partial bool
	// OtherBytes makes each of those files so much larger, in bytes: most of
	// what a phone holds is photos.
	OtherBytes int
}

// ProductionIterations is what iOS uses for the first derivation.
const ProductionIterations = 10_000_000

// last is when the synthetic phone was backed up; first is its oldest event.
var (
	last  = time.Date(2025, 9, 10, 18, 30, 0, 0, time.UTC)
	first = time.Date(2020, 9, 12, 9, 0, 0, 0, time.UTC)
)

func (o Options) withDefaults() (Options, error) {
	if o.Messages == 0 {
		o.Messages = 2000
	}
	if o.Messages < 100 || o.Messages > 5_000_000 {
		return o, fmt.Errorf("messages: %d is not between 100 and 5,000,000", o.Messages)
	}
	if o.Iterations < 0 || o.Iterations2 < 0 {
		return o, fmt.Errorf("iterations: a negative number")
	}
	o.Password = or(o.Password, "amparo")
	o.Iterations = or(o.Iterations, 1000)
	o.Iterations2 = or(o.Iterations2, 10_000)
	o.ProductType = or(o.ProductType, "iPhone14,5")
	o.Version = or(o.Version, "18.6.2")
	o.Build = or(o.Build, "22G100")
	return o, nil
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// clamp returns n, at least low and at most high.
func clamp(n, low, high int) int { return min(max(n, low), high) }
