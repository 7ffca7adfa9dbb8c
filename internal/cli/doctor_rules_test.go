package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/vault/s3"
)

type ruledBy struct {
	rules s3.Rules
	err   error
}

func (r ruledBy) Rules(context.Context) (s3.Rules, error) { return r.rules, r.err }

// TestDoctorRules says of a bucket's lifecycle what it means for evidence: a rule
// that removes it fails, in both languages, with what to do.
func TestDoctorRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of          ruledBy
		state       string
		says, hint  string
		saysSpanish string
	}{
		{ruledBy{rules: s3.Rules{Known: true, Removes: []string{"tidy", "old"}, EndsUploads: time.Hour}}, failing, "tidy, old", "take these rules away", "borran"},
		{ruledBy{rules: s3.Rules{Known: true, Moves: []string{"cold"}}}, warning, "(cold)", "", "otra clase"},
		{ruledBy{rules: s3.Rules{Known: true, EndsUploads: 7 * 24 * time.Hour}}, healthy, "after 7 days by a rule", "", "a los 7 días"},
		{ruledBy{rules: s3.Rules{Known: true}}, healthy, "by workers", "", "los trabajadores"},
		{ruledBy{}, skipped, "does not tell them", "", "estas credenciales"},
		{ruledBy{err: s3.ErrUnreachable}, failing, s3.ErrUnreachable.Error(), "", s3.ErrUnreachable.Error()},
	} {
		for lang, says := range map[string]string{"en": c.says, "es": c.saysSpanish} {
			var out bytes.Buffer
			d := &doctor{app: &app{Streams{Out: &out, Now: time.Now}, message.New(lang), t.Context()}}
			d.rules(t.Context(), c.of)
			d.print()
			if d.found[0].State != c.state || !strings.Contains(out.String(), says) || c.state == failing && d.found[0].Hint == "" {
				t.Errorf("%+v: %s", c.of, out.String())
			}
			if lang == "en" && !strings.Contains(d.found[0].Hint, c.hint) {
				t.Errorf("hint %q", d.found[0].Hint)
			}
		}
	}
}
