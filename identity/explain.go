package identity

// Explain says what a reason means and what an operator does about it, one
// sentence each. docs/reasons.md is generated from it. An unknown reason has none.
func (r Reason) Explain() (meaning, remedy string) {
	e := explanations[r]
	return e.meaning, e.remedy
}

type explanation struct{ meaning, remedy string }

// explanations :: reason → its row in docs/reasons.md.
var explanations = map[Reason]explanation{
	ProofMissing: {"The page names somebody and sends no hash or token.",
		"Have the backend print the hash or token into the page; an empty, null or non-text value counts as none."},
	ProofMalformed: {"The hash is not 32 bytes in a spelling that the dialect takes.",
		"Send the HMAC-SHA256 as 64 hexadecimal digits, whole and without blanks."},
	ProofMismatch: {"The proof has the right form and does not belong to this identifier under any live key.",
		"Compare secret, field and spelling with the backend; hash exactly the bytes that the page sends."},
	IdentifierMissing: {"A proof came without a user id or email.",
		"Send the field that the key signs beside its hash."},
	IdentifierMalformed: {"The identifier can name nobody: a number that is no safe integer, text with control characters, an email without exactly one @, or too long.",
		"Send user ids as text, and addresses as the customer's product stores them."},
	IdentifierAmbiguous: {"The key signs user id or email, and the user id looks like an email.",
		"Let the key sign one field; user_id is the safer one."},
	IdentifierNotCovered: {"The page sends the other field than the key signs, or an email that is not confirmed.",
		"Change what the key signs, or send and sign the field that it names."},
	TokenMalformed: {"The token cannot be read, or asks for something that no token may.",
		"Send the compact form as the library printed it, below 8 KB, without crit, zip or embedded keys."},
	AlgorithmRefused: {"The token's alg is not the key's.",
		"Sign with the algorithm that the key has: HS256 if it is a secret, else the public key's."},
	TokenExpired: {"The token's time is over.",
		"Make a fresh token for each page load, and let the page hand over a function that fetches one."},
	TokenEarly: {"The token was issued, or becomes valid, in the future.",
		"Set the signer's clock; 30 seconds ahead are tolerated."},
	LifetimeTooLong: {"More time lies between iat and exp than the key allows.",
		"Shorten the token's life."},
	AudienceWrong: {"The token is for another channel, or from another issuer than the key's.",
		"Put the channel's id, slug or alias into aud, and into iss what the key says."},
	ClaimMissing: {"The token lacks a claim that the dialect needs.",
		"Add it; the message names it."},
	ClaimContradicted: {"The page says something else than the token beside it.",
		"Leave identifiers out of the page's settings where a token is sent, or make them equal."},
	SignedTooLate: {"The key is retiring, and the token was issued after every signer should have moved on.",
		"Find the backend that still signs with the old key, or set sign-by later."},
	KeyRetired: {"The proof is right and its key has been retired.",
		"Move the backend to the new key."},
	KeyRevoked: {"The proof is right and its key has been revoked.",
		"Move the backend to the new key; somebody may be using a leaked secret."},
	KeyUnusable: {"No key of the channel can judge such a proof: none speaks this dialect, takes this kind of proof or may sign for this platform, or the issuer's key set is too old or does not hold the token's kid.",
		"Make or import a key for it, correct the page's dialect, kind of proof or platform, or see why the issuer's key set cannot be fetched."},
}
