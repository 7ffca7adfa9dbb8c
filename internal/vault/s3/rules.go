package s3

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
)

// Rules are what a bucket does by itself with what the vault keeps in it: its
// lifecycle, as far as that says something of the vault.
type Rules struct {
	// Known is false where the store has no such rules, or does not tell them to
	// these credentials.
	Known bool
	// Removes are the names of rules that remove segments after a time: what they
	// hold is lost.
	Removes []string
	// Moves are the names of rules that move segments to another class, from which
	// they may have to be fetched back before anybody can read them.
	Moves []string
	// EndsUploads is after how long an upload that nobody completed is ended; 0:
	// by no rule.
	EndsUploads time.Duration
}

// Rules asks the store for the rules of the bucket. A store without them is no
// error.
func (b *Bucket) Rules(ctx context.Context) (Rules, error) {
	c, err := b.core.GetBucketLifecycle(ctx, b.place.Bucket)
	if err != nil {
		answer := minio.ToErrorResponse(err)
		switch {
		case answer.Code == "NoSuchLifecycleConfiguration":
			return Rules{Known: true}, nil
		case answer.StatusCode >= 400 && answer.StatusCode < 500, answer.StatusCode == http.StatusNotImplemented:
			return Rules{}, nil
		}
		return Rules{}, b.explain("rules", err)
	}
	r := Rules{Known: true}
	for i := range c.Rules {
		r.take(&c.Rules[i], b.place.Prefix+segments)
	}
	return r, nil
}

// take notes what a rule says of what lies below a prefix.
func (r *Rules) take(one *lifecycle.Rule, below string) {
	prefix := one.Prefix + one.RuleFilter.Prefix + one.RuleFilter.And.Prefix // one of them is there
	if one.Status != "Enabled" || !strings.HasPrefix(below, prefix) && !strings.HasPrefix(prefix, below) {
		return
	}
	if x := &one.Expiration; x.Days > 0 || !x.Date.IsZero() || one.AllVersionsExpiration.Days > 0 {
		r.Removes = append(r.Removes, one.ID)
	}
	if x := &one.Transition; x.StorageClass != "" {
		r.Moves = append(r.Moves, one.ID)
	}
	days := time.Duration(one.AbortIncompleteMultipartUpload.DaysAfterInitiation) * 24 * time.Hour
	if days > 0 && strings.HasPrefix(below, prefix) && (r.EndsUploads == 0 || days < r.EndsUploads) {
		r.EndsUploads = days
	}
}
