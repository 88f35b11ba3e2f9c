package team

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

const ceremonyLife = 5 * time.Minute

// Site is the console as browsers reach it: what passkeys are bound to. The zero Site
// has none: an address, or http elsewhere than on this machine, where browsers refuse.
type Site struct{ Host, Origin string }

// Challenge is what a browser needs to make a passkey, or to answer by one.
type Challenge struct {
	Step       string // sent back with the answer; sealed, so that it needs no row
	Challenge  []byte
	Host       string
	User       []byte // to make one
	Email      string
	Name       string
	Algorithms []int64
	Known      []KnownPasskey // to make one: those that are there already; to answer: those that would do, none means any
	Until      time.Time
}

// KnownPasskey names a passkey to the browser.
type KnownPasskey struct {
	ID         []byte
	Transports []string
}

// Proof is what a browser answered.
type Proof struct {
	ID, ClientData                           []byte
	AuthenticatorData, Signature, UserHandle []byte   // of an answer
	Attestation                              []byte   // of a new passkey
	Transports                               []string // of a new passkey
}

// ceremony is a challenge under way. Sealed into its own token it belongs to one
// purpose and one login, and no stranger can make us store anything.
type ceremony struct {
	Session webauthn.SessionData `json:"session"`
	Until   time.Time            `json:"until"`
}

func ceremonyPlace(purpose, login string) Place {
	return Place{Table: "ceremony", Row: login, Purpose: purpose}
}

func (t *Team) sealCeremony(c ceremony, purpose, login string) (string, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("team: a passkey's challenge: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(t.sealer.Seal(plain, ceremonyPlace(purpose, login))), nil
}

func (t *Team) openCeremony(step, purpose, login string) (ceremony, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(step)
	if err != nil || len(step) > 8<<10 {
		return ceremony{}, ErrExpired
	}
	plain, err := t.sealer.Open(sealed, ceremonyPlace(purpose, login))
	if err != nil {
		return ceremony{}, ErrExpired
	}
	return t.readCeremony(plain)
}

func (t *Team) readCeremony(plain []byte) (ceremony, error) {
	var c ceremony
	if err := json.Unmarshal(plain, &c); err != nil {
		return ceremony{}, fmt.Errorf("team: a passkey's challenge: %w", err)
	}
	if !t.now().Before(c.Until) {
		return ceremony{}, ErrExpired
	}
	return c, nil
}

// spent is how a challenge is known once it was used.
func (c ceremony) spent() []byte {
	sum := sha256.Sum256([]byte(c.Session.Challenge))
	return sum[:]
}

// party is the library, for one site. A passkey has to verify its user (a finger, a
// face, a PIN): so it is both factors by itself.
func (s Site) party() (*webauthn.WebAuthn, error) {
	if s.Host == "" {
		return nil, fmt.Errorf("%w: passkeys need https, or http://localhost", ErrInvalid)
	}
	return webauthn.New(&webauthn.Config{
		RPID: s.Host, RPDisplayName: "Countersign", RPOrigins: []string{s.Origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// account is an agent as the library wants users.
type account struct {
	agent Agent
	keys  []Passkey
	creds []webauthn.Credential
}

func (a account) WebAuthnID() []byte                         { return []byte(a.agent.ID) }
func (a account) WebAuthnName() string                       { return a.agent.Email }
func (a account) WebAuthnDisplayName() string                { return a.agent.Name }
func (a account) WebAuthnCredentials() []webauthn.Credential { return a.creds }

func accountOf(agent Agent, keys []Passkey) (account, error) {
	a := account{agent: agent, keys: keys, creds: make([]webauthn.Credential, len(keys))}
	for i, key := range keys {
		if err := json.Unmarshal(key.Record, &a.creds[i]); err != nil {
			return account{}, fmt.Errorf("team: passkey %s: %w", key.ID, err)
		}
	}
	return a, nil
}

func (t *Team) account(ctx context.Context, agent Agent) (account, error) {
	keys, err := t.store.Passkeys(ctx, agent.Workspace, agent.ID)
	if err != nil {
		return account{}, fmt.Errorf("team: reading passkeys: %w", err)
	}
	return accountOf(agent, keys)
}

// ask begins an answer by a passkey: of one agent, or of whoever has one. The step is
// filled by the caller, who knows where the ceremony is kept.
func (t *Team) ask(site Site, a *account) (Challenge, ceremony, error) {
	party, err := site.party()
	if err != nil {
		return Challenge{}, ceremony{}, err
	}
	var session *webauthn.SessionData
	var options *protocol.CredentialAssertion
	if a == nil {
		options, session, err = party.BeginDiscoverableLogin()
	} else {
		options, session, err = party.BeginLogin(*a)
	}
	if err != nil {
		return Challenge{}, ceremony{}, fmt.Errorf("team: asking for a passkey: %w", err)
	}
	c := ceremony{Session: *session, Until: t.now().Add(ceremonyLife)}
	c.Session.Expires = time.Time{} // Until is by the database's clock
	return Challenge{Challenge: options.Response.Challenge, Host: site.Host, Known: known(options.Response.AllowedCredentials), Until: c.Until}, c, nil
}

func known(list []protocol.CredentialDescriptor) (out []KnownPasskey) {
	for _, d := range list {
		k := KnownPasskey{ID: d.CredentialID}
		for _, transport := range d.Transport {
			k.Transports = append(k.Transports, string(transport))
		}
		out = append(out, k)
	}
	return out
}

// BeginPasskeySignIn asks anybody for a passkey. It writes nothing.
func (t *Team) BeginPasskeySignIn(site Site) (Challenge, error) {
	challenge, c, err := t.ask(site, nil)
	if err == nil {
		challenge.Step, err = t.sealCeremony(c, "sign-in", "")
	}
	return challenge, err
}

// Assertion is the answer to a Challenge, and where it came from.
type Assertion struct {
	Step      string
	Proof     Proof
	Site      Site
	From      netip.Addr
	UserAgent string
}

// PasskeySignIn opens a login for whoever holds a passkey and was verified by it: that
// is both factors. It is verified first and counted after, so nobody else's failures
// keep an agent out.
func (t *Team) PasskeySignIn(ctx context.Context, a Assertion) (SignedIn, error) {
	c, err := t.openCeremony(a.Step, "sign-in", "")
	if err != nil {
		return SignedIn{}, err
	}
	key, agent, err := t.store.PasskeyByCredential(ctx, a.Proof.ID)
	if errors.Is(err, ErrNotFound) || err == nil && agent.Password == "" {
		return SignedIn{}, t.failed(ctx, nil, "passkey", a.From)
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("team: looking for a passkey: %w", err)
	}
	who, err := accountOf(agent, []Passkey{key})
	if err != nil {
		return SignedIn{}, err
	}
	use, err := t.judge(a.Site, who, c, a.Proof)
	if errors.Is(err, ErrRefused) {
		return SignedIn{}, t.failed(ctx, []Agent{agent}, "passkey", a.From)
	}
	if err != nil {
		return SignedIn{}, err
	}
	return t.enter(ctx, agent, Entry{Password: agent.Password, Passkey: &use}, arrival{from: a.From, userAgent: a.UserAgent, factor: "passkey"})
}

// judge verifies an assertion of one of an account's passkeys: ErrRefused if it is not.
func (t *Team) judge(site Site, a account, c ceremony, proof Proof) (PasskeyUse, error) {
	party, err := site.party()
	if err != nil {
		return PasskeyUse{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(proof.assertion())
	if err != nil {
		return PasskeyUse{}, ErrRefused
	}
	var credential *webauthn.Credential
	if len(c.Session.UserID) == 0 {
		credential, err = party.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
			if !bytes.Equal(handle, a.WebAuthnID()) {
				return nil, ErrRefused
			}
			return a, nil
		}, c.Session, parsed)
	} else {
		credential, err = party.ValidateLogin(a, c.Session, parsed)
	}
	// A counter that went backwards is a copy of the device's key.
	if err != nil || credential.Authenticator.CloneWarning {
		return PasskeyUse{}, ErrRefused
	}
	record, err := json.Marshal(credential)
	if err != nil {
		return PasskeyUse{}, fmt.Errorf("team: keeping a passkey: %w", err)
	}
	use := PasskeyUse{Workspace: a.agent.Workspace, Agent: a.agent.ID, Record: record, Challenge: c.spent(), Until: c.Until}
	for i := range a.creds {
		if bytes.Equal(a.creds[i].ID, credential.ID) {
			use.ID = a.keys[i].ID
		}
	}
	return use, nil
}

// BeginPasskey asks for a new passkey of the principal's.
func (t *Team) BeginPasskey(ctx context.Context, who policy.Principal, site Site) (Challenge, error) {
	agent, err := t.present(ctx, who)
	if err != nil {
		return Challenge{}, err
	}
	party, err := site.party()
	if err != nil {
		return Challenge{}, err
	}
	a, err := t.account(ctx, agent)
	if err != nil {
		return Challenge{}, err
	}
	if len(a.keys) >= maxPasskeys {
		return Challenge{}, fmt.Errorf("%w: %d passkeys are enough; remove one first", ErrInvalid, maxPasskeys)
	}
	options, session, err := party.BeginRegistration(a, webauthn.WithExclusions(webauthn.Credentials(a.creds).CredentialDescriptors()))
	if err != nil {
		return Challenge{}, fmt.Errorf("team: asking for a new passkey: %w", err)
	}
	c := ceremony{Session: *session, Until: t.now().Add(ceremonyLife)}
	c.Session.Expires = time.Time{} // Until is by the database's clock
	out := Challenge{
		Challenge: options.Response.Challenge, Host: site.Host, User: a.WebAuthnID(), Email: agent.Email, Name: agent.Name,
		Known: known(options.Response.CredentialExcludeList), Until: c.Until,
	}
	for _, p := range options.Response.Parameters {
		out.Algorithms = append(out.Algorithms, int64(p.Algorithm))
	}
	out.Step, err = t.sealCeremony(c, "register", who.Login())
	return out, err
}

// AddPasskey keeps the passkey that a browser made. With the first factor come
// recovery codes, shown this one time.
func (t *Team) AddPasskey(ctx context.Context, who policy.Principal, name string, a Assertion) (key Passkey, recovery []string, err error) {
	agent, err := t.present(ctx, who)
	if err != nil {
		return Passkey{}, nil, err
	}
	if name, err = checkName(name); err != nil {
		return Passkey{}, nil, err
	}
	c, err := t.openCeremony(a.Step, "register", who.Login())
	if err != nil {
		return Passkey{}, nil, err
	}
	party, err := a.Site.party()
	if err != nil {
		return Passkey{}, nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(a.Proof.attestation())
	if err != nil {
		return Passkey{}, nil, ErrRefused
	}
	credential, err := party.CreateCredential(account{agent: agent}, c.Session, parsed)
	if err != nil {
		return Passkey{}, nil, ErrRefused
	}
	record, err := json.Marshal(credential)
	if err != nil {
		return Passkey{}, nil, fmt.Errorf("team: keeping a passkey: %w", err)
	}
	now := t.now()
	key = Passkey{
		ID: event.NewID("psk", now), Workspace: agent.Workspace, Agent: agent.ID, Name: name, Credential: credential.ID,
		Site: a.Site.Host, Record: record, CreatedAt: now,
	}
	texts, hashes := newRecovery(agent.ID)
	draft := draftOf(who.Needing(), audit.FactorAdded, agent.ID, "kind", "passkey", "passkey", key.ID)
	kept, err := t.store.AddPasskey(ctx, key, PasskeyUse{Challenge: c.spent(), Until: c.Until}, hashes, draft)
	if err != nil {
		return Passkey{}, nil, err
	}
	if !kept {
		texts = nil
	}
	return key, texts, nil
}

// DropPasskey takes one of the principal's own passkeys away.
func (t *Team) DropPasskey(ctx context.Context, who policy.Principal, id string) error {
	agent, err := t.present(ctx, who)
	if err != nil {
		return err
	}
	draft := draftOf(who.Needing(), audit.FactorRemoved, agent.ID, "kind", "passkey", "passkey", id)
	return t.store.DropPasskey(ctx, agent.Workspace, agent.ID, id, t.now(), draft)
}

// b64 is how the library reads bytes.
var b64 = base64.RawURLEncoding

func (p Proof) assertion() []byte {
	return p.response(map[string]any{
		"clientDataJSON": b64.EncodeToString(p.ClientData), "authenticatorData": b64.EncodeToString(p.AuthenticatorData),
		"signature": b64.EncodeToString(p.Signature), "userHandle": b64.EncodeToString(p.UserHandle),
	})
}

func (p Proof) attestation() []byte {
	return p.response(map[string]any{
		"clientDataJSON": b64.EncodeToString(p.ClientData), "attestationObject": b64.EncodeToString(p.Attestation), "transports": p.Transports,
	})
}

func (p Proof) response(response map[string]any) []byte {
	id := b64.EncodeToString(p.ID)
	out, _ := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response}) // texts alone
	return out
}
