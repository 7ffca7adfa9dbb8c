package job

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestPasses: what is wrong with a deployment may be mended, and its jobs wait for
// that; of evidence it is the same each time.
func TestPasses(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][]error{
		true: {
			s3.ErrUnreachable, s3.ErrCertificate, s3.ErrRefused, s3.ErrClock, s3.ErrNoBucket, s3.ErrOther, vault.ErrElsewhere,
			workspace.ErrUnreachable, workspace.ErrDiskFull, syscall.ENOSPC,
		},
		false: {vault.ErrDamaged, evidence.ErrNotEvidence, workspace.ErrNoConsent, ErrPassword, errors.New("another")},
	} {
		for _, err := range list {
			if got := passes(fmt.Errorf("read: %w", err)); got != want {
				t.Errorf("%v: %v", err, got)
			}
		}
	}
}
