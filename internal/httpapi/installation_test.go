package httpapi_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// behind makes a house behind a proxy on this machine, so that a test can come from anywhere.
func behind(o *httpapi.Options) {
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// arrive opens a session at shop as a page of origin does, from a network.
func (h *house) arrive(network string, body object) answer {
	h.t.Helper()
	body["channel"] = "shop"
	return h.call("POST", "/api/v1/widget/sessions", credential{}, body, "X-Forwarded-For", network)
}

func placeOf(t *testing.T, a answer, origin string) object {
	t.Helper()
	for _, p := range a.JSON["places"].([]any) {
		if got, _ := p.(object)["origin"].(string); got == origin {
			return p.(object)
		}
	}
	t.Fatalf("no place %q in %s", origin, a.Text)
	return nil
}

func stepsOf(place object) (steps []string) {
	for _, s := range place["steps"].([]any) {
		steps = append(steps, s.(object)["step"].(string))
	}
	return steps
}

func TestTheInstallationTellsMissingFromWrongAndNamesTheNextStep(t *testing.T) {
	h := open(t, behind)
	channel, _, secret := h.channel("shop", policy.Observe)
	channel.Origins = []string{"https://app.example"}
	must(t, h.Channels.Update(t.Context(), h.System, channel))
	who := h.agent(policy.Auditor)
	const app, stranger = "https://app.example", "https://stranger.example"
	for i := range 10 {
		h.arrive(fmt.Sprintf("198.51.%d.1", i), object{"origin": app, "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")}})
	}
	for range 5 { // one machine, from its whole block of addresses
		h.arrive("192.0.2."+fmt.Sprint(time.Now().UnixNano()%250), object{"origin": app, "assertion": object{"user_id": "bob"}})
	}
	h.arrive("192.0.2.1", object{"origin": app, "assertion": object{"user_id": "bob", "hash": sign("x", "bob")}})
	h.arrive("192.0.2.1", object{"origin": stranger, "assertion": object{"user_id": "bob", "hash": sign("x", "bob")}})
	h.want(204, "POST", "/api/v1/widget/ping", credential{}, object{"channel": "shop", "origin": "https://www.example"})
	must(t, h.Counts.Flush(t.Context()))

	table := h.want(200, "GET", "/api/v1/console/channels/"+channel.ID+"/installation", who, nil)
	mine := placeOf(t, table, app)
	networks := mine["networks"].(object)
	if mine["total"] != 16.0 || mine["missing"] != 5.0 || mine["wrong"] != 1.0 || mine["standing"] != "allowed" || mine["outcomes"].(object)["verified"] != 10.0 {
		t.Errorf("%v", mine)
	}
	if networks["verified"] != 10.0 || networks["missing"] != 1.0 || networks["wrong"] != 1.0 {
		t.Errorf("networks %v: one machine is no crowd", networks)
	}
	if steps := stepsOf(mine); fmt.Sprint(steps) != "[sign diagnose]" {
		t.Errorf("steps %v", steps)
	}
	other := placeOf(t, table, stranger)
	if other["standing"] != "stranger" || fmt.Sprint(stepsOf(other)) != "[know diagnose]" {
		t.Errorf("%v", other)
	}
	kept := placeOf(t, table, "https://www.example") // not on the list, so its messenger does not open
	if kept["outcomes"].(object)["blocked"] != 1.0 || fmt.Sprint(stepsOf(kept)) != "[allow]" {
		t.Errorf("%v", kept)
	}
	// What stands there is no right: the stranger's page was counted and nobody was let in by it.
	for _, secret := range []string{"ada", "bob", sign(secret, "ada"), sign("x", "bob"), "192.0.2", "198.51"} {
		if strings.Contains(string(table.Text), secret) {
			t.Errorf("the table holds %q", secret)
		}
	}
}

func TestThePreviewSaysWhatEnforcingWouldBreakAndTheAnswerWarns(t *testing.T) {
	h := open(t, behind)
	channel, _, secret := h.channel("shop", policy.Observe)
	security := h.agent(policy.Security)
	base := "/api/v1/console/channels/" + channel.ID
	dangers := func(a answer) (names []string) {
		list, _ := a.JSON["warnings"].([]any)
		for _, w := range list {
			names = append(names, w.(object)["warning"].(string))
		}
		return names
	}
	preview := func() answer { return h.want(200, "GET", base+"/preview?platform=web", security, nil) }
	if got := dangers(preview()); fmt.Sprint(got) != "[no_arrivals]" {
		t.Errorf("without any arrival: %v", got)
	}
	h.want(422, "GET", base+"/preview?platform=ios", security, nil)
	h.want(422, "GET", base+"/preview?platform=fridge", security, nil)
	claimed := bearer(h.arrive("192.0.2.1", object{"origin": "https://app.example", "assertion": object{"user_id": "bob"}}).text("session"))
	must(t, h.Counts.Flush(t.Context()))
	if got := dangers(preview()); fmt.Sprint(got) != "[no_verified would_break]" {
		t.Errorf("claimed and not proved: %v", got)
	}
	proved := bearer(h.arrive("192.0.2.1", object{"origin": "https://app.example", "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")}}).text("session"))
	must(t, h.Counts.Flush(t.Context()))
	a := preview()
	if a.JSON["broken"] != 1.0 || a.JSON["live"] != 1.0 || a.JSON["live_places"] != 1.0 || a.JSON["keys"] != 1.0 || a.JSON["missing"] != 1.0 || a.JSON["wrong"] != 0.0 || a.text("since") == "" {
		t.Errorf("%s", a.Text)
	}
	if got := dangers(a); fmt.Sprint(got) != "[one_network would_break]" {
		t.Errorf("proofs of one network: %v", got)
	}
	// A warning stops nothing; it is told with the answer, and what was announced ends.
	set := h.want(200, "PUT", base+"/enforcement", security, object{"platform": "web", "enforcement": "enforce"})
	if set.JSON["ended"] != 1.0 || fmt.Sprint(dangers(set)) != "[one_network would_break]" {
		t.Errorf("%s", set.Text)
	}
	h.ends("/api/v1/widget/sessions/current", claimed)
	h.want(200, "GET", "/api/v1/widget/sessions/current", proved, nil)
	back := h.want(200, "PUT", base+"/enforcement", security, object{"platform": "web", "enforcement": "observe"})
	if len(dangers(back)) != 0 {
		t.Errorf("turning it off warns: %s", back.Text)
	}
}

func TestANewChannelObservesAndSaysSinceWhen(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	made := h.want(201, "POST", "/api/v1/console/channels", owner, object{"slug": "new", "platforms": []string{"web", "ios"}})
	since, _ := made.JSON["enforcement_since"].(object)
	for _, platform := range []string{"web", "ios"} {
		if made.JSON["enforcement"].(object)[platform] != "observe" || since[platform] != made.text("created_at") {
			t.Errorf("%s: %s", platform, made.Text)
		}
	}
	path := "/api/v1/console/channels/" + made.text("id")
	h.want(200, "PUT", path+"/enforcement", owner, object{"platform": "web", "enforcement": "enforce"})
	now := h.want(200, "GET", path, owner, nil).JSON["enforcement_since"].(object)
	if now["web"] == since["web"] || now["ios"] != since["ios"] {
		t.Errorf("since %v, after the switch %v", since, now)
	}
}

func TestWatchingSeesAPageArriveWithinSecondsAndNothingBefore(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Observe)
	who := h.agent(policy.Admin)
	path := "/api/v1/console/channels/" + channel.ID + "/installation/watch"
	h.want(204, "POST", "/api/v1/widget/ping", credential{}, object{"channel": "shop", "origin": "https://early.example"})
	first := h.want(200, "GET", path, who, nil)
	if list := first.JSON["arrivals"].([]any); len(list) != 0 {
		t.Errorf("without since: %s", first.Text)
	}
	since := url.QueryEscape(first.text("now"))
	h.want(204, "POST", "/api/v1/widget/ping", credential{}, object{"channel": "shop", "origin": "https://page.example", "version": "1.2"})
	var seen answer
	within(t, "the ping", func() bool {
		seen = h.want(200, "GET", path+"?since="+since, who, nil)
		return len(seen.JSON["arrivals"].([]any)) > 0
	})
	one := seen.JSON["arrivals"].([]any)[0].(object)
	if len(seen.JSON["arrivals"].([]any)) != 1 || one["origin"] != "https://page.example" || one["outcome"] != "anonymous" || one["version"] != "1.2" || one["dialect"] != nil {
		t.Errorf("%s", seen.Text)
	}
	h.want(400, "GET", path+"?since=yesterday", who, nil)
}

func TestAnUnknownDomainIsIgnoredOnTheRecordAndAllowedNothing(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	admin := h.agent(policy.Admin)
	base := "/api/v1/console/channels/" + channel.ID
	ignore := func(origin string) int {
		return h.call("PUT", base+"/installation/ignored", admin, object{"origin": origin, "ignored": true}).StatusCode
	}
	const origin = "https://stranger.example"
	if got := []int{ignore(origin), ignore("stranger"), ignore("https://x.example/path")}; fmt.Sprint(got) != "[404 422 422]" {
		t.Errorf("%v", got)
	}
	h.want(204, "POST", "/api/v1/widget/ping", credential{}, object{"channel": "shop", "origin": origin})
	must(t, h.Counts.Flush(t.Context()))
	if got := ignore(origin); got != 204 {
		t.Fatalf("%d", got)
	}
	place := placeOf(t, h.want(200, "GET", base+"/installation", admin, nil), origin)
	if place["ignored"] != true || len(place["steps"].([]any)) != 0 {
		t.Errorf("%v", place)
	}
	if list := h.entries(audit.DomainIgnored); len(list) != 1 || list[0].Detail["origin"] != origin || list[0].Channel != channel.ID {
		t.Errorf("%+v", list)
	}
	if now, err := h.Channels.Get(t.Context(), h.System, channel.ID); err != nil || len(now.Origins) != 0 {
		t.Errorf("%v, %v", now.Origins, err)
	}
}

func TestForgedForwardingHeadersChangeNoLimitUnlessTheProxyIsTrusted(t *testing.T) {
	forged := []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"}
	for name, trusts := range map[string]bool{"nobody is trusted": false, "the peer is trusted": true} {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(o *httpapi.Options) {
				if trusts {
					behind(o)
				}
			})
			h.channel("shop", policy.Enforce)
			counted := 0
			for i := range 200 {
				var headers []string
				for _, header := range forged {
					value := fmt.Sprintf("10.9.%d.%d", i, i)
					if header == "Forwarded" {
						value = "for=" + value
					}
					headers = append(headers, header, value)
				}
				switch a := h.call("POST", "/api/v1/widget/ping", credential{}, object{"channel": "shop"}, headers...); a.StatusCode {
				case 204:
					counted++
				case 429:
				default:
					t.Fatalf("%d %s", a.StatusCode, a.Text)
				}
			}
			if escaped := counted == 200; escaped != trusts {
				t.Errorf("%d of 200 pings passed", counted)
			}
		})
	}
}

// Beside a flood of wrong proofs from the same network, who has a right one comes in.
func TestHonestSessionsPassWhileTheirNetworkIsOverItsLimit(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	for i := range 150 {
		a := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"user_id": "ada", "hash": sign("x", fmt.Sprint(i))}})
		if a.StatusCode != 403 || a.code() != "identity_refused" {
			t.Fatalf("wrong proof %d: %d %s", i, a.StatusCode, a.Text)
		}
		if i%10 == 0 {
			h.visitor("shop", secret, fmt.Sprintf("user-%d", i))
		}
	}
	rows := len(h.entries(audit.IdentityRefused))
	if rows > 60 {
		t.Errorf("150 wrong proofs made %d rows", rows)
	}
	if list := h.entries(audit.SessionOpened); len(list) != 15 {
		t.Errorf("%d honest sessions", len(list))
	}
}

func TestAMadeUpDialectIsNoLabel(t *testing.T) {
	h := open(t)
	h.channel("shop", policy.Observe)
	for _, dialect := range []string{"made-up", `x"} 1`, "countersign_\n"} {
		h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "platform": "web", "version": "v-made-up", "origin": "https://made-up.example",
			"assertion": object{"dialect": dialect, "user_id": "ada", "hash": sign("x", "ada")}})
	}
	text := string(h.call("GET", "/metrics", bearer(h.program(policy.ReadMetrics)), nil).Text)
	if !strings.Contains(text, `countersign_identity_total{dialect="unknown",outcome="claimed",reason="key_unusable"} 3`) {
		t.Error("three refusals of an unknown dialect are not counted as such")
	}
	if strings.Contains(text, "made-up") {
		t.Error("a word of the caller is in the metrics")
	}
}

func TestVersionsOfAppsSayWhoHasMoved(t *testing.T) {
	h := open(t)
	channel, err := h.Channels.Create(t.Context(), h.System, workspace.Creation{Slug: "shop", Platforms: map[policy.Platform]policy.Enforcement{policy.IOS: policy.Observe}})
	must(t, err)
	_, secret, err := h.Keys.Generate(t.Context(), h.System, trust.KeyDraft{Channel: channel.ID, Platforms: []policy.Platform{policy.IOS}})
	must(t, err)
	for version, hash := range map[string]string{"4.2.0": sign(secret, "ada"), "4.1.3": ""} {
		for range 3 {
			body := object{"platform": "ios", "version": version, "assertion": object{"user_id": "ada", "hash": hash}}
			if a := h.arrive("", body); a.StatusCode != 201 {
				t.Fatalf("%d %s", a.StatusCode, a.Text)
			}
		}
	}
	must(t, h.Counts.Flush(t.Context()))
	a := h.want(200, "GET", "/api/v1/channels/"+channel.ID+"/installation", bearer(h.program(policy.ReadChannels)), nil)
	got := map[string]string{}
	for _, v := range a.JSON["versions"].([]any) {
		v := v.(object)
		got[v["version"].(string)] = fmt.Sprint(v["total"], stepsOf(v))
	}
	if got["4.2.0"] != "3 []" || got["4.1.3"] != "3 [update]" {
		t.Errorf("%v", got)
	}
}
