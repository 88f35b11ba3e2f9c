package console

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"rsc.io/qr"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/team"
)

// Factors are what agents sign in with beside their passwords.
type Factors interface {
	SignInSecond(ctx context.Context, s team.SecondStep) (team.SignedIn, error)
	BeginPasskeySignIn(site team.Site) (team.Challenge, error)
	PasskeySignIn(ctx context.Context, a team.Assertion) (team.SignedIn, error)
	BeginConfirm(ctx context.Context, who policy.Principal, site team.Site) (team.Challenge, error)
	ConfirmByPasskey(ctx context.Context, who policy.Principal, a team.Assertion) error
	Standing(ctx context.Context, who policy.Principal) (team.Standing, error)
	BeginApp(ctx context.Context, who policy.Principal, issuer string) (team.NewApp, error)
	ConfirmApp(ctx context.Context, who policy.Principal, code string, from netip.Addr) (recovery []string, err error)
	DropApp(ctx context.Context, who policy.Principal) error
	BeginPasskey(ctx context.Context, who policy.Principal, site team.Site) (team.Challenge, error)
	AddPasskey(ctx context.Context, who policy.Principal, name string, a team.Assertion) (key team.Passkey, recovery []string, err error)
	DropPasskey(ctx context.Context, who policy.Principal, id string) error
	RemakeRecovery(ctx context.Context, who policy.Principal) ([]string, error)
	ResetFactors(ctx context.Context, who policy.Principal, agent string) error
	RequireFactor(ctx context.Context, who policy.Principal, required bool) error
	FactorRequired(ctx context.Context, who policy.Principal) (bool, error)
	ChangePassword(ctx context.Context, who policy.Principal, current, next string, from netip.Addr) error
}

func (d *Door) registerFactors(f *httpapi.Floor) {
	const tag, second = "Console: sign-in", "Console: second factors"
	stranger, agent := d.stranger(), d.agent()
	httpapi.Handle(f, stranger, route("POST", "/sign-in/second", "signInSecond", tag, "Complete a sign-in by the second factor", httpapi.SignInRefused, httpapi.StepEnded, httpapi.TooMany), d.signInSecond)
	httpapi.Handle(f, stranger, route("POST", "/sign-in/passkey/begin", "beginPasskeySignIn", tag, "A challenge for a passkey, to sign in by it alone"), d.beginPasskeySignIn)
	httpapi.Handle(f, stranger, route("POST", "/sign-in/passkey", "passkeySignIn", tag, "Sign in by a passkey alone", httpapi.SignInRefused, httpapi.StepEnded), d.passkeySignIn)
	httpapi.Handle(f, agent, route("POST", "/confirm/passkey", "beginConfirm", tag, "A challenge for one's own passkey, to confirm by it", httpapi.NotFound), d.beginConfirm)
	httpapi.Handle(f, agent, route("POST", "/password", "changePassword", tag, "Change one's own password: every other login ends", httpapi.ConfirmRefused, httpapi.TooMany), d.changePassword)
	httpapi.Handle(f, agent, route("GET", "/factors", "getFactors", second, "One's own second factors"), d.getFactors)
	httpapi.Handle(f, agent, route("POST", "/factors/app", "beginApp", second, "The secret of a new authenticator app", httpapi.Unconfirmed, httpapi.Conflict), d.beginApp)
	httpapi.Handle(f, agent, route("POST", "/factors/app/confirm", "confirmApp", second, "Its first code: from then on it counts", httpapi.Unconfirmed, httpapi.ConfirmRefused, httpapi.TooMany), d.confirmApp)
	httpapi.Handle(f, agent, route("DELETE", "/factors/app", "dropApp", second, "Remove the authenticator app", httpapi.Unconfirmed, httpapi.NotFound), d.dropApp)
	httpapi.Handle(f, agent, route("POST", "/factors/passkeys/begin", "beginPasskey", second, "A challenge for a new passkey", httpapi.Unconfirmed), d.beginPasskey)
	httpapi.Handle(f, agent, created(route("POST", "/factors/passkeys", "addPasskey", second, "Keep a new passkey", httpapi.Unconfirmed, httpapi.ConfirmRefused, httpapi.StepEnded, httpapi.Conflict)), d.addPasskey)
	httpapi.Handle(f, agent, route("DELETE", "/factors/passkeys/{id}", "dropPasskey", second, "Remove a passkey", httpapi.Unconfirmed, httpapi.NotFound), d.dropPasskey)
	httpapi.Handle(f, agent, route("POST", "/factors/recovery", "remakeRecovery", second, "Ten new recovery codes: the old ones end", httpapi.Unconfirmed, httpapi.NotFound), d.remakeRecovery)
	httpapi.Handle(f, agent, route("DELETE", "/agents/{id}/factors", "resetFactors", second, "Take a colleague's second factors away, and end their logins", httpapi.Unconfirmed, httpapi.NotFound), d.resetFactors)
	httpapi.Handle(f, agent, route("GET", "/team-rule", "getTeamRule", second, "What the workspace asks of its people"), d.getTeamRule)
	httpapi.Handle(f, agent, route("PUT", "/team-rule", "setTeamRule", second, "Set it: who has every right of an owner", httpapi.Unconfirmed), d.setTeamRule)
	httpapi.Handle(f, agent, route("GET", "/roles", "listRoles", "Console: team", "What each role may do"), d.listRoles)
}

// site is the console as this browser reached it, if passkeys can be bound to that. Of
// a request's Host only localhost is believed: it leads nowhere else than to the machine
// that the browser runs on.
func (d *Door) site(host string, client httpapi.Client) team.Site {
	origin := d.floor.Origin()
	if origin == "" {
		origin = "http://" + host
		if client.HTTPS {
			origin = "https://" + host
		}
		if name := nameOf(host); name != "localhost" && !strings.HasSuffix(name, ".localhost") {
			return team.Site{}
		}
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return team.Site{}
	}
	name := u.Hostname()
	local := name == "localhost" || strings.HasSuffix(name, ".localhost")
	if _, err := netip.ParseAddr(name); err == nil || u.Scheme != "https" && !local {
		return team.Site{}
	}
	return team.Site{Host: name, Origin: origin}
}

func nameOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

func (d *Door) signInSecond(ctx context.Context, c *httpapi.Call[wire.None], in wire.SecondStep) (wire.Me, error) {
	step := team.SecondStep{Step: in.Step, Code: in.Code, Site: d.site(c.Host(), c.Client), From: c.Client.Addr, UserAgent: c.UserAgent()}
	if in.Passkey != nil {
		proof, err := proofOf(*in.Passkey)
		if err != nil {
			return wire.Me{}, err
		}
		step.Proof = &proof
	}
	signed, err := d.Team.SignInSecond(ctx, step)
	if err != nil {
		return wire.Me{}, refusedAs(httpapi.SignInRefused, err)
	}
	return d.welcome(c, signed), nil
}

func (d *Door) beginPasskeySignIn(_ context.Context, c *httpapi.Call[wire.None], _ wire.Empty) (wire.PasskeyChallenge, error) {
	challenge, err := d.Team.BeginPasskeySignIn(d.site(c.Host(), c.Client))
	return shapeChallenge(challenge), err
}

func (d *Door) passkeySignIn(ctx context.Context, c *httpapi.Call[wire.None], in wire.PasskeySignIn) (wire.Me, error) {
	answer, err := assertion(d, c, in.Step, in.Passkey)
	if err != nil {
		return wire.Me{}, err
	}
	signed, err := d.Team.PasskeySignIn(ctx, answer)
	if err != nil {
		return wire.Me{}, refusedAs(httpapi.SignInRefused, err)
	}
	return d.welcome(c, signed), nil
}

// confirm takes the password or a passkey.
func (d *Door) confirm(ctx context.Context, c *call, in wire.Confirm) (wire.None, error) {
	if in.Passkey == nil {
		return wire.None{}, refusedAs(httpapi.ConfirmRefused, d.Team.Confirm(ctx, c.Who.Principal, in.Password, c.Client.Addr))
	}
	answer, err := assertion(d, c, in.Step, *in.Passkey)
	if err != nil {
		return wire.None{}, err
	}
	return wire.None{}, refusedAs(httpapi.ConfirmRefused, d.Team.ConfirmByPasskey(ctx, c.Who.Principal, answer))
}

func (d *Door) beginConfirm(ctx context.Context, c *call, _ wire.Empty) (wire.PasskeyChallenge, error) {
	challenge, err := d.Team.BeginConfirm(ctx, c.Who.Principal, d.site(c.Host(), c.Client))
	return shapeChallenge(challenge), err
}

func (d *Door) changePassword(ctx context.Context, c *call, in wire.ChangePassword) (wire.None, error) {
	return wire.None{}, refusedAs(httpapi.ConfirmRefused, d.Team.ChangePassword(ctx, c.Who.Principal, in.Current, in.Next, c.Client.Addr))
}

func (d *Door) getFactors(ctx context.Context, c *call, _ wire.None) (wire.Factors, error) {
	s, err := d.Team.Standing(ctx, c.Who.Principal)
	out := wire.Factors{
		Required: s.Required, AppSince: httpapi.Timestamp(s.App), Passkeys: make([]wire.Passkey, len(s.Passkeys)), Recovery: s.Recovery,
		PasskeysHere: d.site(c.Host(), c.Client) != team.Site{},
	}
	for i, key := range s.Passkeys {
		out.Passkeys[i] = shapePasskey(key)
	}
	return out, err
}

func (d *Door) beginApp(ctx context.Context, c *call, _ wire.Empty) (wire.NewApp, error) {
	app, err := d.Team.BeginApp(ctx, c.Who.Principal, "Countersign")
	if err != nil {
		return wire.NewApp{}, err
	}
	picture, err := draw(app.URI)
	return wire.NewApp{Secret: app.Secret, URI: app.URI, QR: picture}, err
}

func (d *Door) confirmApp(ctx context.Context, c *call, in wire.Code) (wire.Recovery, error) {
	codes, err := d.Team.ConfirmApp(ctx, c.Who.Principal, in.Code, c.Client.Addr)
	return wire.Recovery{Codes: codes}, refusedAs(httpapi.ConfirmRefused, err)
}

func (d *Door) dropApp(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, d.Team.DropApp(ctx, c.Who.Principal)
}

func (d *Door) beginPasskey(ctx context.Context, c *call, _ wire.Empty) (wire.PasskeyChallenge, error) {
	challenge, err := d.Team.BeginPasskey(ctx, c.Who.Principal, d.site(c.Host(), c.Client))
	return shapeChallenge(challenge), err
}

func (d *Door) addPasskey(ctx context.Context, c *call, in wire.NewPasskey) (wire.AddedPasskey, error) {
	answer, err := assertion(d, c, in.Step, in.Passkey)
	if err != nil {
		return wire.AddedPasskey{}, err
	}
	key, codes, err := d.Team.AddPasskey(ctx, c.Who.Principal, in.Name, answer)
	return wire.AddedPasskey{Passkey: shapePasskey(key), Codes: codes}, refusedAs(httpapi.ConfirmRefused, err)
}

func (d *Door) dropPasskey(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, d.Team.DropPasskey(ctx, c.Who.Principal, c.Path("id"))
}

func (d *Door) remakeRecovery(ctx context.Context, c *call, _ wire.Empty) (wire.Recovery, error) {
	codes, err := d.Team.RemakeRecovery(ctx, c.Who.Principal)
	return wire.Recovery{Codes: codes}, err
}

func (d *Door) resetFactors(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, d.Team.ResetFactors(ctx, c.Who.Principal, c.Path("id"))
}

func (d *Door) getTeamRule(ctx context.Context, c *call, _ wire.None) (wire.TeamRule, error) {
	required, err := d.Team.FactorRequired(ctx, c.Who.Principal)
	return wire.TeamRule{SecondFactor: required}, err
}

func (d *Door) setTeamRule(ctx context.Context, c *call, in wire.TeamRule) (wire.None, error) {
	return wire.None{}, d.Team.RequireFactor(ctx, c.Who.Principal, in.SecondFactor)
}

func (d *Door) listRoles(_ context.Context, c *call, _ wire.None) (wire.Roles, error) {
	if !c.Who.May(policy.ReadTeam) {
		return wire.Roles{}, policy.ErrForbidden
	}
	out := wire.Roles{}
	for _, role := range policy.Roles() {
		row := wire.RoleRights{Role: string(role), SecondFactor: policy.NeedsFactor(role)}
		for _, right := range policy.RightsOf(role) {
			row.Rights = append(row.Rights, string(right))
		}
		out.Roles = append(out.Roles, row)
	}
	return out, nil
}

// assertion is a passkey's answer with where it came from.
func assertion[P any](d *Door, c *httpapi.Call[P], step string, in wire.PasskeyAnswer) (team.Assertion, error) {
	proof, err := proofOf(in)
	return team.Assertion{Step: step, Proof: proof, Site: d.site(c.Host(), c.Client), From: c.Client.Addr, UserAgent: c.UserAgent()}, err
}

func proofOf(in wire.PasskeyAnswer) (team.Proof, error) {
	var out team.Proof
	for _, field := range []struct {
		text string
		into *[]byte
	}{
		{in.ID, &out.ID}, {in.ClientData, &out.ClientData}, {in.AuthenticatorData, &out.AuthenticatorData},
		{in.Signature, &out.Signature}, {in.UserHandle, &out.UserHandle}, {in.Attestation, &out.Attestation},
	} {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(field.text)
		if err != nil {
			return team.Proof{}, httpapi.Malformed("The passkey's answer is not base64url.")
		}
		*field.into = raw
	}
	out.Transports = in.Transports
	return out, nil
}

func shapeChallenge(c team.Challenge) wire.PasskeyChallenge {
	b64 := base64.RawURLEncoding.EncodeToString
	out := wire.PasskeyChallenge{
		Step: c.Step, Challenge: b64(c.Challenge), Host: c.Host, User: b64(c.User), Email: c.Email, Name: c.Name,
		Algorithms: c.Algorithms, ExpiresAt: c.Until.UTC(),
	}
	for _, k := range c.Known {
		out.Known = append(out.Known, wire.KnownPasskey{ID: b64(k.ID), Transports: k.Transports})
	}
	return out
}

func shapePasskey(k team.Passkey) wire.Passkey {
	return wire.Passkey{ID: k.ID, Name: k.Name, Site: k.Site, CreatedAt: k.CreatedAt.UTC(), UsedAt: httpapi.Timestamp(k.UsedAt)}
}

// draw makes the picture of a text here: a secret is nothing to hand to somebody
// else's picture service. Four units around it stay white, as readers want it.
func draw(text string) (wire.Picture, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return wire.Picture{}, fmt.Errorf("console: drawing a QR code: %w", err)
	}
	const quiet = 4
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for x+n < code.Size && code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
				x += n
			}
		}
	}
	return wire.Picture{Size: code.Size + 2*quiet, Path: path.String()}, nil
}
