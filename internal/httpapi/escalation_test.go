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

// TestWhoMayNotSetEnforcementWakesNoExpiredToken: a v1 token says when it was made and
// lives as long as its channel says, so a longer life makes an old one good again.
func TestWhoMayNotSetEnforcementWakesNoExpiredToken(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	path := "/api/v1/console/channels/" + channel.ID
	life := func(seconds int) object {
		return object{"name": "Shop", "appearance": object{}, "origins": []string{}, "minimum_tier": "anonymous", "longest_life_seconds": seconds}
	}
	security, admin := h.agent(policy.Security), h.agent(policy.Admin)
	program := bearer(h.program(policy.ManageChannels, policy.ReadChannels))
	h.want(200, "PUT", path, security, life(300))
	for name, a := range map[string]answer{
		"an admin":  h.call("PUT", path, admin, life(86400)),
		"a program": h.call("PUT", "/api/v1/channels/"+channel.ID, program, life(301)),
	} {
		if a.StatusCode != 403 {
			t.Errorf("%s lengthens it: %d %s", name, a.StatusCode, a.Text)
		}
	}
	h.want(200, "PUT", path, admin, life(60))
	if a := h.call("PUT", path, admin, life(300)); a.StatusCode != 403 {
		t.Errorf("an admin takes it back: %d", a.StatusCode)
	}
	h.want(200, "PUT", path, security, life(300))
}
