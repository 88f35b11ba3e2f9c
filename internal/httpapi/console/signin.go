package console

import (
	"context"
	"errors"

	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
	"countersign/internal/team"
)

func (d *Door) registerSignIn(f *httpapi.Floor) {
	const tag = "Console: sign-in"
	stranger, agent := d.stranger(), d.agent()
	httpapi.Handle(f, stranger, route("POST", "/setup/check", "checkLink", tag, "For whom a one-use link is", httpapi.LinkRefused), d.checkLink)
	httpapi.Handle(f, stranger, route("POST", "/setup", "useLink", tag, "Set name and password by a one-use link, and sign in", httpapi.LinkRefused, httpapi.Conflict), d.useLink)
	httpapi.Handle(f, stranger, route("POST", "/sign-in", "signIn", tag, "Sign in, or be asked for the second factor", httpapi.SignInRefused, httpapi.TooMany), d.signIn)
	httpapi.Handle(f, agent, route("POST", "/sign-out", "signOut", tag, "Sign out"), d.signOut)
	httpapi.Handle(f, agent, route("POST", "/confirm", "confirm", tag, "Give the password again, for what asks for it", httpapi.ConfirmRefused, httpapi.TooMany), d.confirm)
	httpapi.Handle(f, agent, route("GET", "/me", "getMe", tag, "Who is signed in, and what they may do"), d.getMe)
}

// refusedAs spells team's one refusal as this form does.
func refusedAs(code httpapi.Code, err error) error {
	if errors.Is(err, team.ErrRefused) {
		return &httpapi.Error{Code: code, Cause: err}
	}
	return err
}

func (d *Door) checkLink(ctx context.Context, _ *httpapi.Call[wire.None], in wire.CheckLink) (wire.LinkAgent, error) {
	agent, err := d.Team.CheckLink(ctx, in.Token)
	if err != nil {
		return wire.LinkAgent{}, refusedAs(httpapi.LinkRefused, err)
	}
	return wire.LinkAgent{Email: agent.Email, Name: agent.Name, Role: string(agent.Role), Workspace: agent.Workspace, ChooseEmail: agent.ChoosesEmail()}, nil
}

func (d *Door) useLink(ctx context.Context, c *httpapi.Call[wire.None], in wire.UseLink) (wire.Me, error) {
	signed, err := d.Team.UseLink(ctx, team.Joining{Token: in.Token, Name: in.Name, Password: in.Password, Email: in.Email, UserAgent: c.UserAgent(), From: c.Client.Addr})
	if err != nil {
		return wire.Me{}, refusedAs(httpapi.LinkRefused, err)
	}
	return d.welcome(c, signed), nil
}

func (d *Door) signIn(ctx context.Context, c *httpapi.Call[wire.None], in wire.SignIn) (wire.SignedIn, error) {
	signed, err := d.Team.SignIn(ctx, team.Credentials{
		Email: in.Email, Password: in.Password, From: c.Client.Addr, UserAgent: c.UserAgent(), Site: d.site(c.Host(), c.Client),
	})
	if err != nil {
		return wire.SignedIn{}, refusedAs(httpapi.SignInRefused, err)
	}
	if s := signed.Second; s != nil {
		asked := wire.SecondAsked{Step: s.Step, App: s.App}
		if s.Passkey != nil {
			challenge := shapeChallenge(*s.Passkey)
			asked.Passkey = &challenge
		}
		return wire.SignedIn{Second: &asked}, nil
	}
	me := d.welcome(c, signed)
	return wire.SignedIn{Me: &me}, nil
}

func (d *Door) welcome(c *httpapi.Call[wire.None], signed team.SignedIn) wire.Me {
	d.setLogin(c.SetCookie, c.Client, signed.Token, signed.Login.ExpiresAt)
	return d.me(signed.Agent, signed.Login)
}

func (d *Door) me(agent team.Agent, login team.Login) wire.Me {
	me := wire.Me{
		Agent: operate.ShapeAgent(agent), Workspace: agent.Workspace, Rights: []string{},
		ExpiresAt: login.ExpiresAt.UTC(), Seq: d.Head().Seq, LacksFactor: agent.Lacking(), OneOrigin: d.floor.OneOrigin(), FileBytes: d.Inbox.FileLimit(),
	}
	for _, right := range agent.Rights() {
		me.Rights = append(me.Rights, string(right))
	}
	return me
}

func (d *Door) getMe(_ context.Context, c *call, _ wire.None) (wire.Me, error) {
	return d.me(c.Who.Agent, c.Who.Login), nil
}

func (d *Door) signOut(ctx context.Context, c *call, _ wire.Empty) (wire.None, error) {
	if err := d.Team.SignOut(ctx, c.Who.Principal); err != nil {
		return wire.None{}, err
	}
	d.clearLogin(c.SetCookie, c.Client)
	return wire.None{}, nil
}
