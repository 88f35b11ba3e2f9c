// The words about public keys, issuers' sets and how long tokens live, in English.

import { plural } from "../shared/i18n";

export const proofTexts = {
  proofs: {
    pending: "Waiting for the first proof. Sign a token with the private key, show it on a page with the messenger, and come back.",
    set: "Keys of the issuer",
    setHint: "What the issuer published when this server last looked. A new one is found when a token names it; what the issuer withdraws ends within the hour.",
    address: "Key set",
    issuer: "Issuer",
    fetched: "Fetched",
    never: "Not since this server began: the next token makes it look",
    problem: (why: string) => `The last look failed: ${why}. What was fetched before verifies for 24 hours at most.`,
    kid: "Key id (kid)",
    state: "State",
    verifies: "Verifies",
    withdrawn: "Not published",
    revoked: "Revoked",
    revoke: "Revoke",
    revokeThis: (kid: string) => `Revoke ${kid}…`,
    revokeTitle: (kid: string) => `Revoke ${kid}?`,
    revokeBody: "Sessions that it opened end now, and no token of it counts again, whatever the issuer publishes. The issuer's other keys stay.",
    revokedToast: (kid: string, n: number) => `${kid} is revoked. ${plural(n, { one: "# session ended.", other: "# sessions ended." })}`,
    none: "The set holds no key that can be used. Nobody is verified by it.",
    rotatePublic: "Make the next key pair on your backend and give its public half here. Your backend can change over at any time until the old one ends.",
    rotateSet: "The next key of the same issuer needs nothing here: the issuer publishes it beside the old one. This moves you to another issuer, or to a key of your own.",
    algorithm: "Algorithm",
    algorithmHint: "Only if the set holds keys for several.",
    algorithmAny: "The only one that it has keys for",

    life: "Longest life of a token",
    lifeHint: "A token that your backend signs for longer is refused. Shorter is safer: whoever copies one has it for that long.",
    lives: (seconds: number) =>
      seconds % 3600 === 0
        ? plural(seconds / 3600, { one: "# hour", other: "# hours" })
        : seconds % 60 === 0
          ? plural(seconds / 60, { one: "# minute", other: "# minutes" })
          : plural(seconds, { one: "# second", other: "# seconds" }),
  },
};
