package webtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"
)

// A Provider is a small provider of OpenID Connect on the loopback interface,
// with the code flow and PKCE, and with faults where a test wants them. It is
// of tests alone.
type Provider struct {
	*httptest.Server
	ClientID, Secret string
	Now              func() time.Time

	mu    sync.Mutex
	key   *rsa.PrivateKey
	codes map[string]grant // guarded by mu
	// What the next answer says; guarded by mu.
	subject string
	fault   func(claims map[string]any)
	other   bool
}

type grant struct{ challenge, nonce, redirect string }

// NewProvider starts one. Close ends it.
func NewProvider(now func() time.Time) (*Provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	p := &Provider{ClientID: "amparo", Secret: "planted client secret", Now: now, key: key, codes: map[string]grant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		e := binary.BigEndian.AppendUint32(nil, uint32(key.E))
		send(w, map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one", "n": b64.EncodeToString(key.N.Bytes()), "e": b64.EncodeToString(e[1:]),
		}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	return p, nil
}

// As says whom the provider signs in next, and what is wrong with what it then
// says; nil: nothing.
func (p *Provider) As(subject string, fault func(claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subject, p.fault, p.other = subject, fault, false
}

// SignedByAnother makes the next answer one that another key signed.
func (p *Provider) SignedByAnother() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.other = true
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}

// authorize signs in whom As named, and sends the browser back.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != p.ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("scope") != "openid" {
		http.Error(w, "not a request of the code flow with PKCE for no more than the subject", http.StatusBadRequest)
		return
	}
	code := b64.EncodeToString(random(16))
	p.mu.Lock()
	p.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri")}
	p.mu.Unlock()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		http.Error(w, "redirect_uri", http.StatusBadRequest)
		return
	}
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// token redeems a code, once, for who knows what the challenge is of.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if ok { // encoded as for a form (RFC 6749, 2.3.1)
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := r.PostFormValue("code")
	g, ok := p.codes[code]
	delete(p.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || id != p.ClientID || secret != p.Secret || b64.EncodeToString(sum[:]) != g.challenge || r.PostFormValue("redirect_uri") != g.redirect {
		w.WriteHeader(http.StatusBadRequest)
		send(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": p.URL, "aud": p.ClientID, "sub": p.subject, "nonce": g.nonce,
		"iat": p.Now().Unix(), "exp": p.Now().Add(time.Minute).Unix(),
	}
	if p.fault != nil {
		p.fault(claims)
	}
	signed, err := p.sign(claims)
	if err != nil {
		http.Error(w, "sign", http.StatusInternalServerError)
		return
	}
	send(w, map[string]any{"access_token": "unused", "token_type": "Bearer", "id_token": signed})
}

func (p *Provider) sign(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	key := p.key
	if p.other {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return "", err
		}
	}
	text := b64.EncodeToString([]byte(`{"alg":"RS256","kid":"one"}`)) + "." + b64.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return text + "." + b64.EncodeToString(signature), err
}
