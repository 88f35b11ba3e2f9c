package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"countersign/identity"
	"countersign/identity/dialect"
)

// The key pairs of the vectors. They are published here and so never usable anywhere.
const (
	esPrivate = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfBW/o3ngkvs5l7CS
xakvrVbIzf34TfH7vnmOTFA5k3OhRANCAARNiTvdM68rcbeBcu3zWE6mbTc9HoX7
BNKPVLCGFt38e8tMdB76zweUN/7i7wxeW3b+2NhrdBwLPJmkO0rLttlx
-----END PRIVATE KEY-----
`
	esOther = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmIpQuFnKlDBzTV7O
dbknBGa8Nd+CGbbYEkbeSYLEAoqhRANCAARCfS+qSRpW8NRfYG6BkhVsSQhZlrCt
ZsA6eVY3M8qhkyUiTl+suSS9Riqc1Cmo/ZZ1jP9j1gxbEsNkN4/76/a/
-----END PRIVATE KEY-----
`
	rsPrivate = `-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC1RebDmVtcAXP+
7c45+n/H7K8sYnckdAshyjmM4WNNvVGRCKLhHpDZJShC4nWChRKUFYSt30+ctYXa
YNEVRg5xwSl4yoBYrVlOgoS45YppvTgilUV9KW5FyTYckSk05GflnzzunXdKe5uy
ch/PXXCi5uYwIEmbOu/YChqiJRJVUhCYXDlVsVP51/p+ZpehgPDGt48423U3VEEg
cPeNS5edPxJtVoX5aNRtTA8cOTVWdcuxZTfzmdu+WeWYWMUZ8ql3oiaaJQLc2Tu8
THhzxjj1w+P5OdlC3iF7+bG7yPaqK4k4/hDsmApS95UY9BMK573EbscoctHdAWEg
E69bghNvAgMBAAECggEAB+QsIJW7gWzaxN1LXgDGsUhfc9oxf5fBqE3qZXSmYwr7
0wmCNbSj76ALeaXsIatzXJj3Nq6DA7pvQkt2rqtnE5KqIIUIQ1QAkEdkSbxMY0AG
gpLm/ITiNQ2GWoYDOjc7QqbE+0pFmCt7YrBPLDLQJXdRzASLz8MoD8qY0Dg27Rnb
l2L/qLTeocZr0y6FARK/W1pzbEjh07iFB5338bwk5wi/1z/xJTKm40GeSCBqJVNE
1JzCggPp+Obz5WaXvXZu3Lg4jUmhzuYUt1dTdU2/9Yi4UFa/9W25uISxM7jcGA5Q
gwhgj4OESswMGKe2ysFDyl5TU/S+wJMfaXkP6IqpwQKBgQDx2SaqiRL/gSWa3Vp1
Sa/1K9HFslGYSOQGMMwLVz0EPDE9JPBT/SoOh0p4P1uDi5P0yqu6FV2OFNDi/JjI
GvNuOyx35bCzS/lvGqkI+LJtyAAafeDSXpILJFHDzktsYhLYTNEVixCrPuJPc970
7qyZHR6D1XcxHKkiy8i0T4MhoQKBgQC/4Vfrm08oWyu5fAw1Cx6Pj5veosawo+5p
w1FVZsW/VLPYVW33YQfCxCHvACg8W/BFo42xTbtzuWyVdwGodyFMuEegZGYI/Ywd
nqxtLlbjYWNuOJU1iRHtwzSPw328csV12Vej52YwTQgAZmDPSQBSLfzuUxDrjrw0
Od6kZzM7DwKBgAxepvOh/y7CVEIPgEjvc+h+TURnUnUPhVortMP/ukc1LO+LrB8f
m78SfGSaGPwpb2/dzdq+rQJPXj+927KgbkL9E9EuFlOVVzSvkGW9EqM6z4aLWaxo
2d9oBCaXrpPkkEIv66HGcxvPI5QcwRKWAo3yR1VG3cnNRXlaIvHV/0cBAoGAbjD2
0LMMLlzNK2P1jrCoCEGsfZp1CBPcYphsKOMwRMRb06ybzijG0C7aXep1MNSLkzJt
uJivQbIGjX8eUKS5VtmtKIr/ncIdqRTqaHjoJQRUmYOdDHV++k/T64uUtZgjlZ4P
Gm1U3gAezDv+9Iszx/3o9uR1HxGFO2jQVxF89jkCgYAnC7aa1Ibf91W3M+YEZ8Oe
8hOnmxNskKsqc854E6gyd7gHpYW3AYLkXQd3tw4BKc0ANHKS9aoMq7rd/dl2BqWj
w2zHqBPejcKvVDVc1mcOPMjsIXNwHpl3Vq/5C3I4IthRIUzZC6/qWc2tOLI5nCQl
6sLXXu4IjdWOIVxhgHU4iQ==
-----END PRIVATE KEY-----
`
	edPrivate = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEID2Czh/aUShY1RlKCjS9oUFQHsysF2gOUHUeLJ+8r8RB
-----END PRIVATE KEY-----
`
	p384Private = `-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDQR4C3FLEbqtD+MVhh
opBL33eiCc+fCFE6WMonLAN4Z1a3gNPkhenqcICOcqLKq6mhZANiAASGWCYOz9PY
3Ul6KYjdNbSgSshaMc8Yndbo/ZghcMMrhcbTjCgHCRXuVvTkqQGfVGZ87FVLKBqa
uFqUd2QDz688HR5on96lmuEigS4H/sTW4470g8+Wx0DJwt98GVkoX+8=
-----END PRIVATE KEY-----
`
	rsShort = `-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBANc8X8+X7XI9zkdG
0ZhUQrEwWBGgX7bhWWWM4z5u9Nyk4uDfigz+Abj5MtkD3Z6p/JQCDH4Ah4U6fAPs
oidg1pBtqnzPBdioJVunzpEtVC+GI/mozv0rRmgYbI64y9e0HCxdJbPrab/NDN0Z
SzuKYHendB6ExT3MIgAtW42jFiPfAgMBAAECgYBDnj8Ha9Z39nzQnaoJLieJnQN9
/iEzxhYctidKHPemPdLdDL1FGaOW5gsYbIN6bjLgmMgt6aKps1b0sKm8r0qYn00B
f2rUBBV++Vyypw6hHQBpH54jRMLI7erweTTNsmHN4LYhcB8zWM6hk07m9uCThHJg
rPviQztObLKKI5zpuQJBAPwqSlMpP0rCxayEjfwSqItjmzd1kQwv+92q2LDM2sMF
zqDNdJkoxEwCUGLENnpQlLf7GFDBnOa05nPYZVQn2qsCQQDaglA+wgKbE0tuHpsW
SJM7PTpSeQ4vZm0EPGpk/DQ+vihJ6oeIqAQFaXb3jOXIMBXNSyEkjU4fb3E73nYH
vxudAkBb/3naWUQUHHdN95ZtjskbAZ4RX70peyAiwUAJUNPHLwkxtYOClVL4gCef
wQI3IcsATIWUgO6jZQBm514gk+G9AkEAtF6xgrx/jicFMudMub462sGV7RJEZVg1
UTPV13pgXhJ2C13vdxzKBPWj4ICMBQ28UXRc7WE/Ra+mVvcxkv9r+QJBALIzzrSP
NMW7WjnSTuLI8h/rHi6quOdmXrS11InCa7H00+WOFAZoEPLaf78ztkVFa5JpvODz
zggO24o1cnQMxsE=
-----END PRIVATE KEY-----
`
	rsThree = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDVsWfGBQxyYKk8
IyLo09bELqr+2llE25exEf39HgYiPgBTluQe1qZLIPtUou1WoRUh1ofFszALVqFw
5Mo8UuBTRJrf8R30e4Exk75P+rFWHnaWMXE5T99LEnfr7cgcaXGTJg8hvK8VWVth
Zu2gpUxwNGqTUb4RhuOhkL55JNelMWnWMaD9GIKv8LS1VVIa1S0clPMu+28GtPjr
ZwZ1ASWNtAHoc4xv1i77HC13xvdj0naTUHKXI6h1ZPfM5olkRkVWrlS/ItZWqt6b
WqGIssWwRb5Fm56l7/fVxa9htimfmoK97YkTGsCc9jhfxjEMrXDqtD+cDr1kqHqx
/2k20KhtAgEDAoIBAQCOdkUurghMQHDSwhdF4o8tdHH/PDuDPQ/LYVP+FAQW1AA3
ue1p5G7cwKeNwfOPFg4WjwUud3Vc5GugmIbS4eriLbyVS2lNp6t2Yn7f/HY5aaRk
IPYmNT+HYaVH89q9m6EMxAoWfcoOO5JA70kVw4hKzZxiNn62We0WYH77beUYymQH
sdBf71KkuZ6mRT40XlOztyD2DJymJsoWNP0gmBi2edErA9TiALi5s7p+/HW23wW9
yV/mqDRAu2yauPB+pbjhlv6tle15Lo4UrpVE/wni3AkDeok9poU6rxPjYyUK4F/y
d+6MZ2ZKUOXebbEFnRvsw0+uEHrdFJ80BoDguScTAoGBAOtAxtA8hbEfAxG4VRaN
6p7xl4WRO0S1xFJN3uaVAOsT4i0c9H95E1y2ONE+4h5s3+9cJ2oe7i1fRyoEmLrs
+OE1bl7dVPaQ1OBkvqh/BRzqGw68YsNm+tKCYm8h2j+FyisJ9uiEE5dPVteUJqq7
5+v05lbUviTgmpXlP67ZVkVDAoGBAOiJ4Bgwq9WZ1zUDmF4+XRCdarwsrT9Xtnd8
OKQvHBVoGxsK+U2jwb0uVcR6aihko/6aevieOSy1BKrgOGW5VM7O3XfdbPuQECkX
lhkiLxnx4KIEAQ1ie117XKJqxzKJf8fIQrq8bA/eJgf9+vzIWdsSqPFCN+A4bvX+
tfkMZKiPAoGBAJzV2eAoWSC/V2Eljg8JRxShD65g0i3OguGJP0RjVfINQXNoov+m
DOh5ezYp7BRIlUo9b5wUnsjqL3FYZdHzUJYjnuno408LOJWYfxr/WL3xZ18oQdeZ
/IxW7EoWkX+uhsdb+fBYDQ+KOeUNbxx9RUf4mY84fsNAZw6Y1R87jtjXAoGBAJsG
lWV1x+O75M4CZZQpk2Bo8dLIc3+PzvpS0G10vWOavLyx+4kX1n4e49hRnBrtwqm8
UfsUJh3OAxyVeu57jd80k6U+SKe1YBtlDrtsH2ahQGwCq15Bp5Onkxbx2iGw/9qF
gdHS8rU+xAVT/KiFkTy3G0uBepV69KP/I/tdmHBfAoGAAkmDCYwaLhefN7BBq9IC
SLVlbRq/0WgLwaKPOyvZIQ+hMGpHANW+KUoDpii4BkK26ECbUjzSnAFceKV1cuCL
aalR7bP9wclXyd1z7lT9gffHrVQFTEW7JrAeeQR6oJSTnx6tQlm+Wksadwzrmv36
7/cTCBvOGnldkl0p285WH7I=
-----END PRIVATE KEY-----
`
	esPublic = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETYk73TOvK3G3gXLt81hOpm03PR6F
+wTSj1Swhhbd/HvLTHQe+s8HlDf+4u8MXlt2/tjYa3QcCzyZpDtKy7bZcQ==
-----END PUBLIC KEY-----
`
	rsPublic = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtUXmw5lbXAFz/u3OOfp/
x+yvLGJ3JHQLIco5jOFjTb1RkQii4R6Q2SUoQuJ1goUSlBWErd9PnLWF2mDRFUYO
ccEpeMqAWK1ZToKEuOWKab04IpVFfSluRck2HJEpNORn5Z887p13SnubsnIfz11w
oubmMCBJmzrv2AoaoiUSVVIQmFw5VbFT+df6fmaXoYDwxrePONt1N1RBIHD3jUuX
nT8SbVaF+WjUbUwPHDk1VnXLsWU385nbvlnlmFjFGfKpd6ImmiUC3Nk7vEx4c8Y4
9cPj+TnZQt4he/mxu8j2qiuJOP4Q7JgKUveVGPQTCue9xG7HKHLR3QFhIBOvW4IT
bwIDAQAB
-----END PUBLIC KEY-----
`
	edPublic = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAelAkZhC0to9WvD1EILo0SzUwA4djqRqECSggQgVarXQ=
-----END PUBLIC KEY-----
`
	p384Public = `-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEhlgmDs/T2N1JeimI3TW0oErIWjHPGJ3W
6P2YIXDDK4XG04woBwkV7lb05KkBn1RmfOxVSygamrhalHdkA8+vPB0eaJ/epZrh
IoEuB/7E1uOO9IPPlsdAycLffBlZKF/v
-----END PUBLIC KEY-----
`
	rsShortPublic = `-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXPF/Pl+1yPc5HRtGYVEKxMFgR
oF+24VlljOM+bvTcpOLg34oM/gG4+TLZA92eqfyUAgx+AIeFOnwD7KInYNaQbap8
zwXYqCVbp86RLVQvhiP5qM79K0ZoGGyOuMvXtBwsXSWz62m/zQzdGUs7imB3p3Qe
hMU9zCIALVuNoxYj3wIDAQAB
-----END PUBLIC KEY-----
`
	rsThreePublic = `-----BEGIN PUBLIC KEY-----
MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEA1bFnxgUMcmCpPCMi6NPW
xC6q/tpZRNuXsRH9/R4GIj4AU5bkHtamSyD7VKLtVqEVIdaHxbMwC1ahcOTKPFLg
U0Sa3/Ed9HuBMZO+T/qxVh52ljFxOU/fSxJ36+3IHGlxkyYPIbyvFVlbYWbtoKVM
cDRqk1G+EYbjoZC+eSTXpTFp1jGg/RiCr/C0tVVSGtUtHJTzLvtvBrT462cGdQEl
jbQB6HOMb9Yu+xwtd8b3Y9J2k1BylyOodWT3zOaJZEZFVq5UvyLWVqrem1qhiLLF
sEW+RZuepe/31cWvYbYpn5qCve2JExrAnPY4X8YxDK1w6rQ/nA69ZKh6sf9pNtCo
bQIBAw==
-----END PUBLIC KEY-----
`
)

// pairs of the three algorithms :: algorithm → private key, public key.
var keyPairs = map[identity.Algorithm][2]string{
	identity.ES256: {esPrivate, esPublic},
	identity.RS256: {rsPrivate, rsPublic},
	identity.EdDSA: {edPrivate, edPublic},
}

func privateOf(tb testing.TB, text string) identity.PrivateKey {
	tb.Helper()
	key, err := identity.ParsePrivateKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func publicOf(tb testing.TB, text string) identity.PublicKey {
	tb.Helper()
	key, err := identity.ParsePublicKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// single is a native-jwt key that verifies with one public key.
func single(tb testing.TB, text string, setup dialect.Setup) *identity.Key {
	tb.Helper()
	public := publicOf(tb, text)
	setup.Public = &identity.PublicSet{Algorithm: public.Algorithm(), Keys: []identity.PublicKey{public}}
	return publicKeyOf(tb, setup)
}

// signer is a native-jwt key that signs with a private key.
func signer(tb testing.TB, text string, setup dialect.Setup) *identity.Key {
	tb.Helper()
	private := privateOf(tb, text)
	setup.Private = &private
	return publicKeyOf(tb, setup)
}

func publicKeyOf(tb testing.TB, setup dialect.Setup) *identity.Key {
	tb.Helper()
	row, _ := dialect.Get("native-jwt")
	if setup.ID == "" {
		setup.ID = "k1"
	}
	if setup.Audiences == nil {
		setup.Audiences = []string{"shop"}
	}
	setup.Realm, setup.Platforms = "main", []string{"web"}
	key, err := row.NewKey(setup)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func identityAlgorithm(name string) identity.Algorithm { return identity.Algorithm(name) }

// deterministicES256 signs with the plain library, without randomness (RFC 6979).
func deterministicES256(tb testing.TB, private, signed string) []byte {
	tb.Helper()
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(private))
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	der, err := key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &numbers); err != nil {
		tb.Fatal(err)
	}
	return append(numbers.R.FillBytes(make([]byte, 32)), numbers.S.FillBytes(make([]byte, 32))...)
}

// p256 is a new key pair that nobody published.
func p256(tb testing.TB) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
