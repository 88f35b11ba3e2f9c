package diagnose_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

// ringOf is a channel with exactly these keys.
func ringOf(t testing.TB, keys ...diagnose.Key) diagnose.Question {
	t.Helper()
	q := diagnose.Question{Now: now, Channels: []string{"shop"}, Keys: keys}
	var entries []identity.Entry
	for _, k := range keys {
		row, _ := dialect.Get(k.Dialect)
		entry := identity.Entry{Key: k.Public}
		if k.Public == nil {
			secret, err := dialect.Decode(k.Dialect, string(k.Secret.Reveal()))
			if err != nil {
				t.Fatal(err)
			}
			entry.Key, err = row.NewKey(dialect.Setup{ID: k.ID, Secret: secret, Signs: k.Signs, Realm: "main", Platforms: []string{"web"}, Audiences: q.Channels})
			if err != nil {
				t.Fatal(err)
			}
		}
		switch k.State {
		case keyring.Retired:
			entry.Dead = identity.KeyRetired
		case keyring.Revoked:
			entry.Dead = identity.KeyRevoked
		case keyring.Retiring:
			entry.Ends, entry.SignBy = now.Add(time.Hour), now.Add(-time.Hour)
		}
		entries = append(entries, entry)
	}
	ring, err := identity.NewRing(entries...)
	if err != nil {
		t.Fatal(err)
	}
	q.Ring = ring
	return q
}

func keyOf(id, name string, signs identity.Signs, state keyring.State) diagnose.Key {
	return diagnose.Key{ID: id, Name: id, Dialect: name, Signs: signs, State: state, Secret: identity.NewSecret([]byte(secretOf(id)))}
}

func digest(key, text string) string { return hex.EncodeToString(mac(sha256.New, key, text)) }

func TestDuringARotationEitherKeyMayBeMeant(t *testing.T) {
	q := ringOf(t, keyOf("new", "native", identity.SignsUserID, keyring.Active), keyOf("old", "native", identity.SignsUserID, keyring.Retiring))
	q.UserID = "Ada"
	for _, id := range []string{"new", "old"} {
		q.Hash = digest(secretOf(id), "Ada")
		if a := diagnose.Diagnose(q); !a.Verified {
			t.Errorf("%s: %+v", id, a.Causes)
		}
		q.Hash = digest(secretOf(id), "ada")
		expect(t, q, diagnose.LetterCase)
		q.Hash = digest(unhex(secretOf(id)), "ada")
		expect(t, q, diagnose.LetterCase, diagnose.SecretAsHex)
	}
}

func TestEachKeyIsHeldToTheFieldThatItSigns(t *testing.T) {
	q := ringOf(t, keyOf("ids", "native", identity.SignsUserID, keyring.Active), keyOf("mails", "intercom", identity.SignsEmail, keyring.Active))
	q.UserID, q.Email = userID, email
	for _, c := range []struct {
		key, text string
		want      []diagnose.Code
	}{
		{"ids", userID, nil}, {"mails", email, nil},
		{"ids", email, []diagnose.Code{diagnose.IdentifierKind}}, {"mails", userID, []diagnose.Code{diagnose.IdentifierKind}},
	} {
		q.Hash = digest(secretOf(c.key), c.text)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified != (c.want == nil) || !slices.Contains(append(codes(a.Causes), ""), firstOf(c.want)) {
			t.Errorf("%s over %s: %+v", c.key, c.text, a)
		}
	}
}

func firstOf(all []diagnose.Code) diagnose.Code {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func TestTheDialectIsFoundByWhatWasPasted(t *testing.T) {
	q := ringOf(t, keyOf("hashes", "native", identity.SignsUserID, keyring.Active), keyOf("tokens", "native-jwt", identity.SignsUserID, keyring.Active),
		keyOf("pylon", "pylon", identity.SignsEmail, keyring.Active))
	q.UserID = userID
	row, _ := dialect.Get("native-jwt")
	m := tokenRightly(row)
	m.key = secretOf("tokens")
	m.claims["aud"] = "blog"
	q.Token = m.token()
	a := diagnose.Diagnose(q)
	if hold(t, q, a); a.Dialect != "native-jwt" || !slices.Equal(codes(a.Causes), []diagnose.Code{diagnose.Audience}) {
		t.Errorf("%+v", a)
	}
	q.Token, q.Hash = "", digest(secretOf("hashes"), userID+" ")
	a = diagnose.Diagnose(q)
	if hold(t, q, a); a.Dialect != "native" || !slices.Equal(codes(a.Causes), []diagnose.Code{diagnose.Blanks}) {
		t.Errorf("%+v", a)
	}
	q.Email, q.Hash = email, digest(secretOf("pylon"), email)
	if a = diagnose.Diagnose(q); !slices.Equal(codes(a.Causes), []diagnose.Code{diagnose.SecretAsText}) && !slices.Contains(codes(a.Causes), diagnose.OtherKey) {
		t.Errorf("%+v", a)
	}
}

func TestAHashForAKeyThatTakesTokensAndTheReverse(t *testing.T) {
	q := ringOf(t, keyOf("tokens", "native-jwt", identity.SignsUserID, keyring.Active))
	q.Dialect, q.UserID, q.Hash = "native", userID, digest(secretOf("tokens"), userID)
	a := diagnose.Diagnose(q)
	if hold(t, q, a); a.Verified || len(a.Causes) == 0 {
		t.Errorf("%+v", a)
	}
	q = ringOf(t, keyOf("hashes", "native", identity.SignsUserID, keyring.Active))
	row, _ := dialect.Get("native-jwt")
	q.Dialect, q.Token = "native", tokenRightly(row).token()
	expect(t, q, diagnose.NotAHash)
}

func TestUnderEitherAUserIDThatLooksLikeAnEmailIsSaid(t *testing.T) {
	q := ringOf(t, keyOf("both", "intercom", identity.SignsEither, keyring.Active))
	q.Dialect, q.UserID, q.Hash = "intercom", email, digest(secretOf("both"), email)
	expect(t, q, diagnose.IdentifierKind)
	q.UserID, q.Email, q.Hash = userID, email, digest(secretOf("both"), email)
	expect(t, q, diagnose.IdentifierKind)
	q.UserID = ""
	if a := diagnose.Diagnose(q); !a.Verified {
		t.Errorf("%+v", a)
	}
}

// Languages lower an email in their own ways, and each counts; its capitals do not.
func TestEnsorasLowersInEveryLanguagesWay(t *testing.T) {
	for _, c := range []struct {
		page, signed string
		want         []diagnose.Code
	}{
		{"ADA@Example.com", "ada@example.com", nil}, {"ZOË@x.example", "zoë@x.example", nil}, {"ZOË@x.example", "zoË@x.example", nil},
		{"ΟΔΟΣ@x.example", "οδος@x.example", nil}, {"ΟΔΟΣ@x.example", "οδοσ@x.example", nil},
		{"ADA@Example.com", "ADA@Example.com", []diagnose.Code{diagnose.LetterCase}}, {"ada@x.example", "ADA@X.EXAMPLE", []diagnose.Code{diagnose.LetterCase}},
		{"ADA@x.example", "ada@x.example\n", []diagnose.Code{diagnose.Newline}}, {"ADA@x.example", "ada%40x.example", []diagnose.Code{diagnose.IdentifierKind}},
	} {
		q := ringOf(t, keyOf("e", "ensoras", identity.SignsEmail, keyring.Active))
		q.Dialect, q.Email, q.Hash = "ensoras", c.page, digest(secretOf("e"), c.signed)
		if c.want == nil {
			if a := diagnose.Diagnose(q); !a.Verified {
				t.Errorf("%s signed as %s: %+v", c.page, c.signed, a.Causes)
			}
			continue
		}
		expect(t, q, c.want...)
	}
}

func TestHelpScoutsOlderSpellingsAreNoMistake(t *testing.T) {
	q := ringOf(t, keyOf("h", "helpscout", identity.SignsEmail, keyring.Active))
	q.Dialect, q.Email = "helpscout", email
	right := digest(secretOf("h"), email)
	for _, spelt := range []string{right, strings.ToUpper(right), hyphened(strings.ToUpper(right)), base64.StdEncoding.EncodeToString([]byte(unhex(right)))} {
		q.Hash = spelt
		if a := diagnose.Diagnose(q); !a.Verified {
			t.Errorf("%s: %+v", spelt, a.Causes)
		}
	}
	q.Hash = base64.RawURLEncoding.EncodeToString([]byte(unhex(right)))
	if a := diagnose.Diagnose(q); a.Verified || !slices.Equal(codes(a.Causes), []diagnose.Code{diagnose.Base64}) {
		t.Errorf("base64url: %+v", a)
	}
	q.Hash = base64.StdEncoding.EncodeToString(mac(sha256.New, secretOf("h"), strings.ToUpper(email)))
	expect(t, q, diagnose.LetterCase) // its spelling is none of the mistakes
}

func TestSigningAfterTheSignByTimeIsNamedAsTheGateNamesIt(t *testing.T) {
	row, _ := dialect.Get("native-jwt")
	q := ringOf(t, keyOf("old", "native-jwt", identity.SignsUserID, keyring.Retiring))
	m := tokenRightly(row)
	m.key = secretOf("old")
	q.Dialect, q.Token = "native-jwt", m.token()
	expect(t, q, "signed_too_late")
}

// A public key is asked itself, since there is no secret to try.
func TestTokensOfPrivateKeysAreTracedToWhose(t *testing.T) {
	own, ownKey := publicKey(t, "own")
	other, otherKey := publicKey(t, "other")
	q := ringOf(t, diagnose.Key{ID: "own", Name: "Provider", Dialect: "native-jwt", Signs: identity.SignsUserID, State: keyring.Active, Public: ownKey})
	q.Dialect = "native-jwt"
	q.Others = []diagnose.Key{{ID: "other", Name: "Old provider", Channel: "blog", Dialect: "native-jwt", Signs: identity.SignsUserID, State: keyring.Active, Public: otherKey}}
	right := map[string]any{"aud": "shop", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "user_id": userID}
	q.Token = es256(t, own, right)
	if a := diagnose.Diagnose(q); !a.Verified {
		t.Fatalf("%+v", a.Causes)
	}
	q.Token = es256(t, other, right)
	a := diagnose.Diagnose(q)
	if hold(t, q, a); len(a.Causes) != 1 || a.Causes[0].Code != diagnose.OtherKey || !strings.Contains(a.Causes[0].Explain, `"Old provider" of the channel "blog"`) {
		t.Errorf("%+v", a.Causes)
	}
	right["exp"] = now.Add(-time.Minute).Unix()
	right["iat"] = now.Add(-time.Hour).Unix()
	q.Token = es256(t, own, right)
	expect(t, q, diagnose.Expired)
	q.Token = es256(t, other, right)
	expect(t, q, diagnose.OtherKey, diagnose.Expired)
	stranger, _ := publicKey(t, "stranger")
	q.Token = es256(t, stranger, map[string]any{"aud": "shop", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "user_id": userID})
	expect(t, q, diagnose.Unknown)
	row, _ := dialect.Get("native-jwt")
	q.Token = tokenRightly(row).token() // HS256, with whatever secret
	expect(t, q, diagnose.OtherKey)
}

func publicKey(t *testing.T, id string) (*ecdsa.PrivateKey, *identity.Key) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := identity.ParsePublicKey(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	row, _ := dialect.Get("native-jwt")
	key, err := row.NewKey(dialect.Setup{ID: id, Public: &identity.PublicSet{Algorithm: "ES256", Keys: []identity.PublicKey{public}}, Signs: identity.SignsUserID, Realm: "main",
		Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	return private, key
}

func es256(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + b64(payload)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return signed + "." + b64(raw)
}

func TestTokensThatNobodyCanRead(t *testing.T) {
	q := questionFor(t, "native-jwt")
	row, _ := dialect.Get("native-jwt")
	right := tokenRightly(row).token()
	parts := strings.Split(right, ".")
	for name, c := range map[string]struct {
		token string
		want  []diagnose.Code
	}{
		"a word":                {"hello", []diagnose.Code{diagnose.NotAHash}},
		"two parts":             {"a.b", []diagnose.Code{diagnose.NotAHash}},
		"too long":              {strings.Repeat("a", 9000), []diagnose.Code{diagnose.NotAHash}},
		"no JSON":               {"YWJj.YWJj." + parts[2], nil},
		"without a signature":   {parts[0] + "." + parts[1] + ".", nil},
		"in quotation marks":    {`"` + right + `"`, []diagnose.Code{diagnose.NotAHash}},
		"with its scheme":       {"Bearer " + right, []diagnose.Code{diagnose.NotAHash}},
		"blanks all around":     {"  " + right + "\n", []diagnose.Code{diagnose.Blanks}},
		"blanks, and expired":   {" " + expired(row), []diagnose.Code{diagnose.Blanks, diagnose.Expired}},
		"a hexadecimal MAC":     {parts[0] + "." + parts[1] + "." + digest(secretOf("key_own"), parts[0]+"."+parts[1]), []diagnose.Code{diagnose.Base64}},
		"base64 of hexadecimal": {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString([]byte(digest(secretOf("key_own"), parts[0]+"."+parts[1]))), []diagnose.Code{diagnose.Base64}},
		"padded base64":         {parts[0] + "." + parts[1] + "." + base64.URLEncoding.EncodeToString(mac(sha256.New, secretOf("key_own"), parts[0]+"."+parts[1])), []diagnose.Code{diagnose.Base64}},
	} {
		t.Run(name, func(t *testing.T) {
			q.Token = c.token
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			if a.Verified || c.want != nil && !slices.Equal(codes(a.Causes), sorted(c.want...)) {
				t.Errorf("%+v", a.Causes)
			}
		})
	}
}

func expired(row dialect.Row) string {
	m := tokenRightly(row)
	m.claims["iat"], m.claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	return m.token()
}

func TestAnUnconfirmedEmailProvesNobody(t *testing.T) {
	row, _ := dialect.Get("pylon-jwt")
	q, m := questionFor(t, "pylon-jwt"), tokenRightly(row)
	m.claims["email_verified"] = false
	q.UserID, q.Email, q.Token = "", "", m.token()
	expect(t, q, diagnose.IdentifierKind)
}

func TestThePageAndItsTokenMayDiffer(t *testing.T) {
	row, _ := dialect.Get("native-jwt")
	for page, want := range map[string]diagnose.Code{
		userID + " ": diagnose.Blanks, userID + ".0": diagnose.NumberFormat, userID + "\n": diagnose.Newline, "somebody": "claim_contradicted", email: diagnose.IdentifierKind,
	} {
		q := questionFor(t, "native-jwt")
		q.UserID, q.Email, q.Token = page, "", tokenRightly(row).token()
		expect(t, q, want)
	}
}

func TestWhomATokenIsForCanBeAsked(t *testing.T) {
	row, _ := dialect.Get("native-jwt")
	m := tokenRightly(row)
	if got := diagnose.AudiencesOf(m.token()); !slices.Equal(got, []string{"shop"}) {
		t.Error(got)
	}
	m.claims["aud"] = []string{"a", "b"}
	if got := diagnose.AudiencesOf(m.token()); !slices.Equal(got, []string{"a", "b"}) {
		t.Error(got)
	}
	if got := diagnose.AudiencesOf(v1Token("k", "shop", "1", "", now)); !slices.Equal(got, []string{"shop"}) {
		t.Error(got)
	}
	for _, nothing := range []string{"", "x", "a.b.c", strings.Repeat(".", 9000)} {
		if got := diagnose.AudiencesOf(nothing); len(got) > 0 {
			t.Errorf("%q: %v", nothing, got)
		}
	}
}

func TestEveryCodeOfTheInterfaceIsListedOnce(t *testing.T) {
	want := strings.Fields(`other_key retired_key identifier_kind case blanks newline secret_as_text secret_as_hex base64 sha1 sha512 swapped plain_sha256 hashed_twice
		number_format expired clock_skew audience not_a_hash unknown`)
	var got []string
	for _, code := range diagnose.Codes() {
		got = append(got, string(code))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
