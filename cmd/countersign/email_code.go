package main

import (
	"context"
	"fmt"
)

// emailCodeCmd says, and changes, whether a channel's visitors may prove an address
// by an emailed code.
type emailCodeCmd struct {
	onInstallation
	Slug string `required:"" help:"Slug or alias of the channel."`
	Set  string `help:"on or off; only say how it stands if not given." enum:",on,off" default:""`
}

func (c *emailCodeCmd) Run(ctx context.Context, t terminal) error {
	a, who, channel, err := c.openChannel(ctx, t, c.Slug)
	if err != nil {
		return err
	}
	defer closing(a)
	ended, allowed := 0, channel.EmailCode
	if c.Set != "" {
		allowed = c.Set == "on"
		if ended, err = a.Channels.SetEmailCode(ctx, who, channel.ID, allowed); err != nil {
			return refused(err)
		}
	}
	return c.print(t, map[string]any{"channel": channel.ID, "email_code": allowed, "sessions_ended": ended}, func() string {
		if !allowed {
			text := channel.Slug + ": no emailed codes"
			if c.Set != "" {
				text += fmt.Sprintf(", %d session(s) ended", ended)
			}
			return text + "\n"
		}
		return fmt.Sprintf("%s: visitors can prove an address by an emailed code, where the server was started with COUNTERSIGN_SMTP_URL\n", channel.Slug)
	})
}
