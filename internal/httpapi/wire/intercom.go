package wire

// SecureModeSecret is Intercom's identity_verification_secret.
type SecureModeSecret struct {
	Type            string `json:"type"`
	ID              string `json:"id"`
	Name            string `json:"name"`
	SupportsAndroid bool   `json:"supports_android"`
	SupportsIOS     bool   `json:"supports_ios"`
	SupportsWeb     bool   `json:"supports_web"`
	Secret          string `json:"secret,omitzero" doc:"In the answer to its creation, this one time."`
	CreatedAt       int64  `json:"created_at" doc:"Unix time in seconds."`
}

// SecureModeSecrets is a list of them.
type SecureModeSecrets struct {
	Type string             `json:"type"`
	Data []SecureModeSecret `json:"data"`
}

// CreateSecureModeSecret asks for one.
type CreateSecureModeSecret struct {
	Name            string `json:"name"`
	SupportsAndroid bool   `json:"supports_android,omitzero"`
	SupportsIOS     bool   `json:"supports_ios,omitzero"`
	SupportsWeb     bool   `json:"supports_web,omitzero"`
}

// IntercomErrors is how Intercom's API refuses.
type IntercomErrors struct {
	Type      string          `json:"type"`
	RequestID string          `json:"request_id"`
	Errors    []IntercomError `json:"errors"`
}

// IntercomError is one reason.
type IntercomError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}
