package shop

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// attacks in the order of the page. Each plays Mallory against Ada with what
// Mallory can have: the public id of the channel, Ada's email and user id, her
// own account with its own honest hash, and an HTTP client.
func attacks() []attack {
	return []attack{
		{honest, "The honest customer",
			"Mallory signs in as herself with the hash that her own account gave her; this one has to work, or the refusals below would mean nothing.", tryHonest},
		{"no-proof", "Ada’s identity without a proof",
			"Mallory says that she is Ada, by user id and email, and sends no hash: left out, empty, null, a list, a number.", tryNoProof},
		{"my-hash", "Ada’s identity with Mallory’s hash",
			"The hash is real and was signed by this shop, but for Mallory’s user id and not for Ada’s.", tryMyHash},
		{"random-hash", "Ada’s identity with a random hash",
			"A hash of the right form, made of 32 random bytes.", tryRandomHash},
		{"tampered-hash", "Ada’s own hash with one bit changed",
			"As near to the right hash as one can get without having it: one bit of 256 is flipped.", tryTamperedHash},
		{"truncated-hash", "Ada’s own hash, cut short",
			"The beginning of the right hash, half of it and all but a character, in the hope that only so much is compared; and one with something added.", tryTruncatedHash},
		{"other-key", "A hash by another channel’s key",
			"Mallory holds the secret of another channel and signs Ada’s user id with it; that this key is good at home is tried as well.", tryOtherKey},
		{"conversation-url", "Ada’s conversation in the address",
			"With an honest session of her own, Mallory puts the id of Ada’s conversation into the address: to read, to write, to mark as read, to be seen typing.", tryConversationURL},
		{"conversation-body", "Ada’s conversation in the body",
			"Mallory writes in her own conversation and names Ada’s in the body beside it, and asks for a tier that she did not prove.", tryConversationBody},
		{"stream", "The stream from its first event",
			"Mallory asks for the stream of events from sequence 0, to hear what was said before she came and to whom.", tryStream},
		{"replay", "A session token after log-out",
			"Mallory logs out, and somebody who copied her token from that computer goes on using it.", tryReplay},
		{"jwt", "A hash dressed up as a token",
			"Mallory picks a user id that is the first two parts of a JWT about Ada, has the shop sign it, and presents that hash as the JWT’s third part; then a JWT that says it needs no signature.", tryJWT},
		{"token-replay", "A token after log-out, from another browser",
			"Where the site signs tokens instead of hashes: Mallory logs out, and whoever copied the token itself presents it again.", tryTokenReplay},
		{"public-key", "A public key used as a secret",
			"The other channel knows somebody’s public key, as everybody does. Mallory signs a token about Ada with that text, and says it is an HMAC.", tryPublicKey},
		{"code", "Guessing the code in Ada’s mail",
			"Mallory has a code mailed to Ada’s address and guesses it.", tryCode},
		{"identifier-kind", "An email where a user id was signed",
			"A key signs user ids. Mallory presents user ids as emails and emails as user ids, and takes Ada’s email as her own user id so that the shop signs it.", tryIdentifierKind},
		{"oracle", "Learning from the refusals",
			"The same wrong hash for a customer who exists and for one who does not, and a hash that is right for somebody else: is any answer different?", tryOracle},
		{"framing", "A foreign page framing the messenger",
			"A page at evil.example puts the messenger into a frame of its own, to lay something over it.", tryFraming},
		{"forged-headers", "Forged headers from outside a browser",
			"A program sends this shop’s own Origin, an inner address as X-Forwarded-For and a header that names Ada, as no browser would let a page do.", tryForgedHeaders},
	}
}

func tryHonest(ctx context.Context, t *trial) error {
	got, step, err := t.openSession(ctx, "Open a session with a true proof.", t.assertion(t.me, t.hash(t.me.ID)), nil)
	if err != nil {
		return err
	}
	t.records++
	session, ok := readOpened(got)
	switch {
	case got.Status == http.StatusTooManyRequests || got.Status >= 500:
		verdict, finding, _ := judgeStatus(got)
		t.judge(step, verdict, finding)
		return nil
	case !ok:
		t.judge(step, KeptOut, "An honest customer was turned away. As long as that is so, a refusal proves nothing.")
		return nil
	case session.Tier != "verified":
		t.judge(step, KeptOut, "The proof is true, and yet the session is only “"+session.Tier+"”.")
		return nil
	}
	t.judge(step, LetIn, "Verified.")
	defer t.bench.shop.leave(ctx, session.Session)
	got, step, err = t.send(ctx, "List the conversations of this session.",
		call{Method: http.MethodGet, Path: conversationsPath, Bearer: session.Session})
	switch {
	case err != nil:
		return err
	case !got.ok():
		t.judge(step, KeptOut, fmt.Sprintf("A verified customer could not read her own conversations: %d.", got.Status))
	case t.leaks(got, true):
		t.judge(step, GotThrough, "Another customer’s conversation is among them.")
	default:
		t.judge(step, LetIn, "Her own conversations, and nobody else’s.")
	}
	return nil
}

// assertion is what a page would send for a customer; the name is left out, so
// that a name in an answer is one that the answer gave away.
func (t *trial) assertion(customer Customer, hash any) map[string]any {
	return map[string]any{"user_id": customer.ID, "email": customer.Email, "hash": hash}
}

// claims is one way of saying that one is the victim.
type claim struct {
	does      string
	assertion map[string]any
}

func (t *trial) impersonateEach(ctx context.Context, claims []claim) error {
	for _, one := range claims {
		if err := t.impersonate(ctx, one.does, one.assertion, nil); err != nil {
			return err
		}
	}
	return nil
}

func tryNoProof(ctx context.Context, t *trial) error {
	return t.impersonateEach(ctx, []claim{
		{"No hash at all.", map[string]any{"user_id": t.victim.ID, "email": t.victim.Email}},
		{"The email alone.", map[string]any{"email": t.victim.Email}},
		{"An empty hash.", t.assertion(t.victim, "")},
		{"A hash of null.", t.assertion(t.victim, nil)},
		{"A list for a hash.", t.assertion(t.victim, []any{})},
		{"A number for a hash.", t.assertion(t.victim, 0)},
	})
}

func tryMyHash(ctx context.Context, t *trial) error {
	return t.impersonate(ctx, "Ada’s user id, Mallory’s hash.", t.assertion(t.victim, t.hash(t.me.ID)), nil)
}

func tryRandomHash(ctx context.Context, t *trial) error {
	return t.impersonate(ctx, "Ada’s user id, 32 random bytes.", t.assertion(t.victim, randomHash()), nil)
}

func randomHash() string {
	random := make([]byte, sha256.Size)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

func tryTamperedHash(ctx context.Context, t *trial) error {
	for _, bit := range []struct {
		does  string
		index int
	}{{"The first bit flipped.", 0}, {"The last bit flipped.", 8*sha256.Size - 1}} {
		raw, err := hex.DecodeString(t.hash(t.victim.ID))
		if err != nil {
			return err
		}
		raw[bit.index/8] ^= 0x80 >> (bit.index % 8)
		if err := t.impersonate(ctx, bit.does, t.assertion(t.victim, hex.EncodeToString(raw)), nil); err != nil {
			return err
		}
	}
	return nil
}

func tryTruncatedHash(ctx context.Context, t *trial) error {
	whole := t.hash(t.victim.ID)
	return t.impersonateEach(ctx, []claim{
		{"The first half.", t.assertion(t.victim, whole[:32])},
		{"All but the last character.", t.assertion(t.victim, whole[:63])},
		{"The whole hash and one byte more.", t.assertion(t.victim, whole+"00")},
	})
}

func tryOtherKey(ctx context.Context, t *trial) error {
	config := t.bench.shop.config
	if config.OtherSecret == "" {
		t.finding = "Left out: this shop was not given the secret of another channel (SHOP_OTHER_SECRET)."
		return nil
	}
	if config.OtherChannel != "" {
		if err := t.provesAtHome(ctx); err != nil {
			return err
		}
	}
	return t.impersonate(ctx, "Ada’s user id, signed by the other channel’s key, at this channel.",
		t.assertion(t.victim, userHash(config.OtherSecret, t.victim.ID)), nil)
}

// provesAtHome shows that the other key is a living one, so that its refusal here
// is not the refusal of a broken key.
func (t *trial) provesAtHome(ctx context.Context) error {
	config := t.bench.shop.config
	got, step, err := t.send(ctx, "The same key at its own channel, for Mallory herself: this works.", call{
		Method: http.MethodPost, Path: sessionsPath,
		Body: opening{Channel: config.OtherChannel, Platform: "web", Assertion: t.assertion(t.me, userHash(config.OtherSecret, t.me.ID))},
	})
	if err != nil {
		return err
	}
	t.records++
	session, ok := readOpened(got)
	if !ok || session.Tier != "verified" {
		t.judge(step, Inconclusive, "The other channel’s key does not verify at home either, so its refusal here would prove little.")
		return nil
	}
	t.judge(step, Harmless, "Verified there, as it should be.")
	t.bench.shop.leave(ctx, session.Session)
	return nil
}

func tryReplay(ctx context.Context, t *trial) error {
	opened, err := t.bench.shop.openAs(ctx, t.me)
	if err != nil {
		return fmt.Errorf("no session to log out of: %w", err)
	}
	t.records++
	list := call{Method: http.MethodGet, Path: conversationsPath, Bearer: opened.Session}
	got, step, err := t.send(ctx, "Before log-out the token works.", list)
	if err != nil {
		return err
	}
	if !got.ok() {
		t.judge(step, Inconclusive, "The token did not work before log-out either.")
		return nil
	}
	t.judge(step, Harmless, "As it should.")
	got, step, err = t.send(ctx, "Log out.", call{Method: http.MethodDelete, Path: currentPath, Bearer: opened.Session})
	if err != nil {
		return err
	}
	if !got.ok() {
		t.judge(step, GotThrough, "Log-out failed: the session could not be ended.")
		return nil
	}
	t.judge(step, Harmless, "The session is over.")
	return t.replayDead(ctx, opened.Session)
}

// replayDead uses a token that is no more, at every kind of door.
func (t *trial) replayDead(ctx context.Context, token string) error {
	for _, one := range []struct {
		does string
		call call
	}{
		{"Read with the copied token.", call{Method: http.MethodGet, Path: conversationsPath, Bearer: token}},
		{"Renew it.", call{Method: http.MethodGet, Path: currentPath, Bearer: token}},
		{"Write with it.", call{Method: http.MethodPost, Path: conversationsPath, Bearer: token,
			Body: map[string]any{"text": "Written after log-out.", "client_id": "replay-" + rand.Text()}}},
	} {
		got, step, err := t.send(ctx, one.does, one.call)
		if err != nil {
			return err
		}
		t.judgeDead(got, step)
	}
	stream := call{Method: http.MethodGet, Path: streamPath + "?after=0", Bearer: token}
	got, err := t.bench.shop.client.listen(ctx, stream, time.Second)
	if err != nil {
		return err
	}
	t.judgeDead(got, t.note("Listen with it.", stream, got))
	return nil
}

func (t *trial) judgeDead(got answer, step *Step) {
	if got.ok() {
		t.judge(step, GotThrough, "The token is still good after log-out.")
		return
	}
	verdict, finding, _ := judgeStatus(got)
	t.judge(step, verdict, finding)
}

func tryJWT(ctx context.Context, t *trial) error {
	now := t.bench.shop.now()
	claims := map[string]any{
		"sub": t.victim.ID, "user_id": t.victim.ID, "email": t.victim.Email, "aud": t.bench.shop.config.Channel,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	picked := jwtPart(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." + jwtPart(claims)
	mac := hmac.New(sha256.New, []byte(t.bench.shop.config.Secret))
	mac.Write([]byte(picked)) // what the shop does for any user id, even for this one
	dressed := picked + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	unsigned := jwtPart(map[string]any{"alg": "none", "typ": "JWT"}) + "." + jwtPart(claims) + "."
	return t.impersonateEach(ctx, []claim{
		{"The hash of the picked user id as a JWT’s signature.", map[string]any{"jwt": dressed}},
		{"The same, and Ada’s user id beside it.", map[string]any{"jwt": dressed, "user_id": t.victim.ID}},
		{"A JWT with the algorithm “none”.", map[string]any{"jwt": unsigned}},
	})
}

func jwtPart(value map[string]any) string {
	encoded, _ := json.Marshal(value) // strings and numbers: never fails
	return base64.RawURLEncoding.EncodeToString(encoded)
}

func tryIdentifierKind(ctx context.Context, t *trial) error {
	err := t.impersonateEach(ctx, []claim{
		{"Ada’s email alone, with Mallory’s hash of her own user id.", map[string]any{"email": t.victim.Email, "hash": t.hash(t.me.ID)}},
		{"Ada’s email as a user id, with Mallory’s hash.", map[string]any{"user_id": t.victim.Email, "hash": t.hash(t.me.ID)}},
		{"Mallory took Ada’s email as her own user id: the shop’s true hash of it, presented as an email.",
			map[string]any{"email": t.victim.Email, "hash": t.hash(t.victim.Email)}},
	})
	if err != nil {
		return err
	}
	return t.namesake(ctx)
}

// namesake presents a true proof of a user id that is spelled like the victim's
// email. It verifies, as somebody else: what must not happen is that this
// somebody sees what is the victim's.
func (t *trial) namesake(ctx context.Context) error {
	got, step, err := t.openSession(ctx, "The same hash, presented as the user id that was signed: true, but that is another person.",
		map[string]any{"user_id": t.victim.Email, "hash": t.hash(t.victim.Email)}, nil)
	if err != nil {
		return err
	}
	t.records++
	session, ok := t.opened(got, step)
	if !ok {
		return nil
	}
	if t.leaks(got, true) {
		t.judge(step, GotThrough, "The answer tells something about the victim.")
	} else {
		t.judge(step, Harmless, "A user id and an email are never the same person, however they are spelled. What does it see?")
	}
	return t.lookAround(ctx, session.Session)
}

func tryForgedHeaders(ctx context.Context, t *trial) error {
	forged := http.Header{
		"Origin":            {t.site},
		"Referer":           {t.site + "/account"},
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Real-Ip":         {"127.0.0.1"},
		"Forwarded":         {"for=127.0.0.1;host=localhost;proto=https"},
		"X-Forwarded-Host":  {strings.TrimPrefix(strings.TrimPrefix(t.site, "https://"), "http://")},
		"X-User-Id":         {t.victim.ID},
		"X-Forwarded-User":  {t.victim.ID},
		"X-Forwarded-Email": {t.victim.Email},
	}
	err := t.impersonate(ctx, "Claim to be Ada, with every forged header.", t.assertion(t.victim, randomHash()), forged)
	if err != nil {
		return err
	}
	got, step, err := t.openSession(ctx, "Claim nothing, and let the headers speak.", nil, forged)
	if err != nil {
		return err
	}
	session, ok := t.opened(got, step)
	if !ok {
		return nil
	}
	if session.Tier != "anonymous" {
		t.judge(step, GotThrough, "Headers alone made a session of the tier “"+session.Tier+"”.")
	} else {
		t.judge(step, Harmless, "An anonymous session, as any visitor has. Whom does it see?")
	}
	return t.lookAround(ctx, session.Session)
}
