package browsertest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/cli"
)

// serveTeam starts "amparo serve" for a team at localhost, with a manager who
// has a link.
func serveTeam(t *testing.T) (base, link string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("AMPARO_HOME", home)
	t.Setenv("AMPARO_PASSPHRASE", passphrase)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	base = "http://localhost" + addr[strings.LastIndex(addr, ":"):]
	amparo(t, "", "workspace", "init", "--name", "ana")
	link = amparo(t, "", "member", "invite", "--url", base)
	out := &printed{some: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- cli.Main(ctx, []string{"serve", "--addr", addr, "--url", base, "--lang", "en"}, cli.Streams{Out: out, Err: out})
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("serve ended with %d: %s", code, out.b.String())
		}
	})
	select {
	case <-out.some:
	case code := <-done:
		done <- code
		t.Fatalf("serve ended: %s", out.b.String())
	case <-time.After(time.Minute):
		t.Fatal("serve does not start")
	}
	return base, link
}

// authenticator gives the browser a device with a finger on it: its own, or one
// on a wire.
func authenticator(t *testing.T, ctx context.Context, prf, wire bool) {
	t.Helper()
	transport := webauthn.AuthenticatorTransportInternal
	if wire {
		transport = webauthn.AuthenticatorTransportUsb
	}
	run(t, ctx, webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: transport,
			HasResidentKey: true, HasUserVerification: true, HasPrf: prf, AutomaticPresenceSimulation: true, IsUserVerified: true,
		}).Do(ctx)
		return err
	}))
}

// TestTeam goes the way of a manager and of somebody whom they invite: links,
// passphrases, passkeys, and out again; with a device that opens cases by
// itself, and with one that does not.
func TestTeam(t *testing.T) {
	for name, prf := range map[string]bool{"prf": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			base, link := serveTeam(t)
			ctx := browser(t)
			quiet(t, ctx, base)
			authenticator(t, ctx, prf, false)
			at := func(css string) { run(t, ctx, chromedp.WaitVisible(css, chromedp.ByQuery)) }
			run(t, ctx, chromedp.EmulateViewport(1200, 900), chromedp.Navigate(base), chromedp.WaitVisible("form[data-passkey]", chromedp.ByQuery))
			if prf {
				look(t, ctx, "web-signin")
			}
			run(t, ctx, chromedp.Navigate(link))
			submit(t, ctx, "main button")
			at("#passphrase")
			fill(t, ctx, "#passphrase", passphrase)
			submit(t, ctx, "main form.card button")
			run(t, ctx, chromedp.Navigate(base+"/me"))
			fill(t, ctx, "#new-name", "the laptop")
			run(t, ctx, chromedp.Click("form[data-passkey] button", chromedp.ByQuery))
			at(".notice")
			// Somebody is invited.
			run(t, ctx, chromedp.Navigate(base+"/members"))
			fill(t, ctx, "#name", "luz")
			submit(t, ctx, `form[action="/members/invite"] button`)
			join := ask[string](t, ctx, `document.querySelector(".notice pre").textContent`)
			if prf {
				look(t, ctx, "web-me-members")
				run(t, ctx, chromedp.Navigate(base+"/me"))
				look(t, ctx, "web-me")
				run(t, ctx, chromedp.Click(`button[value=es]`, chromedp.ByQuery), chromedp.WaitVisible(`html[lang=es]`, chromedp.ByQuery))
				run(t, ctx, chromedp.EmulateViewport(390, 844), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
				look(t, ctx, "web-me-phone-dark-es")
				run(t, ctx, chromedp.Navigate(base+"/members"))
				look(t, ctx, "web-members-phone-dark-es")
				run(t, ctx, chromedp.EmulateViewport(1200, 900), emulation.SetEmulatedMedia())
				run(t, ctx, chromedp.Click(`button[value=en]`, chromedp.ByQuery), chromedp.WaitVisible(`html[lang=en]`, chromedp.ByQuery))
			}
			submit(t, ctx, `form[action="/lock"] button`)
			// Back in by the passkey: with what it gives, the second time opens by itself.
			for try := range 2 {
				at("form[data-passkey] button:not([disabled])")
				run(t, ctx, chromedp.Click("form[data-passkey] button", chromedp.ByQuery), chromedp.WaitVisible(`#passphrase, form[action="/lock"].bare`, chromedp.ByQuery))
				asked := ask[bool](t, ctx, `!!document.querySelector("#passphrase")`)
				if !prf && !asked || prf && try == 1 && asked {
					t.Errorf("sign-in %d: asked for the passphrase: %v", try, asked)
				}
				if asked {
					fill(t, ctx, "#passphrase", passphrase)
					submit(t, ctx, "main form.card button")
				}
				run(t, ctx, chromedp.Navigate(base+"/me"))
				at("#sessions")
				submit(t, ctx, `form[action="/lock"] button`)
			}
			// The one who was invited.
			run(t, ctx, chromedp.Navigate(strings.TrimSpace(join)))
			if prf {
				look(t, ctx, "web-join")
			}
			fill(t, ctx, "#passphrase", passphrase+" of luz", "#repeat", passphrase+" of luz")
			submit(t, ctx, "main form.card button")
			at("form[data-passkey]")
			if got := ask[string](t, ctx, `document.querySelector(".notice").textContent`); !strings.Contains(got, "You are a member now") {
				t.Errorf("after joining the page says %q", got)
			}
			if prf {
				removesPasskey(t, ctx, base)
				removesMember(t, ctx, base)
			}
		})
	}
}
