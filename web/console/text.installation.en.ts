// The words of the installation and enforcement pages, in English.

import { plural } from "../shared/i18n";

const loads = (n: number) => plural(n, { one: "# load", other: "# loads" });
const days = (n: number) => plural(n, { one: "# day", other: "# days" });
const networks = (n: number) => (n >= 50 ? "50 networks or more" : plural(n, { one: "# network", other: "# networks" }));
const places = (n: number) => plural(n, { one: "# domain or app", other: "# domains and apps" });
const percent = (n: number, of: number) => (of === 0 ? "0 %" : n === of ? "100 %" : `${n / of < 0.01 ? "under 1" : n / of > 0.99 ? "over 99" : Math.round((n / of) * 100)} %`);

export const installationTexts = {
  installation: {
    tab: "Installation",
    failed: "The installation did not load",

    check: "Check a page now",
    checkHint: "Your own browser opens the page, in a new tab, and what the messenger reports from there is shown here as it arrives. Nothing is fetched by this server. A page on which you are logged in shows more.",
    url: "Address of the page",
    urlWrong: "An address begins with https:// or http://.",
    open: "Open and watch",
    watching: (origin: string, seconds: number) => `Watching for ${origin}: ${plural(seconds, { one: "# more second", other: "# more seconds" })}.`,
    arrivedElsewhere: "from another page, or another visitor",
    nothing: (origin: string) => `Nothing arrived from ${origin} in 30 seconds.`,
    nothingList: [
      "Is the snippet on that very page, and does its public id belong to this channel?",
      "Does the browser's console on that page show an error, such as a Content-Security-Policy that refuses script-src or frame-src for this server?",
      "Does a blocker in your browser stop chat widgets? Try a private window.",
      "A page that claims nobody reports once an hour and tab: a tab that was open before has reported already.",
    ],
    toSnippet: "Show the snippet",
    again: "Watch again",

    where: "Where the messenger is",
    whereHint: "Reported by the browsers and apps themselves: a hint and never a proof. A domain has its own line if you allow it or if a proof has verified there; up to a hundred others are listed besides.",
    span: "Time",
    spans: { "1": "Today", "7": "7 days", "30": "30 days", "90": "90 days" } as Record<string, string>,
    empty: "Nothing has arrived yet",
    emptyHint: "Put the snippet on a page, or open one above. What arrives is counted here within seconds.",
    standings: {
      allowed: "Allowed",
      proved: "Proofs verify here",
      stranger: "Not known",
      other: "All others",
      app: "App",
      unknown: "Did not say",
    } as Record<string, string>,
    names: { other: "Other domains", unknown: "Pages that do not say where they are" } as Record<string, string>,
    app: (platform: string) => `${platform} app`,
    waiting: "Nothing has arrived from here in this time.",
    good: "All is well",
    warned: "Needs a look",
    hinted: "For your information",
    loads,
    from: (n: number) => `from ${networks(n)}`,
    fromTitle: "Distinct networks of the last eight days (an IPv4 /24 or an IPv6 /48 each), up to 50 a day: one machine is no crowd.",
    outcomes: {
      verified: "verified",
      claimed: "claimed, not proved",
      anonymous: "nobody claimed",
      refused: "refused",
      made_anonymous: "made anonymous",
      blocked: "kept out",
    } as Record<string, string>,
    dialects: (names: string) => `speaks ${names}`,
    ignored: "You want no warnings about it.",
    ignore: "Ignore",
    unignore: "Warn again",
    allow: "Allow it",
    allowed: (origin: string) => `${origin} is allowed.`,
    ignoredToast: (origin: string) => `No more warnings about ${origin}.`,
    steps: {
      sign: (n: string) => `${n} of those who say who they are bring no proof: the backend's line is missing on some of its pages.`,
      diagnose: (n: string) => `${n} of those who say who they are bring a proof that does not hold.`,
      signs: (n: string) => `${n} of those who say who they are prove another field than the key signs: send the field that it signs, or make a key that signs the other one.`,
      key: (n: string) => `${n} of the proofs are signed with a key that verifies no more: a backend has not moved to the new one.`,
      clock: (n: string) => `${n} of those who say who they are bring a token that has run out, begins later, or lives too long: look at the backend's clock and at the token's exp.`,
      allow: (n: string) => `${n} of its loads were kept out: it is not on the list of allowed pages.`,
      know: () => "Nobody said that this domain is yours, and no proof has verified there.",
      update: (n: string) => `${n} of its loads say who they are, and none of them proves it, while other versions do: this one does not sign yet.`,
      identify: () => "No page there says who its visitor is. Right for public pages; otherwise identify is never called.",
    } as Record<string, (n: string) => string>,
    share: (n: number, of: number) => `${percent(n, of)} (${n} of ${of})`,
    reason: (reason: string) => `Most often: ${reason}.`,
    links: {
      sign: "Code that signs",
      diagnose: "Find out why",
      signs: "Keys and what they sign",
      key: "Keys",
      clock: "Find out why",
      update: "Code that signs",
      identify: "The snippet",
    } as Record<string, string>,
    anyPage: "This channel lists no pages, so any page may show its messenger.",
    listPages: "List your pages",

    versions: "Versions of apps",
    versionsHint: "What released apps call themselves: enforce once those that prove nothing are few enough.",
    version: "Version",
    noVersion: "did not say",
  },

  enforce: {
    since: (mode: string, span: string) => `${mode} for ${span}.`,
    sinceToday: (mode: string) => `${mode} since today.`,
    days,
    fromStart: "It has been so since the channel was made.",
    forger: "What a forger can do now: write under the name of any of your customers, shown to agents as “Not verified”. They cannot read anybody's conversations, are never drawn as verified, and no tool answers them.",
    safe: "Nobody gets in under a name that they cannot prove.",
    next: {
      noKey: "Next: make a key and sign on your backend.",
      noTraffic: "Next: put the snippet on a page and log in there; nothing has arrived in seven days.",
      noProof: "Next: sign on your backend. People are claimed, and nobody is proved yet.",
      fix: (n: number, of: number) => `Next: see to what would break, ${n} of ${loads(of)} in seven days.`,
      observe: "Next: set it to observe, so that what enforcing would refuse is recorded.",
      ready: "Everything that arrived in seven days proved who it was: it is time to enforce.",
    },
    toKeys: "Make a key",
    toCode: "Code that signs",
    toInstallation: "Installation",

    preview: "What would break",
    previewOn: "What is refused now",
    previewHint: "By the arrivals of the last seven days, as the browsers and apps reported them.",
    failed: "The preview did not load",
    facts: { verified: "verified", missing: "no proof sent", wrong: "wrong proof", anonymous: "nobody claimed" } as Record<string, string>,
    none: "Nothing has arrived in seven days, so nobody can say what would break.",
    clean: "Nothing: everybody who says who they are proves it.",
    broken: (n: number, of: number) => `${n} of ${loads(of)} (${percent(n, of)}) would be turned away, or made anonymous where the dialect says so.`,
    from: (n: number) => `from ${networks(n)}`,
    refusedNone: "Nothing has arrived in seven days, so nobody was refused.",
    refused: (n: number, of: number) => `${n} of ${loads(of)} (${percent(n, of)}) ${n === 1 ? "was" : "were"} turned away, or made anonymous where the dialect says so.`,
    refusedSince: (n: number, of: number) =>
      `${n} of ${loads(of)} (${percent(n, of)}) proved nothing that holds: since this is enforced, such a load is turned away, or made anonymous where the dialect says so.`,
    anonymousToo: (n: number) => `${loads(n)} of these claim nobody: the audience below keeps them out too.`,
    missing: (n: number) => plural(n, { one: "# without a proof", other: "# without a proof" }),
    wrong: (n: number) => plural(n, { one: "# with a wrong one", other: "# with a wrong one" }),
    ofLoads: (of: number) => `of ${loads(of)}`,

    warnings: {
      no_key: () => "No key verifies for this platform: everybody who says who they are would be turned away.",
      no_arrivals: () => "Nothing has arrived in the last seven days, so nobody knows what this would break.",
      no_verified: (n: number) => `Nobody has been verified in the last seven days, of ${n} who said who they are: all of them would be turned away.`,
      one_network: (n: number) => `All ${plural(n, { one: "# verified load", other: "# verified loads" })} of the last seven days came from one network. If that is yours, your customers' pages are not tried yet.`,
      would_break: (n: number, of: number, at: number) =>
        `${n} of ${loads(of)} of the last seven days (${percent(n, of)}) would be turned away or made anonymous, ${at === 0 ? "all of whom claim nobody" : `on ${places(at)}`}.`,
    } as Record<string, (n: number, of: number, at: number) => string>,
    ends: (n: number, at: number) =>
      n === 0 ? "No session ends: none is live that only claims somebody." : `${plural(n, { one: "# live session ends", other: "# live sessions end" })} now, on ${plural(at, { one: "# origin", other: "# origins" })}.`,
    anyway: "Enforce all the same",

    audience: "Audience",
    audienceHint: "Who may begin a conversation. It counts wherever enforcement is on.",
    tiers: { anonymous: "Everyone", claimed: "People who say who they are", verified: "Users only" } as Record<string, string>,
    tierHints: {
      anonymous: "Visitors who claim nobody may chat, as such.",
      claimed: "Whoever claims nobody is turned away. Under enforcement a claim must be proved.",
      verified: "Nobody without a proof that holds gets in.",
    } as Record<string, string>,
    audienceTitle: (tier: string) => `Audience: ${tier.toLowerCase()}?`,
    audienceBody: "Where enforcement is on, live sessions below it end from the next second on.",
    audienceSet: (tier: string) => `Audience: ${tier.toLowerCase()}.`,
    audienceAction: "Change the audience",
  },
};
