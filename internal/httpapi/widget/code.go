package widget

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// Codes is trust's door for emailed codes.
type Codes interface {
	OffersCodes(channel workspace.Channel) bool
	AskCode(ctx context.Context, ask trust.CodeAsk) error
	AdmitCode(ctx context.Context, arrival trust.CodeArrival) (policy.Verdict, workspace.Channel, error)
}

// askAgain is how long a widget waits before it offers to send another code.
const askAgain = 30 * time.Second

func (d *Door) registerCodes(f *httpapi.Floor) {
	const base, tag = "/api/v1/widget", "Widget"
	visitor := d.visitor()
	httpapi.Handle(f, visitor, httpapi.Route{
		Method: "POST", Path: base + "/sessions/current/email-code", ID: "askEmailCode", Tag: tag, Status: http.StatusAccepted,
		Summary: "Have a code mailed that proves an address: the answer is the same for every address",
		Fails:   []httpapi.Code{httpapi.CodesNotTaken, httpapi.TooMany, httpapi.NotReady},
	}, d.askCode)
	httpapi.Handle(f, visitor, httpapi.Route{
		Method: "POST", Path: base + "/sessions/current/email-code/confirm", ID: "confirmEmailCode", Tag: tag, Status: http.StatusCreated,
		Summary: "Trade the code for a verified session: the one that asked ends, and its thread follows",
		Fails:   []httpapi.Code{httpapi.CodeRefused, httpapi.CodesNotTaken, httpapi.TooMany, httpapi.NotReady},
	}, d.confirmCode)
	httpapi.Handle(f, httpapi.Anyone(), httpapi.Route{
		Method: "POST", Path: base + "/email-code", ID: "attemptEmailCode", Tag: tag, Status: http.StatusAccepted,
		Summary: "Have a code mailed where the channel opens no session without a proof",
		Fails:   []httpapi.Code{httpapi.ChannelUnknown, httpapi.CodesNotTaken, httpapi.TooMany, httpapi.NotReady},
	}, d.attemptCode)
	httpapi.Handle(f, httpapi.Anyone(), httpapi.Route{
		Method: "POST", Path: base + "/email-code/confirm", ID: "confirmAttempt", Tag: tag, Status: http.StatusCreated,
		Summary: "Trade an attempt and its code for a verified session",
		Fails:   []httpapi.Code{httpapi.CodeRefused, httpapi.ChannelUnknown, httpapi.CodesNotTaken, httpapi.TooMany, httpapi.NotReady},
	}, d.confirmAttempt)
}

func asker(s chat.Session) trust.Asker {
	return trust.Asker{ID: s.ID, Session: s.ID, Workspace: s.Workspace, Channel: s.Channel}
}

func asked() wire.AskedCode {
	return wire.AskedCode{ExpiresAt: time.Now().UTC().Add(identity.CodeLife).Truncate(time.Second), AskAgain: int(askAgain.Seconds())}
}

func (d *Door) askCode(ctx context.Context, c *call, in wire.AskCode) (wire.AskedCode, error) {
	if c.Who.Standing.Tier() == policy.Verified {
		return wire.AskedCode{}, httpapi.Fail(httpapi.CodesNotTaken)
	}
	err := d.Codes.AskCode(ctx, trust.CodeAsk{Asker: asker(c.Who), Email: in.Email, Network: c.Client.Network})
	return asked(), err
}

func (d *Door) confirmCode(ctx context.Context, c *call, in wire.ConfirmCode) (wire.OpenedSession, error) {
	device := chat.Device{Platform: c.Who.Platform, Origin: c.Who.Origin, UserAgent: c.UserAgent(), Network: c.Client.Network}
	return d.admitCode(ctx, asker(c.Who), in.Code, device, func(verdict policy.Verdict, channel workspace.Channel) (chat.Result, error) {
		return d.Sessions.OpenFrom(ctx, c.Who, verdict, channel, device)
	})
}

// attemptCode is for the visitor whom the channel lets in only with a proof: there is
// no session that could ask, so a secret of the widget's own takes its place. It opens
// nothing but this one confirmation.
func (d *Door) attemptCode(ctx context.Context, c *httpapi.Call[wire.None], in wire.AttemptCode) (wire.AttemptedCode, error) {
	channel, err := d.Channels.ByName(ctx, in.Channel)
	if err != nil {
		return wire.AttemptedCode{}, unknownChannel(err)
	}
	attempt := in.Attempt
	if len(attempt) != attemptText {
		attempt = newAttempt()
	}
	ask := trust.CodeAsk{Asker: attemptOf(attempt, channel), Email: in.Email, Network: c.Client.Network}
	return wire.AttemptedCode{Attempt: attempt, AskedCode: asked()}, d.Codes.AskCode(ctx, ask)
}

func (d *Door) confirmAttempt(ctx context.Context, c *httpapi.Call[wire.None], in wire.ConfirmAttempt) (wire.OpenedSession, error) {
	platform, err := platformOf(in.Platform)
	if err != nil {
		return wire.OpenedSession{}, err
	}
	channel, err := d.Channels.ByName(ctx, in.Channel)
	if err != nil {
		return wire.OpenedSession{}, unknownChannel(err)
	}
	device := chat.Device{VisitorToken: in.VisitorToken, Platform: platform, Origin: in.Origin, UserAgent: c.UserAgent(), Network: c.Client.Network}
	return d.admitCode(ctx, attemptOf(in.Attempt, channel), in.Code, device, func(verdict policy.Verdict, channel workspace.Channel) (chat.Result, error) {
		return d.Sessions.Open(ctx, verdict, channel, device)
	})
}

// admitCode is openSession for a code. Everything that can be wrong with a code, and
// whoever may not come in although it is right, has one answer.
func (d *Door) admitCode(ctx context.Context, who trust.Asker, code string, device chat.Device, open func(policy.Verdict, workspace.Channel) (chat.Result, error)) (wire.OpenedSession, error) {
	verdict, channel, err := d.Codes.AdmitCode(ctx, trust.CodeArrival{
		Asker: who, Platform: device.Platform, Origin: device.Origin, Network: device.Network, Code: code,
		Allow: func(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (string, error) {
			return d.Sessions.Allow(ctx, verdict, channel, device)
		},
	})
	var result chat.Result
	if err == nil && verdict.Refusal() == policy.NotRefused {
		result, err = open(verdict, channel)
	}
	if err == nil || errors.Is(err, chat.ErrSessionEnded) {
		d.metrics.Admitted(policy.CodeDialect, outcome(verdict, false, err), string(verdict.Reason()))
	}
	switch {
	case errors.Is(err, chat.ErrSessionEnded), err == nil && verdict.Refusal() != policy.NotRefused:
		return wire.OpenedSession{}, httpapi.Fail(httpapi.CodeRefused)
	case err != nil:
		return wire.OpenedSession{}, err
	}
	return wire.OpenedSession{Token: result.Token, VisitorToken: result.VisitorToken, Session: shapeSession(result)}, nil
}

const (
	attemptBytes = 32
	attemptText  = 43 // characters of that in unpadded base64url
)

func newAttempt() string {
	b := make([]byte, attemptBytes)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// attemptOf names an attempt in the database, where its secret does not lie.
func attemptOf(attempt string, channel workspace.Channel) trust.Asker {
	sum := sha256.Sum256([]byte(attempt))
	return trust.Asker{ID: "att_" + hex.EncodeToString(sum[:]), Workspace: channel.Workspace, Channel: channel.ID}
}
