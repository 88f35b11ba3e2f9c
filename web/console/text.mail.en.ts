// The words about mail: emailed codes, and what left lately. In English.

import { plural } from "../shared/i18n";

export const mail = {
  mail: {
    title: "Emailed codes",
    hint: "A visitor without an account proves an email address: we mail a code there, and whoever types it is verified as that address.",
    on: "On: visitors can prove an address",
    off: "Off",
    turnOn: "Let visitors prove an address",
    turnOff: "Turn off",
    onTitle: "Let visitors prove their address by a code?",
    onBody:
      "The messenger then offers it to everybody who is not verified. Whoever types the code is verified as that address and finds its earlier conversations. Account tools stay closed to them unless you open one by name. Three codes an hour go to one address, at most.",
    onToast: "Visitors can prove an address now.",
    offTitle: "Turn emailed codes off?",
    offBody: (n: number) =>
      `${plural(n, { one: "# live session that a code opened ends", other: "# live sessions that codes opened end" })} within a second, and codes on their way open nothing any more.`,
    offToast: (n: number) => plural(n, { one: "Turned off: # session has ended.", other: "Turned off: # sessions have ended." }),
    needs: "This needs a mail server.",
    needsHow: "Set COUNTERSIGN_SMTP_URL and COUNTERSIGN_MAIL_FROM, and start again. docs/email-codes.md tells how.",
    mailbox: "This is the demo: its mail goes to",
    mailboxLink: "a mailbox page",
    readOnly: "The roles owner and security turn this on and off.",
    failed: "The setting did not load",
    log: "Mail of the last days",
    logHint: "All of this workspace. What a mail said is deleted when it was delivered.",
    logEmpty: "Nothing was mailed yet.",
    logFailed: "The list did not load",
    refresh: "Look again",
    kinds: { code: "Code", invitation: "Invitation" } as Record<string, string>,
    states: { waiting: "Waiting", sent: "Handed over", failed: "Given up", expired: "Too late", withheld: "Held back" } as Record<string, string>,
    tries: (n: number) => plural(n, { one: "# try", other: "# tries" }),
    inviteMailed: (email: string, until: string) => `The link was mailed to ${email}. You can also hand it over yourself. It works once, until ${until}.`,
    inviteMailedTitle: "The invitation is on its way",
  },
};
