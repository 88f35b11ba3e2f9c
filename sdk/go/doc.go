// Package countersign is for a customer's backend: it proves to Countersign who
// is logged in there, and checks that a request came from Countersign.
//
// A proof is made by [Hash], [V1] or [JWT]; the channel's key says which. Requests
// are checked by [VerifyWebhook], [VerifyQuery] and [VerifyBody]. Input that the
// gate would refuse is an error that wraps [ErrInput], never a signature.
package countersign
