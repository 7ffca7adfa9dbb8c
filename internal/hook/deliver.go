package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Bounds of one attempt.
const (
	attemptTime = 15 * time.Second
	maxAnswer   = 64 << 10 // bytes that are read, so that the connection ends well
	atOnce      = 4        // so that a slow receiver does not hold up the others
	lookEvery   = 2 * time.Second
)

// Store is what a deliverer needs of a workspace.
type Store interface {
	GatherEvents(ctx context.Context) error
	ClaimDelivery(ctx context.Context) (workspace.Outgoing, error)
	EndDelivery(ctx context.Context, o *workspace.Outgoing, status int, failure string) error
}

// Deliverer sends what waits in the outbox. Several may run on one workspace:
// each delivery is taken by one.
type Deliverer struct {
	Store   Store
	Now     func() time.Time
	Log     *slog.Logger   // told of ids and kinds of failures alone
	Allow   []netip.Prefix // networks that may be reached though they are private
	Version string
	Roots   *x509.CertPool // nil: those of the system

	once   sync.Once
	wake   chan struct{}
	client *http.Client
}

func (d *Deliverer) init() {
	d.once.Do(func() {
		d.wake = make(chan struct{}, 1)
		dialer := &net.Dialer{Timeout: attemptTime / 2, Control: d.control}
		d.client = &http.Client{
			Timeout:       attemptTime,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy: nil, DialContext: dialer.DialContext, TLSHandshakeTimeout: attemptTime / 2, DisableKeepAlives: true, ForceAttemptHTTP2: true,
				TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: d.Roots}, MaxResponseHeaderBytes: maxAnswer, DisableCompression: true,
			},
		}
	})
}

// control sees each address before a connection to it is made: after the name
// was looked up, so that no name leads where none may.
func (d *Deliverer) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !reachable(at.Addr(), d.Allow) {
		return errRefused
	}
	return nil
}

var errRefused = fmt.Errorf("%w: a private network", ErrAddress)

// Wake says that something waits.
func (d *Deliverer) Wake() {
	d.init()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends.
func (d *Deliverer) Run(ctx context.Context) {
	d.init()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := d.Once(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "webhooks", fault.Kind(err))
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-tick.C:
		}
	}
}

// Once gathers what happened and sends all that is due.
func (d *Deliverer) Once(ctx context.Context) error {
	d.init()
	if err := d.Store.GatherEvents(ctx); err != nil {
		return err
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	slots := make(chan struct{}, atOnce)
	for ctx.Err() == nil {
		o, err := d.Store.ClaimDelivery(ctx)
		switch {
		case errors.Is(err, workspace.ErrBusy):
			continue
		case errors.Is(err, workspace.ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			d.deliver(ctx, &o)
		})
	}
	return nil
}

// deliver makes one attempt and writes what came of it.
func (d *Deliverer) deliver(ctx context.Context, o *workspace.Outgoing) {
	status, err := d.send(ctx, o)
	if ctx.Err() != nil {
		return // it was not the receiver: the delivery is taken again when its time is over
	}
	if err := d.Store.EndDelivery(ctx, o, status, failure(status, err)); err != nil {
		d.Log.ErrorContext(ctx, "end of a delivery not written", "delivery", o.ID, fault.Kind(err))
	}
}

func (d *Deliverer) send(ctx context.Context, o *workspace.Outgoing) (status int, err error) {
	if err := CheckURL(o.URL); err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, bytes.NewReader(o.Body))
	if err != nil {
		return 0, err
	}
	now := d.Now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "amparo/"+d.Version)
	r.Header[HeadID] = []string{o.ID} // in small letters, as the specification has them
	r.Header[HeadTime] = []string{strconv.FormatInt(now.Unix(), 10)}
	r.Header[HeadSignature] = []string{Sign(o.Secret, o.ID, now, o.Body)}
	res, err := d.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // nothing of it is kept
	return res.StatusCode, nil
}

// failure is the kind of what went wrong: never the text of an error, which may
// quote an address.
func failure(status int, err error) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		out  interface{ Timeout() bool }
	)
	switch {
	case err == nil && status >= 200 && status < 300:
		return ""
	case err == nil && status >= 300 && status < 400:
		return "redirect"
	case err == nil:
		return "status"
	case errors.Is(err, ErrAddress):
		return "refused_address"
	case errors.As(err, &cert):
		return "certificate"
	case errors.As(err, &dns):
		return "name"
	case errors.As(err, &out) && out.Timeout():
		return "timeout"
	}
	return "connection"
}
