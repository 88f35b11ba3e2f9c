package diagnose

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // made again to recognise it as the mistake, never to believe it
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"

	"countersign/identity/dialect"
)

// algorithms :: bytes of a tag → the function that makes it.
var algorithms = map[int]func() hash.Hash{
	md5.Size: md5.New, sha1.Size: sha1.New, sha256.Size224: sha256.New224, sha256.Size: sha256.New, sha512.Size384: sha512.New384, sha512.Size: sha512.New,
}

// bySize :: bytes of a tag → the mistake that it shows; none for SHA-256.
var bySize = map[int][]slip{
	md5.Size:       {{NotAHash, "The hash is MD5, 16 bytes long.", "Use SHA-256, whose HMAC has 32 bytes, 64 hexadecimal digits."}},
	sha1.Size:      {{SHA1, "The hash is SHA-1, 20 bytes long.", "Use SHA-256, whose HMAC has 32 bytes, 64 hexadecimal digits."}},
	sha256.Size224: {{NotAHash, "The hash is SHA-224, 28 bytes long.", "Use SHA-256, whose HMAC has 32 bytes, 64 hexadecimal digits."}},
	sha256.Size:    nil,
	sha512.Size384: {{SHA512, "The hash is SHA-384, 48 bytes long.", "Use SHA-256, whose HMAC has 32 bytes, 64 hexadecimal digits."}},
	sha512.Size:    {{SHA512, "The hash is SHA-512, 64 bytes long.", "Use SHA-256, whose HMAC has 32 bytes, 64 hexadecimal digits."}},
}

// construction is a way to make a tag of a key and a text.
type construction struct {
	slips   []slip
	macs    int // what it costs
	make    func(h func() hash.Hash, key reading, text string) [][]byte
	keyless bool // no key goes into it, so none can be blamed
}

func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	_, _ = m.Write([]byte(text)) // never fails
	return m.Sum(nil)
}

func plain(h func() hash.Hash, text string) []byte {
	d := h()
	_, _ = d.Write([]byte(text)) // never fails
	return d.Sum(nil)
}

const hmacFix = "Use HMAC-SHA256 once: the secret is the key, the identifier is the message."

// constructions are the right one, and those that hold one mistake.
var constructions = [2][]construction{
	{{nil, 1, func(h func() hash.Hash, key reading, text string) [][]byte { return [][]byte{mac(h, key.key, text)} }, false}},
	{
		{[]slip{{Swapped, "Key and message are swapped: the identifier was used as the key and the secret as the message.", hmacFix}}, 1,
			func(h func() hash.Hash, key reading, text string) [][]byte {
				return [][]byte{mac(h, []byte(text), string(key.key))}
			}, false},
		{[]slip{{PlainSHA256, "The identifier was hashed alone, without the secret: anybody could make this hash.", hmacFix}}, 1,
			func(h func() hash.Hash, _ reading, text string) [][]byte { return [][]byte{plain(h, text)} }, true},
		{[]slip{{PlainSHA256, "Secret and identifier were joined and hashed, which is no HMAC.", hmacFix}}, 4,
			func(h func() hash.Hash, key reading, text string) [][]byte {
				var all [][]byte
				for _, between := range []string{"", ":"} {
					all = append(all, plain(h, string(key.key)+between+text), plain(h, text+between+string(key.key)))
				}
				return all
			}, false},
		{[]slip{{HashedTwice, "The hash was hashed again.", hmacFix}}, 5,
			func(h func() hash.Hash, key reading, text string) [][]byte {
				once := mac(h, key.key, text)
				digits := hex.EncodeToString(once)
				return [][]byte{mac(h, key.key, digits), mac(h, key.key, string(once)), plain(h, digits), plain(h, string(once))}
			}, false},
		{[]slip{{HashedTwice, "The identifier was hashed before it was signed.", "Sign the identifier itself, not a hash of it."}}, 3,
			func(h func() hash.Hash, key reading, text string) [][]byte {
				once := plain(h, text)
				return [][]byte{mac(h, key.key, hex.EncodeToString(once)), mac(h, key.key, string(once))}
			}, false},
		{[]slip{{HashedTwice, "The secret was hashed before it was used as the key.", "Use the secret itself as the key, not a hash of it."}}, 3,
			func(h func() hash.Hash, key reading, text string) [][]byte {
				once := plain(h, string(key.key))
				return [][]byte{mac(h, []byte(hex.EncodeToString(once)), text), mac(h, once, text)}
			}, false},
	},
}

// sentHash is one way to read what was pasted, with the mistakes that it shows.
type sentHash struct {
	tag   []byte
	slips []slip
}

const hexFix = "Send the hash as 64 hexadecimal digits."

// readHash reads a hash in the spellings in which backends send it, least mistakes
// first among those of one size.
func readHash(text string, target Key) []sentHash {
	if len(text) > 512 {
		return nil
	}
	row, _ := dialect.Get(target.Dialect)
	var found []sentHash
	for _, bare := range bareHashes(text) {
		for _, read := range decodings(bare.text, row.LooseHash) {
			if _, known := algorithms[len(read.tag)]; known {
				found = append(found, sentHash{read.tag, slices.Concat(bySize[len(read.tag)], read.slips, bare.slips)})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b sentHash) int {
		return cmp.Or(cmp.Compare(len(a.tag), len(b.tag)), cmp.Compare(len(a.slips), len(b.slips)))
	})
	return found
}

// bareHashes strips what stands around a hash.
func bareHashes(text string) []spelling {
	around := slip{NotAHash, "Something stands around the hash.", "Send the 64 digits alone."}
	forms := []spelling{{text: text}}
	unbroken := strings.TrimRight(text, "\r\n")
	forms = append(forms, distinct(text, []spelling{
		{unbroken, []slip{{Newline, "The hash ends in a line break.", "Remove the line break: send the 64 digits alone."}}},
		{strings.TrimSpace(unbroken), []slip{{Blanks, "Blanks stand around the hash.", "Send the 64 digits alone, without blanks."}}},
		{strings.Join(strings.Fields(text), ""), []slip{{Blanks, "Blanks stand inside the hash.", "Send the 64 digits alone, without blanks."}}},
		{strings.Trim(text, `"'`), []slip{around}},
		{strings.TrimPrefix(text, "sha256="), []slip{around}},
		{strings.TrimPrefix(text, "0x"), []slip{around}},
	})...)
	if plain, err := url.QueryUnescape(text); err == nil {
		forms = append(forms, distinct(text, []spelling{{plain, []slip{{NotAHash, "The hash is escaped as for an address.", hexFix}}}})...)
	}
	return forms
}

// decodings are the bytes that a text may stand for. loose dialects take standard
// base64 and hyphens themselves.
func decodings(text string, loose bool) []sentHash {
	var out []sentHash
	if raw, err := hex.DecodeString(text); err == nil {
		out = append(out, sentHash{tag: raw})
		if again, err := hex.DecodeString(string(raw)); err == nil {
			out = append(out, sentHash{again, []slip{{NotAHash, "The hash is written in hexadecimal twice.", hexFix}}})
		}
	}
	for _, separator := range []string{"-", ":"} {
		if raw, err := hex.DecodeString(strings.ReplaceAll(text, separator, "")); err == nil && strings.Contains(text, separator) {
			slips := []slip{{NotAHash, fmt.Sprintf("The hash's digits are separated by %q.", separator), hexFix}}
			if loose && separator == "-" {
				slips = nil
			}
			out = append(out, sentHash{raw, slips})
		}
	}
	for i, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		raw, err := encoding.DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			continue
		}
		slips := []slip{{Base64, "The hash is base64, and this dialect takes hexadecimal.", hexFix}}
		if loose && i == 0 && len(raw) == 32 {
			slips = nil
		}
		out = append(out, sentHash{raw, slips})
		if inner, err := hex.DecodeString(string(raw)); err == nil {
			out = append(out, sentHash{inner, []slip{{Base64, "The hexadecimal digits of the hash were encoded as base64 once more.", hexFix}}})
		}
	}
	return out
}
