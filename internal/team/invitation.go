package team

import (
	"errors"
	"time"

	"countersign/identity/policy"
	"countersign/internal/deliver"
)

// invitations is how an invitation is mailed; nil: whoever invites hands the link over.
type invitations struct {
	desk *deliver.Desk
	base string // of the console, as browsers see it
}

// MailInvitations lets the console's invitations be mailed too.
func (t *Team) MailInvitations(desk *deliver.Desk, base string) {
	t.invitations = &invitations{desk: desk, base: base}
}

// MailsTo says whether an invitation to the address is mailed.
func (t *Team) MailsTo(email string) bool {
	return t.invitations != nil && deliver.CheckAddress(email) == nil
}

// letter is the mail that goes out with a link, nil if none does: on the command line
// the link is printed, and the first owner has no address yet.
func (t *Team) letter(who policy.Principal, agent Agent, token string, until time.Time) (*deliver.Letter, error) {
	if who.Kind() != policy.AgentPrincipal || !t.MailsTo(agent.Email) || agent.Email == FirstAddress {
		return nil, nil //nolint:nilnil // no letter, and nothing wrong
	}
	letter, err := t.invitations.desk.Write(deliver.Draft{
		Workspace: agent.Workspace, Kind: deliver.InvitationLetter, Ref: agent.ID, To: agent.Email, Life: until.Sub(t.now()),
		Subject: "You are invited to a support team on Countersign",
		Text: "You are invited to the support team, as " + string(agent.Role) + ".\n\n" +
			"Open this link to choose your password. It works once, until " + until.UTC().Format("Monday, 2 January 2006, 15:04 UTC") + ", and is for you alone:\n\n    " +
			t.invitations.base + "/console/setup#" + token + "\n\n" +
			"If you do not know what this is about, leave it: nothing happens.\n",
	})
	if errors.Is(err, deliver.ErrInvalid) {
		return nil, nil //nolint:nilnil // the link is shown anyway
	}
	return &letter, err
}

// posted tells the worker of a letter that was committed.
func (t *Team) posted(link Link) {
	if link.Letter != nil {
		t.invitations.desk.Wake()
	}
}
