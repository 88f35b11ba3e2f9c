package sdk_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	countersign "countersign/sdk/go"
)

// TestGoSignsWhatTheGateTakes runs the cases with the library for Go, which needs
// no interpreter of its own.
func TestGoSignsWhatTheGateTakes(t *testing.T) {
	for _, c := range readCases(t) {
		proof, err := c.signInGo()
		switch {
		case c.Error && (proof != "" || !errors.Is(err, countersign.ErrInput)):
			t.Errorf("%s: %q, %v", c.Name, proof, err)
		case c.Error:
		case err != nil:
			t.Errorf("%s: %v", c.Name, err)
		default:
			c.judge(t, proof)
		}
	}
}

func (c signCase) signInGo() (string, error) {
	who := countersign.Identity{UserID: c.userID(), Email: c.Email}
	if n, err := strconv.ParseInt(string(c.UserID), 10, 64); err == nil {
		if who.UserID, err = countersign.NumberID(n); err != nil {
			return "", err
		}
	}
	switch c.Make {
	case "hash":
		return countersign.Hash(countersign.Dialect(c.Dialect), c.Secret, who)
	case "v1":
		return countersign.V1(c.Secret, c.Channel, who, time.Unix(c.Now, 0))
	case "jwt":
		return countersign.JWT(c.Secret, countersign.Token{
			Dialect: countersign.Dialect(c.Dialect), Channel: c.Channel, Identity: who, IssuedAt: time.Unix(c.Now, 0),
			Life: time.Duration(c.Life) * time.Second, Claims: c.Claims,
		})
	}
	return "", fmt.Errorf("make %q", c.Make)
}
