package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// newPasskeys is the relying party of a public address: credentials that its
// devices keep and name by themselves, which ask for a finger, a face or a PIN.
func newPasskeys(at *url.URL) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: at.Hostname(), RPDisplayName: "Amparo", RPOrigins: []string{at.String()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
	})
}

// errPasskey says that an answer of a passkey is not the one that was asked for.
var errPasskey = errors.New("the passkey's answer does not fit")

// keyUser is a member as the library sees them.
type keyUser struct {
	member workspace.Member
	list   []workspace.Passkey
	keys   []webauthn.Credential
}

func (u *keyUser) WebAuthnID() []byte                         { return []byte(u.member.ID) }
func (u *keyUser) WebAuthnName() string                       { return u.member.Name }
func (u *keyUser) WebAuthnDisplayName() string                { return u.member.Name }
func (u *keyUser) WebAuthnCredentials() []webauthn.Credential { return u.keys }

func (s *Server) keyUser(ctx context.Context, id string) (*keyUser, error) {
	d, err := s.door(ctx)
	if err != nil {
		return nil, err
	}
	u := &keyUser{}
	if u.member, err = d.Member(ctx, id); err != nil {
		return nil, err
	}
	if u.list, err = d.PasskeysOf(ctx, id); err != nil {
		return nil, err
	}
	for i := range u.list {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(u.list[i].Record), &c); err != nil {
			return nil, fmt.Errorf("passkey: %w: %w", workspace.ErrDamaged, err)
		}
		u.keys = append(u.keys, c)
	}
	return u, nil
}

// asked is the value for which a passkey gives the secret that opens the
// identity: one for each workspace, for at sign-in nobody is known yet.
func (s *Server) asked(ctx context.Context) (protocol.PRFValues, error) {
	d, err := s.door(ctx)
	if err != nil {
		return protocol.PRFValues{}, err
	}
	sum := sha256.Sum256([]byte("amparo identity of a member of " + d.Info().UID))
	return protocol.PRFValues{First: sum[:]}, nil
}

// passkeyKey is the key under which a passkey keeps the identity, from what it
// gave; false where it gave nothing.
func passkeyKey(gave []byte) (seal.Key, bool) {
	key, err := seal.DeriveKey(gave, "passkey")
	return key, err == nil
}

// ceremony is a sign-in that was begun, as the database keeps it.
type ceremony struct {
	Kind   string                `json:"kind"`             // what it is for
	Member string                `json:"member,omitempty"` // who began it, where somebody is in
	Key    *webauthn.SessionData `json:"key,omitempty"`
	OIDC   *oidcState            `json:"oidc,omitempty"`
}

// Kinds of ceremonies.
const (
	toSignIn   = "sign in"
	toRegister = "register"
	toTie      = "tie"
)

const ceremonyLife = 5 * time.Minute

func (s *Server) ceremonyCookie() string {
	if s.secure() {
		return "__Host-amparo_signin"
	}
	return "amparo_signin"
}

// begin keeps a ceremony for the browser that asked. A provider sends the
// browser back from elsewhere: there the cookie cannot be a strict one.
func (q *request) begin(c ceremony, same http.SameSite) error {
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	cookie := secret()
	//nolint:gosec // Secure where there is TLS
	http.SetCookie(q.w, &http.Cookie{
		Name: q.s.ceremonyCookie(), Value: cookie, Path: "/", MaxAge: int(ceremonyLife.Seconds()),
		HttpOnly: true, Secure: q.s.secure(), SameSite: same,
	})
	return d.Begin(q.ctx(), workspace.SecretID(cookie), string(text), ceremonyLife)
}

// finish takes the ceremony that the browser began, once.
func (q *request) finish(kinds ...string) (c ceremony, err error) {
	cookie, err := q.r.Cookie(q.s.ceremonyCookie())
	if err != nil {
		return c, errPasskey
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return c, err
	}
	text, err := d.Finish(q.ctx(), workspace.SecretID(cookie.Value))
	if errors.Is(err, workspace.ErrNotFound) {
		return c, errPasskey
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, err
	}
	for _, k := range kinds {
		if c.Kind == k {
			return c, nil
		}
	}
	return c, errPasskey
}

// body reads what a script sent.
func (q *request) body() ([]byte, error) {
	data, err := limit.ReadAll(q.r.Body, maxForm)
	if err != nil {
		return nil, badRequest{err}
	}
	return data, nil
}

// signInBegin asks a passkey, whichever the device has for this address.
func (q *request) signInBegin() error {
	if err := q.teamOnly(); err != nil {
		return err
	}
	if q.s.guess(guessSignIn, q.r).wait() > 0 {
		return tooMany{}
	}
	ask, err := q.s.asked(q.ctx())
	if err != nil {
		return err
	}
	options, data, err := q.s.team.keys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired),
		webauthn.WithAssertionExtensions(webauthn.WithExtensionPRF(ask)))
	if err != nil {
		return err
	}
	if err := q.begin(ceremony{Kind: toSignIn, Key: data}, http.SameSiteStrictMode); err != nil {
		return err
	}
	return q.answer(options)
}

// signInFinish lets a member in by the answer of their passkey.
func (q *request) signInFinish() error {
	if err := q.teamOnly(); err != nil {
		return err
	}
	g := q.s.guess(guessSignIn, q.r)
	if g.wait() > 0 {
		return tooMany{}
	}
	u, used, gave, err := q.proven()
	if err != nil {
		if errors.Is(err, errPasskey) {
			g.failed()
		}
		return err
	}
	g.passed()
	in, err := used.inside(gave)
	if err != nil {
		return err
	}
	if err := q.signIn(u.member, "passkey", in); err != nil {
		return err
	}
	return q.answer(map[string]string{"next": q.inside()})
}

// inside is where a member goes on who is in.
func (q *request) inside() string {
	if q.space == nil {
		return q.s.first()
	}
	return "/cases"
}

// proven checks the answer of a passkey, and keeps its counter.
func (q *request) proven() (*keyUser, usedPasskey, []byte, error) {
	var used usedPasskey
	body, err := q.body()
	if err != nil {
		return nil, used, nil, err
	}
	c, err := q.finish(toSignIn)
	if err != nil {
		return nil, used, nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return nil, used, nil, errors.Join(errPasskey, err)
	}
	var u *keyUser
	_, key, err := q.s.team.keys.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		u, err = q.s.keyUser(q.ctx(), string(handle))
		return u, err
	}, *c.Key, parsed)
	if err != nil || key.Authenticator.CloneWarning {
		return nil, used, nil, errors.Join(errPasskey, err)
	}
	id := base64.RawURLEncoding.EncodeToString(key.ID)
	for _, p := range u.list {
		if p.ID == id {
			used.Passkey = p
		}
	}
	record, err := json.Marshal(key)
	if err != nil {
		return nil, used, nil, err
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return nil, used, nil, err
	}
	return u, used, given(parsed.ClientExtensionResults), d.PasskeyUsed(q.ctx(), id, string(record))
}

func given(out protocol.AuthenticationExtensionsClientOutputs) []byte {
	if out.PRF == nil || out.PRF.Results == nil {
		return nil
	}
	return out.PRF.Results.First
}

// usedPasskey is the one that a member signed in by.
type usedPasskey struct{ workspace.Passkey }

// inside opens the identity by what the passkey gave. Where it keeps none yet,
// the session remembers what it gave, for when the passphrase comes.
func (p usedPasskey) inside(gave []byte) (in inside, err error) {
	key, ok := passkeyKey(gave)
	if !ok {
		return in, nil
	}
	if len(p.Sealed) == 0 {
		return inside{Passkey: p.ID, Gave: gave}, nil
	}
	identity, err := key.Open(p.Sealed, p.ID)
	if errors.Is(err, seal.ErrWrongKey) { // the device gives something else now
		return inside{Passkey: p.ID, Gave: gave}, nil
	}
	return inside{Identity: string(identity)}, err
}

// openByPasskey lets the passkey by which a member signed in open the identity
// from now on, where it can.
func (q *request) openByPasskey(before *session, id seal.Identity) error {
	key, err := q.s.sessions.key(before.secret)
	if err != nil {
		return err
	}
	in, err := before.inside(key)
	if err != nil {
		return err
	}
	own, ok := passkeyKey(in.Gave)
	if !ok {
		return nil
	}
	err = q.space.OpenByPasskey(q.ctx(), in.Passkey, own.Seal([]byte(id.Secret()), in.Passkey))
	if errors.Is(err, workspace.ErrNotFound) { // it was removed meanwhile
		return nil
	}
	return err
}

// registerBegin asks a device for a new passkey.
func (q *request) registerBegin() error {
	if err := q.teamOnly(); err != nil {
		return err
	}
	ask, err := q.s.asked(q.ctx())
	if err != nil {
		return err
	}
	u, err := q.s.keyUser(q.ctx(), q.space.Member().ID)
	if err != nil {
		return err
	}
	options, data, err := q.s.team.keys.BeginRegistration(u, webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired),
		webauthn.WithExclusions(webauthn.Credentials(u.keys).CredentialDescriptors()),
		webauthn.WithExtensions(webauthn.WithExtensionPRF(ask)))
	if err != nil {
		return err
	}
	if err := q.begin(ceremony{Kind: toRegister, Member: u.member.ID, Key: data}, http.SameSiteStrictMode); err != nil {
		return err
	}
	return q.answer(options)
}

// registerFinish keeps a new passkey of the member.
func (q *request) registerFinish() error {
	if err := q.teamOnly(); err != nil {
		return err
	}
	data, err := q.body()
	if err != nil {
		return err
	}
	var sent struct {
		Name       string          `json:"name"`
		Credential json.RawMessage `json:"credential"`
	}
	if err := json.Unmarshal(data, &sent); err != nil {
		return badRequest{err}
	}
	c, err := q.finish(toRegister)
	if err != nil {
		return err
	}
	if c.Member != q.space.Member().ID {
		return errPasskey
	}
	p, err := q.newPasskey(c, sent.Credential)
	if err != nil {
		return err
	}
	if p.Name = sent.Name; p.Name == "" {
		p.Name = browserOf(q.r)
	}
	if p.Name == "" {
		p.Name = "passkey"
	}
	if err := q.space.AddPasskey(q.ctx(), p); err != nil {
		return err
	}
	q.say(q.Text("web.me.passkey_added"))
	return q.answer(map[string]string{"next": "/me"})
}

// newPasskey checks what a device made.
func (q *request) newPasskey(c ceremony, credential []byte) (p workspace.Passkey, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return p, errors.Join(errPasskey, err)
	}
	u, err := q.s.keyUser(q.ctx(), c.Member)
	if err != nil {
		return p, err
	}
	key, err := q.s.team.keys.CreateCredential(u, *c.Key, parsed)
	if err != nil {
		return p, errors.Join(errPasskey, err)
	}
	record, err := json.Marshal(key)
	if err != nil {
		return p, err
	}
	p.ID, p.Record = base64.RawURLEncoding.EncodeToString(key.ID), string(record)
	if own, ok := passkeyKey(given(parsed.ClientExtensionResults)); ok {
		identity, err := q.s.identityOf(q.session)
		if err != nil {
			return p, err
		}
		p.Sealed = own.Seal([]byte(identity), p.ID)
	}
	return p, nil
}
