// What the step says that proves an address. It is fetched with the step.
export const codeText = {
  title: "Prove your email",
  why: (team: string) => `${team} then knows that this address is yours, and you find your conversations again.`,
  email: "Your email address",
  emailHint: "We send a code there. Nothing else.",
  emailWrong: "That does not look like an address. Check it.",
  send: "Send the code",
  sentTo: "If mail reaches this address, a code is on its way to",
  code: "Six-digit code",
  codeHint: "It is good for ten minutes, and only here.",
  codeShort: "The code has six digits.",
  refused: "This code is not right, or no longer good. Check it, or have a new one sent.",
  tooMany: "Too many codes were asked for. Try again in an hour.",
  notTaken: "This chat takes no codes at the moment.",
  confirm: "Confirm",
  again: "Send a new code",
  againIn: (seconds: number) => `Send a new code in ${seconds} s`,
  sentAgain: "A new code is on its way. The one before is no longer good.",
  other: "Use another address",
  spam: "Nothing there? Look in the spam folder. One address gets three codes an hour.",
  done: (email: string) => `You are verified as ${email}`,
};

export type CodeText = typeof codeText;
