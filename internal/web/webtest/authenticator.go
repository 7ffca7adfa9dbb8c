package webtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Flags of authenticator data (Web Authentication Level 3, 6.1).
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	hasKey       = 1 << 6
)

// An Authenticator keeps one passkey and answers as a browser would send it,
// with faults where a test wants them. It is of tests alone.
type Authenticator struct {
	Origin  string
	RP      string // id of the relying party
	Counter uint32
	// PRF says that the passkey gives a secret; at its making too only where
	// PRFAtOnce is set, as authenticators differ.
	PRF, PRFAtOnce bool
	Unverified     bool // answers without a finger or PIN

	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte
	seed   []byte
}

// asked is what a server asks of a passkey.
type asked struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
		Extensions struct {
			PRF struct {
				Eval struct {
					First string `json:"first"`
				} `json:"eval"`
			} `json:"prf"`
		} `json:"extensions"`
	} `json:"publicKey"`
}

var b64 = base64.RawURLEncoding

// random returns n random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func (a *Authenticator) client(kind, challenge string) ([]byte, error) {
	return json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
}

func (a *Authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(a.RP))
	if flags |= userPresent; !a.Unverified {
		flags |= userVerified
	}
	return binary.BigEndian.AppendUint32(append(rp[:], flags), a.Counter)
}

func (a *Authenticator) gave(q *asked, now bool) map[string]any {
	if !a.PRF {
		return map[string]any{}
	}
	out := map[string]any{"enabled": true}
	salt, err := b64.DecodeString(q.PublicKey.Extensions.PRF.Eval.First)
	if err == nil && len(salt) > 0 && now {
		mac := hmac.New(sha256.New, a.seed)
		mac.Write(salt)
		out = map[string]any{"results": map[string]string{"first": b64.EncodeToString(mac.Sum(nil))}}
	}
	return map[string]any{"prf": out}
}

// Create answers the options of a registration with a new passkey.
func (a *Authenticator) Create(options []byte) (json.RawMessage, error) {
	var q asked
	if err := json.Unmarshal(options, &q); err != nil {
		return nil, err
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if a.handle, err = b64.DecodeString(q.PublicKey.User.ID); err != nil {
		return nil, err
	}
	a.id, a.seed = random(32), random(32)
	public, err := a.key.PublicKey.ECDH()
	if err != nil {
		return nil, err
	}
	point := public.Bytes() // 4, x, y
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		return nil, err
	}
	data := append(a.data(hasKey), make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, err
	}
	client, err := a.client("webauthn.create", q.PublicKey.Challenge)
	if err != nil {
		return nil, err
	}
	return a.credential(map[string]any{
		"attestationObject": b64.EncodeToString(object), "clientDataJSON": b64.EncodeToString(client), "transports": []string{"internal"},
	}, a.gave(&q, a.PRFAtOnce))
}

// Get answers the options of a sign-in.
func (a *Authenticator) Get(options []byte) (json.RawMessage, error) {
	var q asked
	if err := json.Unmarshal(options, &q); err != nil {
		return nil, err
	}
	if a.key == nil {
		return nil, fmt.Errorf("no passkey for %s", a.RP)
	}
	client, err := a.client("webauthn.get", q.PublicKey.Challenge)
	if err != nil {
		return nil, err
	}
	data := a.data(0)
	sum := sha256.Sum256(client)
	sum = sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		return nil, err
	}
	return a.credential(map[string]any{
		"authenticatorData": b64.EncodeToString(data), "clientDataJSON": b64.EncodeToString(client),
		"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(a.handle),
	}, a.gave(&q, true))
}

func (a *Authenticator) credential(response, extensions map[string]any) (json.RawMessage, error) {
	id := b64.EncodeToString(a.id)
	return json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": extensions})
}
