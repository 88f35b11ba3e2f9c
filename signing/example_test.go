package signing_test

import (
	"fmt"
	"time"

	"countersign/signing"
)

// A receiver holds the raw body and the headers against its secret.
func ExampleVerifyWebhook() {
	secret, _ := signing.WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	header := map[string][]string{ // an http.Header
		"Webhook-Id":        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		"Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	arrived := time.Unix(1614265390, 0)
	fmt.Println(signing.VerifyWebhook([][]byte{secret}, header, []byte(`{"test": 2432232314}`), arrived, signing.DefaultTolerance))
	fmt.Println(signing.VerifyWebhook([][]byte{secret}, header, []byte(`{"test": 0}`), arrived, signing.DefaultTolerance))
	// Output:
	// <nil>
	// refused proof_mismatch: No signature belongs to this id, time, body and secret.
}

// A frame believes the parameters that VerifyQuery hands out, and no others.
func ExampleVerifyQuery() {
	signed, _ := signing.SignQuery([]byte("my-secret-key"), "https://app.example/panel?shop=eu&customer-id=7", []string{"shop"})
	fmt.Println(signed)
	params, err := signing.VerifyQuery([][]byte{[]byte("my-secret-key")}, signed[len("https://app.example/panel?"):], []string{"shop"}, time.Now(), signing.DefaultTolerance)
	fmt.Println(params, err)
	// Output:
	// https://app.example/panel?shop=eu&customer-id=7&X-HelpScout-Signature=qwgav745%2FXt0jj9vteJDtrjr0FI%3D
	// [{customer-id 7}] <nil>
}
