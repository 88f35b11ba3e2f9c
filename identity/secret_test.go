package identity_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"countersign/identity"
)

// TestSecretIsNeverPrinted goes through what people write by accident: every
// verb, nested in fields that formatters reach by reflection only, loggers,
// encoders, errors.
func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "hunter2hunter2hunter2hunter2"
	type nest struct {
		Open   identity.Secret
		closed identity.Secret
		ptr    *identity.Secret
	}
	secret := identity.NewSecret([]byte(text))
	values := []any{secret, &secret, nest{secret, secret, &secret}, &nest{closed: secret}, []identity.Secret{secret}, map[string]identity.Secret{"k": secret},
		struct{ any }{secret}}
	var out strings.Builder
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%p", "%T", "%08.3v", "% x", "%+q"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		if raw, err := json.Marshal(v); err == nil {
			out.Write(raw)
		}
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "v", v)
		out.Write(logged.Bytes())
		var coded bytes.Buffer
		_ = gob.NewEncoder(&coded).Encode(v)
		out.Write(coded.Bytes())
		out.WriteString(fmt.Errorf("wrapped: %v", v).Error())
	}
	for _, leak := range []string{text, text[:7], "68756e746572", "68 75 6e", "104 117 110", "aHVudGVy", "U+0068"} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(leak)) {
			t.Errorf("%q was printed", leak)
		}
	}
	if !strings.Contains(out.String(), "[secret]") {
		t.Error("nothing says that a secret was left out")
	}
}

func TestSecretCannotBeCompared(t *testing.T) {
	if reflect.TypeFor[identity.Secret]().Comparable() {
		t.Error("secrets can be compared with ==, in variable time")
	}
}

// TestKeyAndVerifiedDoNotPrintTheSecret: both hold one behind a pointer.
func TestKeyAndVerifiedDoNotPrintTheSecret(t *testing.T) {
	ring, key := benchRing(t, "native", 1)
	hash, err := key.Sign(identity.Statement{Email: emailOf20})
	if err != nil {
		t.Fatal(err)
	}
	verified, err := identity.Verify(ring, identity.Assertion{Email: emailOf20, Hash: hash}, parseTime(t, vectorNow))
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %v %+v %v %+v", key, key, verified, key, verified, verified, ring, ring)
	if strings.Contains(printed, "0f1e2d3c") || strings.Contains(printed, "48 102 49") {
		t.Errorf("the secret was printed: %s", printed)
	}
}

func TestSecretKeepsItsOwnCopy(t *testing.T) {
	entered := []byte("0123456789")
	secret := identity.NewSecret(entered)
	entered[0] = 'x'
	shown := secret.Reveal()
	shown[1] = 'x'
	if got := string(secret.Reveal()); got != "0123456789" || secret.Len() != 10 {
		t.Errorf("the secret changed to %q", got)
	}
	var zero identity.Secret
	if zero.Len() != 0 || zero.Reveal() != nil {
		t.Error("the zero Secret is not empty")
	}
}
