package identity_test

import (
	"fmt"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// A channel's key verifies what the customer's backend signed, and nothing that
// merely stands beside it.
func ExampleVerify() {
	row, _ := dialect.Get("intercom")
	secret, err := dialect.Decode("intercom", "6a1f0c9be2d84735a90b6cd1e3f25708")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := row.NewKey(dialect.Setup{ID: "key_1", Secret: secret, Platforms: []string{"web"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	hash, _ := key.Sign(identity.Statement{UserID: "user-42"}) // on the customer's backend

	page := identity.Assertion{Dialect: "intercom", UserID: "user-42", Email: "someone@example.com", Hash: hash}
	verified, err := identity.Verify(ring, page, time.Now())
	_, covered := verified.Email()
	fmt.Println(verified.Signed(), verified.Method(), "email covered:", covered, err)

	page.UserID = "user-43"
	_, err = identity.Verify(ring, page, time.Now())
	fmt.Println(err)

	page.UserID = ""
	_, err = identity.Verify(ring, page, time.Now())
	fmt.Println(identity.ReasonOf(err))
	// Output:
	// user_id:user-42 hmac email covered: false <nil>
	// refused proof_mismatch: The hash does not belong to this identifier and key.
	// identifier_not_covered
}

func ExampleSecret() {
	secret := identity.NewSecret([]byte("nobody reads this"))
	fmt.Printf("%v %s %x %d\n", secret, secret, secret, secret)
	// Output: [secret] [secret] [secret] [secret]
}

func ExampleFold() {
	fmt.Println(identity.Fold("Ada@Example.COM"), identity.Fold("\u212aim@example.com") == "kim@example.com")
	// Output: ada@example.com false
}

func ExampleParseScalar() {
	for _, raw := range []string{`"007"`, `42`, `42.0`, `9007199254740993`, `null`} {
		text, ok := identity.ParseScalar([]byte(raw))
		fmt.Printf("%s: %q %v\n", raw, text, ok)
	}
	// Output:
	// "007": "007" true
	// 42: "42" true
	// 42.0: "" false
	// 9007199254740993: "" false
	// null: "" true
}

// A backend signs with a private key, and only the public half lies here: nothing that a
// copy of our database holds can sign.
func ExamplePublicSet() {
	private, err := identity.ParsePrivateKey(edPrivate) // on the backend
	if err != nil {
		panic(err)
	}
	row, _ := dialect.Get("native-jwt")
	backend, err := row.NewKey(dialect.Setup{ID: "backend", Private: &private, Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	token, err := backend.Sign(identity.Statement{UserID: "user-42", Audience: "shop", IssuedAt: now, Life: time.Hour})
	if err != nil {
		panic(err)
	}

	public, err := identity.ParsePublicKey(edPublic) // what the operator entered
	if err != nil {
		panic(err)
	}
	key, err := row.NewKey(dialect.Setup{
		ID: "key_1", Realm: "main", Platforms: []string{"web"}, Audiences: []string{"shop"},
		Public: &identity.PublicSet{Algorithm: public.Algorithm(), Keys: []identity.PublicKey{public}},
	})
	if err != nil {
		panic(err)
	}
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		panic(err)
	}
	verified, err := identity.Verify(ring, identity.Assertion{Token: token}, now)
	fmt.Println(verified.Signed(), verified.Method(), key.Algorithm(), err)
	_, err = identity.Verify(ring, identity.Assertion{Token: token}, now.Add(time.Hour))
	fmt.Println(identity.ReasonOf(err))
	// Output:
	// user_id:user-42 jwt EdDSA <nil>
	// token_expired
}
