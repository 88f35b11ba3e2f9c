package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what authenticator apps speak
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// device is an authenticator as a browser drives it, and as an attacker might.
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	user    string
	counter uint32
	flags   byte // of the user: present 1, verified 4
	origin  string
}

func newDevice(t *testing.T, origin string) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &device{t: t, key: key, id: id, flags: 5, origin: origin}
}

var url64 = base64.RawURLEncoding

func (d *device) clientData(kind string, challenge object) []byte {
	raw, err := json.Marshal(object{"type": "webauthn." + kind, "challenge": challenge["challenge"], "origin": d.origin, "crossOrigin": false})
	must(d.t, err)
	return raw
}

func (d *device) data(host string, extra byte) []byte {
	sum := sha256.Sum256([]byte(host))
	out := append(sum[:], d.flags|extra)
	return binary.BigEndian.AppendUint32(out, d.counter)
}

// register makes a passkey for a challenge.
func (d *device) register(challenge object) object {
	d.user, _ = challenge["user"].(string)
	data := d.data(challenge["host"].(string), 0x40)
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(data, d.id...)
	public, err := d.key.PublicKey.Bytes() // 4, x, y
	must(d.t, err)
	data = append(data, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32)
	data = append(data, public[1:33]...)
	data = append(data, 0x22, 0x58, 32)
	data = append(data, public[33:]...)
	attestation := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(data)))
	return object{"id": url64.EncodeToString(d.id), "client_data": url64.EncodeToString(d.clientData("create", challenge)),
		"attestation": url64.EncodeToString(append(attestation, data...)), "transports": []string{"internal"}}
}

// answer signs a challenge.
func (d *device) answer(challenge object) object {
	d.counter++
	client, data := d.clientData("get", challenge), d.data(challenge["host"].(string), 0)
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	must(d.t, err)
	return object{"id": url64.EncodeToString(d.id), "client_data": url64.EncodeToString(client), "authenticator_data": url64.EncodeToString(data),
		"signature": url64.EncodeToString(signature), "user_handle": d.user}
}

// app is an authenticator app; codes are of the step at from the present one.
type app struct{ secret []byte }

func newApp(t *testing.T, text string) app {
	t.Helper()
	secret, err := base32.StdEncoding.DecodeString(text)
	must(t, err)
	return app{secret}
}

// code waits where the present step is about to end, so that it still counts on arrival.
func (a app) code(at int64) string {
	for time.Now().Unix()%30 > 26 {
		<-time.After(100 * time.Millisecond)
	}
	mac := hmac.New(sha1.New, a.secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+at)))
	sum := mac.Sum(nil)
	at4 := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at4:])&0x7fffffff)%1_000_000)
}
