// The words about sites that connect themselves, in English.

import { plural } from "../shared/i18n";

export const siteTexts = {
  sites: {
    title: "Sites that connect themselves",
    hint: "A WordPress site signs for who is logged in there, by a plugin and without code of yours. It gets a channel and a key of its own, once you have confirmed its address.",
    connect: "Connect a site",
    none: "No site has registered",
    noneHint: "Make a token, paste it on the settings page of the plugin, and confirm the site here.",
    failed: "The sites did not load",
    more: (n: number) => plural(n, { one: "# that ended", other: "# that ended" }),

    tokenTitle: "Connect a WordPress site",
    steps: [
      "Install the plugin from integrations/wordpress in the source of this server, and activate it.",
      "In WordPress, open Settings → Countersign and paste the address and the token.",
      "Come back here: the site appears in this list and waits for you to confirm it.",
    ],
    address: "Address of the server",
    token: "Registration token",
    once: "Shown this one time. It is good for one site and thirty minutes, and opens nothing by itself.",
    tokenDone: "I have pasted both",

    states: {
      open: "Token open", expired: "Token expired", waiting: "Waiting for you", lapsed: "Lapsed", confirmed: "Connected", refused: "Refused", ended: "Key ended",
    } as Record<string, string>,
    unused: "No site has come with this token yet",
    tokenEnds: "Ends",
    tokenEnded: "It was not used in time",
    says: (name: string, software: string) => (software ? `calls itself “${name}” · ${software}` : `calls itself “${name}”`),
    from: (network: string) => `registered from ${network}`,
    waitsUntil: "lapses",
    connectedAs: "Channel",

    confirm: "Confirm…",
    refuse: "Refuse",
    takeBack: "Take back",
    confirmTitle: "Is this your site?",
    confirmBody: "Whoever runs this site will say who its visitors are, and your team will see them as verified. Read the address letter by letter. Its name and what it is made with are what the site says of itself.",
    foreignLetters: "This address holds letters of other alphabets, written in their code (xn--…). Such an address can look like one that you know.",
    unencrypted: "This address is not encrypted (http). Anybody between the site and its visitors could read their proofs.",
    itsName: "Calls itself",
    itsSoftware: "Made with",
    itsNetwork: "Registered from",
    when: "When",
    realm: "Its people are people of their own: user 1 there is nobody whom another channel knows as 1.",
    doConfirm: "Confirm this site",
    confirmedToast: (site: string) => `${site} is connected`,
    refuseTitle: (site: string) => `Refuse ${site}?`,
    refuseBody: "Its secret is destroyed. To connect it after all, somebody registers it again with a new token.",
    takeBackTitle: "Take this token back?",
    takeBackBody: "No site can register with it any more.",
    refusedToast: "Refused",
    takenBackToast: "The token is worth nothing any more",
  },
};
