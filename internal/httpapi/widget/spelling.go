package widget

import (
	"net/http"
	"slices"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// spelling is how a caller who speaks another vendor's dialect is refused; nil is in our
// own words. Only an app's assertion that names the dialect is answered so: a web page
// never sees an answer of this door, and what names no dialect is our own protocol's.
func spelling(dialect string, platform policy.Platform) func(wire.Problem) (status int, body any) {
	if platform != policy.Web && slices.Contains([]string{"intercom", "intercom-jwt"}, dialect) {
		return intercomApp
	}
	return nil
}

// intercomApp puts a refusal as Intercom does to its libraries for iOS and Android. The
// two public answers about an identity stay two, of one status, code and size.
func intercomApp(p wire.Problem) (status int, body any) {
	code, message := p.Code, p.Detail
	status = p.Status
	switch httpapi.Code(p.Code) {
	case httpapi.IdentityRequired:
		status, code, message = http.StatusUnauthorized, "hmac_mismatch", "Missing user_hash"
	case httpapi.IdentityRefused:
		status, code, message = http.StatusUnauthorized, "hmac_mismatch", "Invalid user_hash"
	case httpapi.SessionEnded:
		code = "unauthorized"
	case httpapi.RequestInvalid:
		code = "parameter_invalid"
	case httpapi.TooMany:
		code = "rate_limit_exceeded"
	case httpapi.Internal, httpapi.NotReady:
		code = "server_error"
	}
	return status, wire.IntercomErrors{Type: "error.list", RequestID: p.RequestID, Errors: []wire.IntercomError{{Code: code, Message: message}}}
}
