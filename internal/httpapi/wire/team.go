package wire

// Confirm is who sits at the console, proved again.
type Confirm struct {
	Password string `json:"password"`
}
