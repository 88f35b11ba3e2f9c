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
