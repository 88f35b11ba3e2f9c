package httpapi_test

import (
	"testing"

	"countersign/identity/policy"
)

// TestWhoMayNotSetEnforcementLowersNoMinimumTier: who may chat at all is decided with
// enforcement. Otherwise an admin, or a program that changes names and colours, lets in
// everybody whom security keeps out.
func TestWhoMayNotSetEnforcementLowersNoMinimumTier(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	settings := func(name, tier string) object {
		return object{"name": name, "appearance": object{}, "origins": []string{}, "minimum_tier": tier}
	}
	console, managed := "/api/v1/console/channels/"+channel.ID, "/api/v1/channels/"+channel.ID
	h.want(200, "PUT", console, h.agent(policy.Security), settings("Shop", "verified"))
	admin, program := h.agent(policy.Admin), bearer(h.program(policy.ManageChannels, policy.ReadChannels))
	for _, tier := range []string{"anonymous", "claimed"} {
		for path, who := range map[string]credential{console: admin, managed: program} {
			if a := h.call("PUT", path, who, settings("Shop", tier)); a.StatusCode != 403 {
				t.Errorf("%s to %s: %d %s", path, tier, a.StatusCode, a.Text)
			}
		}
	}
	h.want(200, "PUT", console, admin, settings("Store", "verified"))
	h.want(200, "PUT", managed, program, settings("Emporium", "verified"))
	if a := h.want(200, "GET", console, admin, nil); a.text("minimum_tier") != "verified" || a.text("name") != "Emporium" {
		t.Errorf("%s", a.Text)
	}
}
