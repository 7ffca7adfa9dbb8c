package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/backup"
	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/androidfiles"
	"github.com/amparo-project/amparo/internal/evidence/iosbackup"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/format/ab"
	"github.com/amparo-project/amparo/internal/format/keybag"
	"github.com/amparo-project/amparo/internal/ledger/stamp"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/web"
	"github.com/amparo-project/amparo/internal/workspace"
)

// hints maps errors to the message that says what to do about them. The first
// that fits is taken.
var hints = []struct {
	err error
	id  string
}{
	{keybag.ErrWrongPassword, "cli.hint.password"},
	{ab.ErrWrongPassword, "cli.hint.password"},
	{errNoPassword, "cli.hint.no_password"},
	{pipeline.ErrNotEmpty, "cli.hint.not_empty"},
	{iosbackup.ErrInside, "cli.hint.out_inside"},
	{web.ErrNotLoopback, "cli.hint.not_loopback"},
	{web.ErrNobody, "cli.hint.nobody"},
	{errExpired, "cli.hint.expired"},
	{workspace.ErrLastManager, "web.error.last_manager"},
	{workspace.ErrOnlyKey, "web.error.only_key"},
	{syscall.EADDRINUSE, "cli.hint.address_in_use"},
	{client.ErrToken, "server.hint.token"},
	{client.ErrAddress, "server.hint.address"},
	{client.ErrRefused, "server.hint.refused"},
	{workspace.ErrNone, "ws.hint.none"},
	{backup.ErrInUse, "backup.hint.in_use"},
	{backup.ErrNotForYou, "backup.hint.not_for_you"},
	{backup.ErrDamaged, "backup.hint.damaged"},
	{backup.ErrNoBackup, "backup.hint.none"},
	{errMissing, "backup.hint.missing"},
	{errUnhealthy, "doctor.hint"},
	{s3.ErrUnreachable, "ws.hint.s3_unreachable"},
	{s3.ErrRefused, "ws.hint.s3_refused"},
	{s3.ErrNoBucket, "ws.hint.s3_no_bucket"},
	{s3.ErrCertificate, "ws.hint.s3_certificate"},
	{s3.ErrClock, "ws.hint.s3_clock"},
	{s3.ErrOther, "ws.hint.s3_other"},
	{workspace.ErrNewer, "ws.hint.newer"},
	{workspace.ErrDamaged, "ws.hint.damaged"},
	{workspace.ErrNotMember, "ws.hint.not_member"},
	{workspace.ErrNotAllowed, "ws.hint.not_allowed"},
	{workspace.ErrNoAccess, "ws.hint.no_access"},
	{workspace.ErrNotWorker, "worker.hint.not_worker"},
	{workspace.ErrSharedKey, "ws.hint.shared_key"},
	{workspace.ErrNoneShared, "web.error.none_shared"},
	{workspace.ErrCertificate, "worker.hint.certificate"},
	{workspace.ErrCrowded, "worker.hint.crowded"},
	{workspace.ErrNoEntry, "ws.hint.no_entry"},
	{workspace.ErrUnreachable, "worker.hint.unreachable"},
	{stamp.ErrNotProven, "ws.hint.stamp"},
	{exhibit.ErrNotShared, "export.hint.not_shared"},
	{client.ErrNotShared, "export.hint.not_shared"},
	{exhibit.ErrNotOurs, "export.hint.not_ours"},
	{bagit.ErrDiffers, "ws.hint.vault_damaged"},
	{workspace.ErrNoConsent, "ws.hint.no_consent"},
	{workspace.ErrBusy, "ws.hint.busy"},
	{workspace.ErrDiskFull, "ws.hint.disk_full"},
	{workspace.ErrReadOnly, "ws.hint.read_only"},
	{errIdentityLocked, "cli.hint.identity_passphrase"},
	{androidfiles.ErrWrongIdentity, "cli.hint.wrong_identity"},
	{seal.ErrWrongPassphrase, "ws.hint.passphrase"},
	{seal.ErrNoPassphrase, "ws.hint.passphrase"},
	{errNoIdentity, "ws.hint.identity"},
	{errNoWorkerKey, "worker.hint.key"},
	{vault.ErrChanged, "ws.hint.changed"},
	{vault.ErrElsewhere, "ws.hint.elsewhere"},
	{vault.ErrDamaged, "ws.hint.vault_damaged"},
	{casework.ErrContradictions, "publish.hint_contradictions"},
	{notice.ErrConfig, "notices.hint_config"},
	{outbox.ErrSending, "notices.hint_sending"},
	{syscall.ENOSPC, "cli.hint.disk_full"},
	{errHalfWritten, "cli.hint.interrupted_out"},
	{context.Canceled, "cli.hint.interrupted"},
	{fs.ErrPermission, "cli.hint.permission"},
	{evidence.ErrNotEvidence, "cli.hint.not_backup"},
	{feed.ErrUnsigned, "indicators.hint_unsigned"},
	{feed.ErrBroken, "indicators.hint_pack"},
	{errSet, "indicators.hint_list"},
	{feed.ErrNoFeed, "feeds.hint_list"},
	{feed.ErrSeveral, "feeds.hint_list"},
	{feed.ErrOff, "feeds.hint_on"},
	{feed.ErrTogether, "web.feeds.together"},
	{feed.ErrByHand, "feeds.hint_by_hand"},
	{settings.ErrOwnFeeds, "web.feeds.own"},
	{limit.ErrCorrupt, "cli.hint.corrupt"},
}

// hint says what a person can do about err, "" where nothing is known.
func (a *app) hint(err error) string {
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return a.Text(h.id)
		}
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return a.Text("server.hint.expired")
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return a.Text("server.hint.certificate")
	}
	return ""
}

// outside refuses a folder to write to that lies in the evidence.
func outside(dir, evidencePath string) error {
	in, err := vault.Resolve(evidencePath)
	if err != nil {
		return err
	}
	if len(evidence.Packed(evidencePath)) > 0 {
		return nil // an archive, perhaps in another one, has no folder to write to
	}
	if info, err := os.Stat(in); err != nil || !info.IsDir() {
		return err
	}
	out, err := vault.Resolve(dir)
	if err != nil {
		return err
	}
	if out == in || strings.HasPrefix(out, in+string(filepath.Separator)) {
		return iosbackup.ErrInside
	}
	return nil
}
