package app

import (
	"context"
	"log/slog"

	"countersign/internal/config"
	"countersign/internal/deliver"
	"countersign/internal/httpapi/operate"
	"countersign/internal/mail"
	"countersign/internal/trust"
)

// CheckMail says whether mail can be sent as cfg says, as far as that can be known
// without sending any.
func CheckMail(cfg config.Mail) error {
	if err := cfg.Check(); err != nil || cfg.SMTPURL == "" {
		return err
	}
	_, err := mail.NewSMTP(cfg.SMTPURL, cfg.MailFrom)
	return err
}

// SendMail makes mail leave by the server of cfg, if it names one. Before Start.
func (a *App) SendMail(cfg config.Mail) error {
	if err := CheckMail(cfg); err != nil || cfg.SMTPURL == "" {
		return err
	}
	sender, err := mail.NewSMTP(cfg.SMTPURL, cfg.MailFrom)
	if err != nil {
		return err
	}
	a.mailBy(sender)
	return nil
}

// SendDemoMail is SendMail for the demo, whose mail stays in a mailbox of its own
// where no server is named.
func (a *App) SendDemoMail(cfg config.Mail) error {
	if err := a.SendMail(cfg); err != nil || a.Desk != nil {
		return err
	}
	a.mailbox = &mail.Mailbox{}
	a.mailBy(a.mailbox)
	return nil
}

func (a *App) mailBy(sender deliver.Sender) {
	seal := trust.NewLetterSeal(a.Master, a.ID)
	a.sender, a.Desk = sender, deliver.NewDesk(seal, a.Pulse)
	a.Gate.TakeCodes(a.DB, a.Desk, seal, a.Master)
}

// mailRoutes is the operators' side of mail.
func (a *App) mailRoutes() operate.Mail {
	return operate.Mail{Switches: a.Channels, Outbox: deliver.NewLog(a.DB, a.mailLeaves())}
}

// mailLeaves says how, for operators.
func (a *App) mailLeaves() string {
	switch {
	case a.mailbox != nil:
		return "mailbox"
	case a.Desk != nil:
		return "smtp"
	}
	return ""
}

// carryMail runs the outbox's worker, if mail leaves here.
func (a *App) carryMail(ctx context.Context, log *slog.Logger) {
	if a.Desk != nil {
		deliver.NewWorker(a.Desk, a.DB, a.sender, log).Run(ctx)
	}
}
