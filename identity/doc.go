// Package identity decides one thing: does this proof show that this visitor is
// who the page says?
//
// A customer's backend shares a secret with us and signs who its logged-in user
// is. The page hands that signature over in an [Assertion], which anybody can
// forge. [Verify] holds it against a [Ring] of keys and answers with a
// [Verified], or with an [Error] that carries one [Reason]. There is no third
// outcome, no partial success and no other way to make a Verified: its fields
// are closed, so holding one is holding the proof.
//
// # What it decides
//
//   - A key has one algorithm, fixed when it is made: a secret's tokens are HS256, a
//     public key's what its kind is for (public.go). An issuer's set of public keys is
//     one key to us; the token's kid says which of them is asked.
//   - A key takes one kind of proof. Hash ([ProofHash], hash.go), JSON Web Token
//     ([ProofJWT], jwt.go) and our own v1 ([ProofV1], v1.go) never share one,
//     because a user who may choose their own name could otherwise have the
//     backend MAC a text that is a token for somebody else.
//   - A key says which field it signs ([Signs]). Only that field is proved by a
//     hash; a missing field is a refusal and never a fallback to the other.
//   - The identity is taken from the bytes that verified. The spelling beside
//     them is a claim.
//   - user_id:x and email:x are different people ([Identifier]). Every email is
//     folded by one function, [Fold]; a user id is never folded.
//   - A token that is present decides alone; a hash beside it is not looked at.
//
// # What it refuses to do
//
// It reads no file, clock, network or database and keeps no state beside the
// keys: the time is an argument. It never tries a second dialect, a second
// decoding of a secret or a second field in the hope of a match. It does not
// say what becomes of a visitor whose proof was refused; that is
// countersign/identity/policy. It does not know the vendors' names; their
// formats are data in countersign/identity/dialect. How keys come and go is
// countersign/identity/keyring.
//
// # Invariants
//
//   - MACs are compared in constant time, over whole 32-byte tags.
//   - A MAC or signature is checked before the claims under it are read.
//   - A failed call has changed nothing; a successful one neither.
//   - No error text holds a secret, hash, token or identifier.
//   - Anything unknown (kind of proof, field, state, platform) is refused.
package identity
