package ios

import (
	"context"
	"errors"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// storeKind is the kind of a record that tells of a chat app's store that
// cannot be read: that the app was there, and how much is in it, is a fact.
var storeKind = artifact.KindInfo{
	Kind: "store",
	Doc:  "A database of the app that is encrypted: none of its messages was read.",
	Fields: []artifact.FieldInfo{
		{Name: "encrypted", Type: artifact.Bool, Doc: "it is encrypted, and its key is not in this file"},
		{Name: "size", Type: artifact.Int, Doc: "its bytes"},
		{Name: "reason", Type: artifact.Text, Doc: "what the encryption was known by"},
	},
}

// readChatStore is readDatabase for an app that may encrypt its store. Of one
// that is encrypted it yields a record before the error that ends the reading.
func readChatStore(ctx context.Context, in *artifact.Input, read func(*reading) error) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		for rec, err := range readDatabase(ctx, in, read) {
			if errors.Is(err, limit.ErrEncrypted) && !yield(encryptedStore(in, err), nil) {
				return
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func encryptedStore(in *artifact.Input, err error) *artifact.Record {
	rec := &artifact.Record{Kind: storeKind.Kind}
	rec.Loc = artifact.Location{Path: in.Path, Length: in.Size}
	rec.Set("encrypted", artifact.BoolValue(true))
	rec.Set("size", artifact.IntValue(in.Size))
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
		err = cause
		if errors.Unwrap(cause) == limit.ErrEncrypted { //nolint:errorlint // the link of the chain itself, which says why
			break
		}
	}
	rec.Set("reason", artifact.TextValue(err.Error()))
	path := in.Path
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "encrypted store, not read: ", path) }
	return rec
}
