// Package dialect is the table of wire formats that keys speak: our own and
// those of the systems that we replace, as data. It decides nothing about a
// visitor; it says how a key of a dialect is built ([Row.NewKey]), which secrets
// it can use ([CheckSecret]) and what policy starts from. A dialect belongs to
// the key: nothing is ever tried under a second one, since a 64-digit secret is
// valid both as text and as hexadecimal and trying both would widen what is
// accepted.
package dialect

import (
	"slices"
	"time"

	"countersign/identity"
)

// MaxLife is the longest life of a native token unless the channel says otherwise.
const MaxLife = 24 * time.Hour

// OnFailure is what enforce does with a failed proof, as policy spells it.
type OnFailure string

const (
	Block         OnFailure = "block"     // no session
	MakeAnonymous OnFailure = "anonymous" // a visitor with no claim at all
)

// ClaimedHistory says what a claimed visitor sees of earlier conversations.
type ClaimedHistory string

const (
	SameClaim   ClaimedHistory = "same_claim"   // what this browser wrote under the same claim
	ThisSession ClaimedHistory = "this_session" // nothing from before
)

// Row is one dialect.
type Row struct {
	Name   string
	Global string // the family that the page speaks; one script serves it
	Proof  identity.Proof

	SecretHex  bool // the secret is hexadecimal and decoded before use
	MinSecret  int  // decoded bytes below which a secret is refused
	WarnSecret int  // and below which it is only warned about; zero: never
	PublicKeys bool // a public key, or an issuer's set of them, may stand instead of a secret
	ServerSide bool // backend and secret are a vendor's, the page is ours: the vendor's own is not spoken

	Signs     []identity.Signs // what a key may sign; the first is the default
	Lowered   bool             // the email is lowered before it is signed
	LooseHash bool             // older samples' spellings of a hash

	NeedAudience, NeedIssued, NeedExpiry bool
	MaxLife                              time.Duration
	Authoritative                        bool   // values beside a token lose instead of refusing
	UserIDClaim                          string // of a token, where the user id is called otherwise
	Scope                                string // that a token must have; empty: any
	AgreeOnDetails                       bool   // name and attributes must equal the signed ones too

	OnFailure      OnFailure
	Tail           time.Duration // how long chat outlives the proof
	ClaimedHistory ClaimedHistory
}

var (
	anyField  = []identity.Signs{identity.SignsUserID, identity.SignsEmail, identity.SignsEither}
	emailOnly = []identity.Signs{identity.SignsEmail}
	// userIDOnly is of vendors whose identifier is their user id.
	userIDOnly = []identity.Signs{identity.SignsUserID}
)

// rows is the table. The native names come first: native is the default.
var rows = slices.Concat(spoken, serverSide)

// spoken are ours, and those of the vendors whose pages we speak.
var spoken = []Row{
	{
		Name: "native", Global: "native", Proof: identity.ProofHash, MinSecret: 16, Signs: anyField,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		Name: "native-jwt", Global: "native", Proof: identity.ProofJWT, MinSecret: 32, PublicKeys: true, Signs: anyField,
		NeedAudience: true, NeedIssued: true, NeedExpiry: true, MaxLife: MaxLife,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		Name: "native-v1", Global: "native", Proof: identity.ProofV1, MinSecret: 32, Signs: anyField,
		NeedAudience: true, NeedIssued: true, MaxLife: MaxLife,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		Name: "intercom", Global: "intercom", Proof: identity.ProofHash, MinSecret: 16, Signs: anyField,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		Name: "intercom-jwt", Global: "intercom", Proof: identity.ProofJWT, MinSecret: 16, WarnSecret: 32,
		Signs: []identity.Signs{identity.SignsUserID}, Authoritative: true,
		OnFailure: Block, Tail: 12 * time.Hour, ClaimedHistory: SameClaim,
	},
	{
		Name: "helpscout", Global: "helpscout", Proof: identity.ProofHash, MinSecret: 16, Signs: emailOnly, LooseHash: true,
		OnFailure: MakeAnonymous, ClaimedHistory: SameClaim,
	},
	{
		Name: "pylon", Global: "pylon", Proof: identity.ProofHash, SecretHex: true, MinSecret: 16, Signs: emailOnly,
		OnFailure: Block, ClaimedHistory: ThisSession,
	},
	{
		Name: "pylon-jwt", Global: "pylon", Proof: identity.ProofJWT, MinSecret: 16, WarnSecret: 32, Signs: emailOnly,
		NeedAudience: true, NeedIssued: true, NeedExpiry: true, MaxLife: 15 * time.Minute, AgreeOnDetails: true,
		OnFailure: Block, Tail: 12 * time.Hour, ClaimedHistory: ThisSession,
	},
	{
		Name: "ensoras", Global: "ensoras", Proof: identity.ProofHash, MinSecret: 16, Signs: emailOnly, Lowered: true,
		OnFailure: MakeAnonymous, ClaimedHistory: SameClaim,
	},
}

// userIDOrEmail is for vendors whose identifier is whatever the site chose.
var userIDOrEmail = []identity.Signs{identity.SignsUserID, identity.SignsEmail}

// rows of the vendors whose backends sign as they did, while the page calls our own API.
// Keys and messages are as their public documentation has them, named at each row; where
// that says "secret" and shows it as a string, the key is its text.
var serverSide = []Row{
	{
		// chatwoot.com, "Identity validation using HMAC": identifier_hash of setUser is hex over
		// the identifier, which sites take from their user id or the email.
		Name: "chatwoot", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: userIDOrEmail,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// docs.crisp.chat, web SDK, "Identity Verification": the second value beside user:email
		// is hex over the email.
		Name: "crisp", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: emailOnly,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// help.tawk.to, "How to generate a hash for the API": hash of login() is hex over the user
		// id; visitors that are set by their attributes were hashed over the email.
		Name: "tawk", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: userIDOrEmail,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// dev.frontapp.com, "Identify users": userHash is hex over the email.
		Name: "front", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: emailOnly,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// plain.com/docs/chat/authentication: emailHash is hex over the email.
		Name: "plain", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: emailOnly,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// Gleap.identify(userId, userData, userHash) of its SDKs: hex over the user id.
		Name: "gleap", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: userIDOnly,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// docs.novu.co, "Inbox Security": subscriberHash is lowercase hex over the subscriberId.
		Name: "novu", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: userIDOnly,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// help.featurebase.app, "Set up Identity Verification": userHash of identify is hex over the
		// user id or the email, whichever the site chose.
		Name: "featurebase", Global: "native", ServerSide: true, Proof: identity.ProofHash, MinSecret: 16, Signs: userIDOrEmail,
		OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// developer.zendesk.com, messaging, "Authenticating users": HS256 under a shared secret;
		// external_id is who, scope is user (the same keys sign tokens of other scopes), exp may be
		// missing. kid names the secret in Zendesk's list; here the MAC says whose token it is, and
		// a header that nothing proves chooses no key.
		Name: "zendesk-jwt", Global: "native", ServerSide: true, Proof: identity.ProofJWT, MinSecret: 16, WarnSecret: 32, Signs: userIDOnly,
		UserIDClaim: "external_id", Scope: "user", OnFailure: Block, ClaimedHistory: SameClaim,
	},
	{
		// crmsupport.freshworks.com, "Enable JWT user authentication": HS256 under the encryption
		// key; reference_id is who. Its freshchat_uuid names a browser and proves nobody.
		Name: "freshchat-jwt", Global: "native", ServerSide: true, Proof: identity.ProofJWT, MinSecret: 16, WarnSecret: 32, Signs: userIDOnly,
		UserIDClaim: "reference_id", OnFailure: Block, ClaimedHistory: SameClaim,
	},
}

// All lists the rows in their order.
func All() []Row { return slices.Clone(rows) }

// Names lists the dialects in their order.
func Names() []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name
	}
	return names
}

// Get finds a row by its name; an empty name is native. An unknown one is not
// ok, and its zero Row blocks.
func Get(name string) (Row, bool) {
	if name == "" {
		name = "native"
	}
	for _, r := range rows {
		if r.Name == name {
			return r, true
		}
	}
	return Row{OnFailure: Block, ClaimedHistory: ThisSession}, false
}

// Speaks lists what an assertion may call the dialect for a key of this row to
// be asked: the page's global names the family, and the kind of proof follows
// from whether it sent a hash or a token.
func (r Row) Speaks() []string {
	var names []string
	for _, other := range rows {
		if other.Global == r.Global {
			names = append(names, other.Name)
		}
	}
	return names
}

// DefaultSigns is what a key signs unless it is said.
func (r Row) DefaultSigns() identity.Signs {
	if len(r.Signs) == 0 {
		return ""
	}
	return r.Signs[0]
}

// MaySign says whether a key of this row can sign that field.
func (r Row) MaySign(signs identity.Signs) bool { return slices.Contains(r.Signs, signs) }

// ConfirmsEmail is the default of "the product confirms addresses" (a signed
// email is an identifier): on where the email is the identity, asked for elsewhere.
func (r Row) ConfirmsEmail(signs identity.Signs) bool { return signs == identity.SignsEmail }

// Setup is what a channel adds to a row to make a key.
type Setup struct {
	ID        string
	Secret    identity.Secret      // as Decode or CheckSecret answered: decoded
	Public    *identity.PublicSet  // instead of a secret, where the row takes one
	Private   *identity.PrivateKey // to sign with, on the command line
	Issuer    string               // iss of tokens; empty: not compared
	Signs     identity.Signs       // empty: the row's default
	Realm     string
	Platforms []string      // at least one
	Audiences []string      // the channel's id, slug and aliases
	MaxLife   time.Duration // of native tokens; zero: the row's
	// RequireAudience demands an aud of a dialect whose tokens may lack it.
	RequireAudience bool
}

// NewKey builds the key that verifies this dialect.
func (r Row) NewKey(s Setup) (*identity.Key, error) {
	if s.Signs == "" {
		s.Signs = r.DefaultSigns()
	}
	if !r.MaySign(s.Signs) {
		return nil, &SecretError{Code: "signs", Message: "a key of " + r.Name + " cannot sign " + string(s.Signs)}
	}
	if (s.Public != nil || s.Private != nil || s.Issuer != "") && !r.PublicKeys {
		return nil, &SecretError{Code: "public", Message: "a key of " + r.Name + " has a secret and no public key or issuer"}
	}
	life := r.MaxLife
	if r.Global == "native" && !r.ServerSide && s.MaxLife > 0 {
		life = s.MaxLife
	}
	spec := identity.KeySpec{
		ID: s.ID, Secret: s.Secret, Public: s.Public, Private: s.Private, Dialect: r.Name, Speaks: r.Speaks(), Platforms: s.Platforms,
		Proof: r.Proof, Signs: s.Signs, Realm: s.Realm, Lowered: r.Lowered, LooseHash: r.LooseHash,
		Token: identity.TokenRules{
			Audiences: s.Audiences, Issuer: s.Issuer, NeedAudience: r.NeedAudience || s.RequireAudience, NeedIssued: r.NeedIssued, NeedExpiry: r.NeedExpiry,
			MaxLife: life, Authoritative: r.Authoritative, AgreeOnDetails: r.AgreeOnDetails, UserIDClaim: r.UserIDClaim, Scope: r.Scope,
		},
	}
	if r.Lowered {
		spec.MoreLowerings = Lowerings
	}
	return identity.NewKey(spec)
}
