package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"slices"
)

// Bounds of RSA. Below, a modulus can be factored by who wants to enough; above, each
// forged token costs us more than it costs its maker.
const (
	minModulus  = 2048
	maxModulus  = 4096
	minExponent = 65537
	maxExponent = 1<<31 - 1
)

// rsaKey refuses what is weak. An exponent of 1 makes every message its own signature,
// and the small odd ones have carried most forgeries of PKCS #1 v1.5.
func rsaKey(n, e *big.Int) (PublicKey, error) {
	switch {
	case n.BitLen() < minModulus || n.BitLen() > maxModulus:
		return PublicKey{}, noKey("weak", "an RSA key has %d to %d bits here, and this one has %d", minModulus, maxModulus, n.BitLen())
	case n.Bit(0) == 0:
		return PublicKey{}, noKey("weak", "the RSA modulus is even")
	case !e.IsInt64() || e.Int64() < minExponent || e.Int64() > maxExponent || e.Bit(0) == 0:
		return PublicKey{}, noKey("weak", "the RSA exponent is not an odd number from 65537 on; 65537 is the usual one")
	case fromBrokenGenerator(n):
		return PublicKey{}, noKey("weak", "the RSA key comes from a generator whose keys can be factored (ROCA)")
	}
	return PublicKey{algorithm: RS256, rsa: &rsa.PublicKey{N: n, E: int(e.Int64())}}, nil
}

// rocaPrimes are those under which the moduli of one widespread chip (CVE-2017-15361)
// are powers of 65537; those of other generators practically never are.
var rocaPrimes = []int64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
	127, 131, 137, 139, 149, 151, 157, 163, 167}

func fromBrokenGenerator(n *big.Int) bool {
	return !slices.ContainsFunc(rocaPrimes, func(p int64) bool {
		rest := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		power := int64(1)
		for range p {
			if power == rest {
				return false // a power of 65537: as the chip's
			}
			power = power * 65537 % p
		}
		return true
	})
}

func ecKey(key *ecdsa.PublicKey) (PublicKey, error) {
	if key.Curve != elliptic.P256() {
		return PublicKey{}, noKey("kind", "the key is for another curve than P-256, which ES256 needs")
	}
	return PublicKey{algorithm: ES256, ec: key}, nil
}

// edwards25519: the field's prime and the curve's d.
var (
	edPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edD, _  = new(big.Int).SetString("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3", 16)
	// edWeakY are the y of the eight points of small order, under which one signature
	// verifies for many messages: 0, 1, -1 and those of order eight.
	edWeakY = func() []*big.Int {
		eight, _ := new(big.Int).SetString("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)
		one := big.NewInt(1)
		return []*big.Int{new(big.Int), one, new(big.Int).Sub(edPrime, one), eight, new(big.Int).Sub(edPrime, eight)}
	}()
)

// edKey refuses 32 bytes that are no point, a second spelling of one, or a point of
// small order: the standard library's verifier leaves these to whoever picks the key.
func edKey(raw []byte) (PublicKey, error) {
	if len(raw) != ed25519.PublicKeySize {
		return PublicKey{}, noKey("malformed", "an Ed25519 key has 32 bytes")
	}
	little := slices.Clone(raw)
	little[31] &= 0x7f // the sign of x
	slices.Reverse(little)
	y := new(big.Int).SetBytes(little)
	switch {
	case y.Cmp(edPrime) >= 0 || !edOnCurve(y):
		return PublicKey{}, noKey("malformed", "the 32 bytes are no point of Ed25519")
	case slices.ContainsFunc(edWeakY, func(weak *big.Int) bool { return weak.Cmp(y) == 0 }):
		return PublicKey{}, noKey("weak", "the Ed25519 key is a point of small order, under which anybody can sign")
	}
	return PublicKey{algorithm: EdDSA, ed: slices.Clone(raw)}, nil
}

// edOnCurve says whether some x belongs to y: x² = (y²-1) / (dy²+1).
func edOnCurve(y *big.Int) bool {
	square := new(big.Int).Mul(y, y)
	above := new(big.Int).Sub(square, big.NewInt(1))
	below := new(big.Int).Add(new(big.Int).Mul(edD, square), big.NewInt(1))
	below.ModInverse(below.Mod(below, edPrime), edPrime)
	x2 := above.Mul(above, below)
	return x2.Sign() == 0 || big.Jacobi(x2.Mod(x2, edPrime), edPrime) >= 0
}
