package identity_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

const vectorDir = "../spec/vectors"

// vectorFile is one file of proof vectors; spec/identity.md describes it. An
// unknown field is fatal: a vector that a reader does not understand tests nothing.
type vectorFile struct {
	About   string   `json:"about"`
	Vectors []vector `json:"vectors"`
}

type vector struct {
	Name      string          `json:"name"`
	Note      string          `json:"note,omitempty"`
	Keys      []vectorKey     `json:"keys"`
	Assertion vectorAssertion `json:"assertion"`
	Now       string          `json:"now"`
	Expect    vectorExpect    `json:"expect"`
}

type vectorKey struct {
	ID           string          `json:"id"`
	Dialect      string          `json:"dialect"`
	Secret       string          `json:"secret,omitempty"`        // as it is entered
	SecretBase64 string          `json:"secret_base64,omitempty"` // bytes, instead
	PublicKey    string          `json:"public_key,omitempty"`    // PEM or JWK, instead
	JWKS         json.RawMessage `json:"jwks,omitempty"`          // an issuer's set, instead
	Algorithm    string          `json:"algorithm,omitempty"`     // of the set's keys that count
	Fetched      string          `json:"fetched,omitempty"`       // when the set was
	RevokedKids  []string        `json:"revoked_kids,omitempty"`
	Issuer       string          `json:"issuer,omitempty"`
	Signs        string          `json:"signs"`
	Platforms    []string        `json:"platforms,omitempty"` // absent: web
	Audiences    []string        `json:"audiences,omitempty"`
	MaxLife      int             `json:"max_life,omitempty"` // seconds
	State        string          `json:"state,omitempty"`    // absent: active
	Ends         string          `json:"ends,omitempty"`
	SignBy       string          `json:"sign_by,omitempty"`
}

// vectorAssertion has the JSON of the visitors' door.
type vectorAssertion struct {
	Dialect    string          `json:"dialect,omitempty"`
	Platform   string          `json:"platform,omitempty"`
	UserID     json.RawMessage `json:"user_id,omitempty"`
	Email      json.RawMessage `json:"email,omitempty"`
	Name       string          `json:"name,omitempty"`
	Hash       json.RawMessage `json:"hash,omitempty"`
	JWT        json.RawMessage `json:"jwt,omitempty"`
	Attributes map[string]any  `json:"attributes,omitempty"`
}

type vectorExpect struct {
	Verified   string         `json:"verified,omitempty"` // kind:value of what the key signs
	Method     string         `json:"method,omitempty"`
	Key        string         `json:"key,omitempty"`
	Email      string         `json:"email,omitempty"` // folded, where the proof covers one beside the user id
	Name       string         `json:"name,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Reason     string         `json:"reason,omitempty"`
}

func decodeStrictly(tb testing.TB, raw []byte, into any) {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		tb.Fatal(err)
	}
}

func (v vector) ring(tb testing.TB) identity.Ring {
	tb.Helper()
	var entries []identity.Entry
	for _, k := range v.Keys {
		e := identity.Entry{Key: k.build(tb), Ends: parseTime(tb, k.Ends), SignBy: parseTime(tb, k.SignBy)}
		switch k.State {
		case "", "pending", "active", "retiring":
		case "retired":
			e.Dead = identity.KeyRetired
		case "revoked":
			e.Dead = identity.KeyRevoked
		default:
			tb.Fatalf("unknown state %q", k.State)
		}
		entries = append(entries, e)
	}
	ring, err := identity.NewRing(entries...)
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

func (k vectorKey) build(tb testing.TB) *identity.Key {
	tb.Helper()
	row, ok := dialect.Get(k.Dialect)
	if !ok {
		tb.Fatalf("unknown dialect %q", k.Dialect)
	}
	public := k.public(tb)
	var secret identity.Secret
	var err error
	if public == nil && k.SecretBase64 == "" {
		secret, err = dialect.Decode(k.Dialect, k.Secret)
	}
	if k.SecretBase64 != "" {
		var raw []byte
		raw, err = base64.StdEncoding.DecodeString(k.SecretBase64)
		secret = identity.NewSecret(raw)
	}
	if err != nil {
		tb.Fatal(err)
	}
	platforms := k.Platforms
	if platforms == nil {
		platforms = []string{"web"}
	}
	key, err := row.NewKey(dialect.Setup{
		ID: k.ID, Secret: secret, Public: public, Issuer: k.Issuer, Signs: identity.Signs(k.Signs), Realm: "main", Platforms: platforms,
		Audiences: k.Audiences, MaxLife: time.Duration(k.MaxLife) * time.Second,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// public is what stands in a secret's place; nil for a secret.
func (k vectorKey) public(tb testing.TB) *identity.PublicSet {
	tb.Helper()
	switch {
	case k.PublicKey != "":
		key := publicOf(tb, k.PublicKey)
		return &identity.PublicSet{Algorithm: key.Algorithm(), Keys: []identity.PublicKey{key}}
	case k.JWKS != nil:
		set, err := identity.ParseJWKS(k.JWKS)
		if err != nil {
			tb.Fatal(err)
		}
		return &identity.PublicSet{
			Algorithm: identity.Algorithm(k.Algorithm), Keys: set.Of(identity.Algorithm(k.Algorithm)), ByID: true, Revoked: k.RevokedKids,
			FreshUntil: parseTime(tb, k.Fetched).Add(identity.MaxSetAge),
		}
	}
	return nil
}

// assertion reads the JSON as a door does: what is no text is no proof.
func (a vectorAssertion) assertion() identity.Assertion {
	out := identity.Assertion{Dialect: a.Dialect, Platform: a.Platform, Name: a.Name, Attributes: a.Attributes}
	userID, userOK := identity.ParseScalar(a.UserID)
	email, emailOK := identity.ParseScalar(a.Email)
	out.UserID, out.Email, out.Malformed = userID, email, !userOK || !emailOK
	out.Hash, out.Token = textOnly(a.Hash), textOnly(a.JWT)
	return out
}

func textOnly(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

func parseTime(tb testing.TB, text string) time.Time {
	tb.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

func (v vector) check(t *testing.T) {
	got, err := identity.Verify(v.ring(t), v.Assertion.assertion(), parseTime(t, v.Now))
	want := v.Expect
	if (want.Reason == "") == (want.Verified == "") {
		t.Fatal("a vector expects one thing: a reason, or somebody")
	}
	if want.Reason != "" {
		var refusal *identity.Error
		if !errors.As(err, &refusal) || string(refusal.Reason) != want.Reason {
			t.Fatalf("got %v, %v; want the reason %s", got.Signed(), err, want.Reason)
		}
		if got.OK() || refusal.Message == "" {
			t.Fatalf("a refusal with OK %v and message %q", got.OK(), refusal.Message)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v; want %s", err, want.Verified)
	}
	if s := got.Signed().String(); s != want.Verified {
		t.Errorf("signed %s; want %s", s, want.Verified)
	}
	if string(got.Method()) != want.Method {
		t.Errorf("method %s; want %s", got.Method(), want.Method)
	}
	if want.Key != "" && got.Key() != want.Key {
		t.Errorf("key %s; want %s", got.Key(), want.Key)
	}
	email, _ := got.Email()
	if got.Signed().Kind == identity.KindUserID && email.Value != want.Email {
		t.Errorf("email %q; want %q", email.Value, want.Email)
	}
	if got.Name() != want.Name || !reflect.DeepEqual(got.Attributes(), want.Attributes) {
		t.Errorf("name %q and attributes %v; want %q and %v", got.Name(), got.Attributes(), want.Name, want.Attributes)
	}
}

// proofFiles are the files of spec/vectors that hold proofs.
var proofFiles = []string{"published.json", "hash.json", "jwt.json", "public.json", "v1.json", "ring.json", "vendors.json"}

func loadProofs(tb testing.TB) map[string][]vector {
	tb.Helper()
	all := map[string][]vector{}
	for _, name := range proofFiles {
		raw, err := os.ReadFile(filepath.Join(vectorDir, name))
		if err != nil {
			tb.Fatal(err)
		}
		var file vectorFile
		decodeStrictly(tb, raw, &file)
		if len(file.Vectors) == 0 {
			tb.Fatalf("%s is empty", name)
		}
		all[name] = file.Vectors
	}
	return all
}

func TestVectors(t *testing.T) {
	for file, vectors := range loadProofs(t) {
		seen := map[string]bool{}
		for _, v := range vectors {
			if seen[v.Name] {
				t.Errorf("%s: %q twice", file, v.Name)
			}
			seen[v.Name] = true
			t.Run(file+"/"+v.Name, v.check)
		}
	}
}

// TestEveryReasonHasAVector fails when a reason is added without one, or a vector
// expects a reason that does not exist.
func TestEveryReasonHasAVector(t *testing.T) {
	seen := map[identity.Reason]bool{}
	for _, vectors := range loadProofs(t) {
		for _, v := range vectors {
			if v.Expect.Reason != "" {
				seen[identity.Reason(v.Expect.Reason)] = true
			}
		}
	}
	want := identity.Reasons()
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("vectors expect %v; reasons are %v", got, want)
	}
}

func sortByName(vectors []vector) {
	slices.SortStableFunc(vectors, func(a, b vector) int { return cmp.Compare(a.Name, b.Name) })
}
