// What the audit says, in English: one sentence for each action, one for each reason.

export interface AuditFacts {
  actor: string;
  person?: string; // whom a pseudonym stands for, if this reader may know
  subject: string;
  channel: string;
  get: (name: string) => string; // a detail as text, empty if it is not there
  key: (name: string) => string; // a detail that names a key
  reason: (reason: string) => string;
}

const about = (text: string, before: string, after = "") => (text ? `${before}${text}${after}` : "");

const methods: Record<string, string> = { jwt: "a signed token", v1: "a signed token", hmac: "a signed hash", "hmac-either": "a signed hash", dkim: "DKIM", code: "a mailed code", setting: "a setting" };
const kinds: Record<string, string> = { user_id: "a user id", email: "an address" };
const turned: Record<string, string> = {
  blocked: ", who is blocked",
  not_before: ", whose token was made before all their sessions were ended",
  logged_out: ", whose token had logged out",
  bare_hash: ", whose hash does not say when it was made",
};
const modes: Record<string, string> = { off: "off", observe: "observe", enforce: "enforce" };

export const auditTexts = {
  title: "Audit",
  subtitle: "Who did what, and who was refused. Entries are chained, so that one that was changed or removed is noticed.",
  failed: "The audit did not load",
  when: "When",
  who: "Who",
  channel: "Channel",
  anyChannel: "Any channel",
  subject: "Subject",
  rawAction: "Action",
  end: "That is the beginning of the record.",
  reload: "Read again",

  actors: {
    gate: "The gate",
    server: "The server",
    start: "The first start",
    "sign-in": "The sign-in",
    visitor: "A visitor",
    token: "An API token",
    agent: "A colleague",
    cli: "Command line",
    registration: "A site",
  } as Record<string, string>,

  names: {
    "session.opened": "Session opened",
    "session.refused": "Session refused",
    "identity.refused": "Proof refused",
    "session.ended": "Session ended",
    "thread.claimed": "Thread claimed",
    "contact.blocked": "Person blocked",
    "contact.unblocked": "Person unblocked",
    "contact.bare_proofs": "Hashes of a person",
    "contact.exported": "Person exported",
    "contact.erased": "Person erased",
    "identifier.disputed": "Identifier disputed",
    "identifier.released": "Identifier released",
    "history.begun": "Import begun",
    "history.imported": "History imported",
    "history.opened": "Imported history opened",
    "attribute.policy": "Attribute switched",
    "logout.policy": "Log-out set",
    "key.generated": "Key generated",
    "key.imported": "Secret imported",
    "key.rotated": "Key rotated",
    "key.finished": "Key finished",
    "key.sign_by": "Key: last signing time set",
    "key.revoked": "Key revoked",
    "key.kid_revoked": "One key of an issuer's set revoked",
    "key.revealed": "Secret revealed",
    "hash.revealed": "Expected hash shown",
    "key.renamed": "Key renamed",
    "key.extended": "Key: end moved",
    "key.swept": "What a key proved taken apart",
    "registration.created": "Registration token made",
    "registration.used": "Site registered",
    "registration.confirmed": "Site confirmed",
    "registration.refused": "Site or registration token refused",
    "enforcement.set": "Enforcement set",
    "channel.created": "Channel created",
    "channel.changed": "Channel changed",
    "domain.ignored": "Domain ignored",
    "domain.noticed": "Domain watched again",
    "agent.invited": "Colleague invited",
    "agent.joined": "Colleague joined",
    "agent.changed": "Role changed",
    "agent.removed": "Colleague removed",
    "agent.signed_in": "Signed in",
    "agent.sign_in_failed": "Sign-in failed",
    "agent.signed_out": "Signed out",
    "agent.confirmed": "Confirmed it is them",
    "agent.password_changed": "Password changed",
    "factor.begun": "Second factor begun",
    "factor.added": "Second factor set up",
    "factor.removed": "Second factor removed",
    "factor.reset": "Second factors reset",
    "factor.rule_set": "Second factor rule set",
    "factor.recovery_made": "Recovery codes made",
    "owner.reset": "Owner reset",
    "token.created": "API token created",
    "token.revoked": "API token revoked",
    "server.started": "Server started",
    "master.rewrapped": "Master key changed",
    "audit.exported": "Record exported",
    "audit.pruned": "Record cut",
  } as Record<string, string>,

  sentences: {
    "session.opened": (f) => `let ${f.person || "a verified person"} in, proved by ${methods[f.get("method")] ?? f.get("method")}${about(f.key("key"), " with the key “", "”")}`,
    "session.refused": (f) =>
      `turned ${f.person || "a verified person"} away${turned[f.get("outcome")] ?? ""}${about(f.key("key"), ": proved with the key “", "”")}`,
    "identity.refused": (f) =>
      f.get("count")
        ? `refused ${f.get("count")} more ${f.get("count") === "1" ? "proof" : "proofs"} within one second: ${f.reason(f.get("reason"))}`
        : `refused a proof${about(f.person ?? "", " for ")}: ${f.reason(f.get("reason"))}${outcome(f.get("outcome"))}`,
    "session.ended": (f) => (f.get("sessions") === "all" ? ended(f) : f.get("by") === "log-out" ? "logged out" : `ended a session of ${f.person || "a person"}`),
    "thread.claimed": () => "took over the anonymous conversation of this browser, after proving who they are",
    "contact.blocked": (f) => `blocked ${f.person || "a person"}`,
    "contact.unblocked": (f) => `unblocked ${f.person || "a person"}`,
    "contact.bare_proofs": (f) => (f.get("until") ? `refuses the hashes of a person ${f.get("until") === "until lifted" ? "until that is lifted" : `until ${f.get("until")}`}` : "lets the hashes of a person in again"),
    "contact.exported": (f) => `took out everything that is kept of a person${f.get("notes") === "true" ? ", with the team's notes" : ""}`,
    "contact.erased": (f) => `erased a person: ${f.get("messages")} messages in ${f.get("conversations")} conversations, and ${f.get("sessions")} sessions. Reason: ${f.get("reason")}`,
    "identifier.disputed": (f) => `proved ${kinds[f.get("kind")] ?? "an identifier"} that another person holds: nothing was merged`,
    "history.begun": (f) => `began to import from ${f.get("source")}`,
    "history.imported": (f) => `imported from ${f.get("source")}: ${f.get("people")} people, ${f.get("conversations")} conversations and ${f.get("messages")} messages; ${f.get("refused")} records refused${f.get("broken_off") ? "; it was broken off" : ""}`,
    "history.opened": (f) => `opened what was imported of this person from ${f.get("source")}: ${f.get("conversations")} conversations`,
    "identifier.released": (f) => `took ${kinds[f.get("kind")] ?? "an identifier"} from a person`,
    "attribute.policy": (f) => (f.get("only_signed") === "true" ? `takes ${f.get("name")} from signed proofs alone` : `takes ${f.get("name")} from anybody again`),
    "logout.policy": (f) => (f.get("denies") === "true" ? `denies the token that logs out${about(f.channel, " of ")}, in every dialect` : `denies no token of a drop-in dialect that logs out${about(f.channel, " of ")}`),
    "key.generated": (f) => `generated the key${about(f.subject, " “", "”")}, which signs ${signs(f.get("signs"))}`,
    "key.imported": (f) => `imported a secret as the key${about(f.subject, " “", "”")}, which signs ${signs(f.get("signs"))}`,
    "key.rotated": (f) => `rotated the key${about(f.subject, " “", "”")}${overlap(f.get("overlap"))}`,
    "key.finished": (f) => `ended the retiring key${about(f.subject, " “", "”")}`,
    "key.sign_by": (f) => `said that nobody signs with the key${about(f.subject, " “", "”")} after ${f.get("sign_by")}`,
    "key.revoked": (f) =>
      `revoked the key${about(f.subject, " “", "”")}: ${f.get("because") === "compromised" ? `somebody else may have had it since ${f.get("since")}` : "it was replaced"}`,
    "key.kid_revoked": (f) => `revoked ${f.get("kid")} of the issuer's key set${about(f.subject, " “", "”")}`,
    "hash.revealed": (f) => `was shown the hash that the gate expects of one person${about(f.get("reason"), ", because: ")}`,
    "key.revealed": (f) => `was shown the secret of the key${about(f.subject, " “", "”")}`,
    "key.renamed": (f) => `called the key${about(f.subject, " “", "”")} ${f.get("name")}`,
    "key.extended": (f) => `moved the end of the key${about(f.subject, " “", "”")} to ${f.get("ends")}`,
    "registration.created": () => "made a token with which one site can register itself",
    "registration.used": (f) => `${f.get("site")} registered itself from ${f.get("network")} and waits to be confirmed`,
    "registration.confirmed": (f) => `confirmed ${f.get("site")}: its channel and key exist from now on`,
    "registration.refused": (f) => (f.get("site") ? `refused ${f.get("site")}: its secret is destroyed` : "took a registration token back"),
    "key.swept": (f) =>
      `took apart what the key${about(f.subject, " “", "”")} proved since ${f.get("since")}: ${f.get("links")} identifiers, ${f.get("claims")} taken over conversations and ${f.get("attributes")} attributes; ${f.get("messages")} messages are marked`,
    "enforcement.set": (f) => `set enforcement${about(f.channel, " of ", "")} on ${f.get("platform")} from ${modes[f.get("from")] ?? f.get("from")} to ${modes[f.get("to")] ?? f.get("to")}`,
    "channel.created": (f) => `created the channel ${f.get("slug") || f.channel}`,
    "channel.changed": (f) => `changed the channel${about(f.channel, " ")}${changed(f)}`,
    "domain.ignored": (f) => `wants no warnings about ${f.get("origin")}${about(f.channel, " on ")}`,
    "domain.noticed": (f) => `wants warnings about ${f.get("origin")} again${about(f.channel, " on ")}`,
    "agent.invited": (f) => `invited${about(f.subject, " ") || " a colleague"}${about(f.get("role"), " as ")}`,
    "agent.joined": () => "set a name and password by a one-use link",
    "agent.changed": (f) => `changed the role of${about(f.subject, " ") || " a colleague"}${about(f.get("from"), " from ")} to ${f.get("role")}`,
    "agent.removed": (f) => `removed${about(f.subject, " ") || " a colleague"}`,
    "agent.signed_in": (f) => `signed in${about(f.get("network"), " from ")}`,
    "agent.sign_in_failed": (f) => `refused a wrong password${about(f.subject, " for ")}${about(f.get("network"), " from ")}`,
    "agent.signed_out": () => "signed out",
    "agent.confirmed": (f) => (f.get("factor") === "passkey" ? "confirmed by a passkey that it is them" : "gave their password again"),
    "agent.password_changed": () => "changed their password; every other login of theirs ended",
    "factor.begun": () => "was shown the secret of a new authenticator app",
    "factor.added": (f) => `set up ${f.get("kind") === "passkey" ? "a passkey" : "an authenticator app"}`,
    "factor.removed": (f) => `removed ${f.get("kind") === "passkey" ? "a passkey" : "their authenticator app"}`,
    "factor.reset": (f) => `took the second factors away from ${f.subject || "a colleague"} and ended their logins`,
    "factor.rule_set": (f) => (f.get("required") === "true" ? "asks owner and security for a second factor" : "no longer asks owner and security for a second factor"),
    "factor.recovery_made": () => "made new recovery codes",
    "owner.reset": (f) => `made a new link for the owner${about(f.subject, " ")}`,
    "token.created": (f) => `created an API token${about(f.get("scopes"), " with the scopes ")}`,
    "token.revoked": () => "revoked an API token",
    "server.started": () => "started",
    "master.rewrapped": (f) => `moved the installation to another master key${about(f.get("from"), ", from ")}${about(f.get("to"), " to ")}`,
    "audit.exported": (f) => `exported ${f.get("about") === "one person" ? "what the record says of one person" : "the record"}${about(f.get("entries"), ": ", " entries")}`,
    "audit.pruned": (f) => `cut ${f.get("entries")} entries off the record, up to checkpoint ${f.get("checkpoint")}, after they were exported`,
  } as Record<string, (f: AuditFacts) => string>,

  reasons: {
    proof_missing: "no proof was sent",
    proof_malformed: "what was sent as proof is no hash",
    proof_mismatch: "the hash does not fit what it should sign, or was made with another secret",
    identifier_missing: "the field that the key signs was not sent",
    identifier_malformed: "the identifier is no user id or address",
    identifier_ambiguous: "the user id looks like an address, and the key signs either",
    identifier_not_covered: "the page sends another field than the key signs",
    token_malformed: "the token cannot be read",
    algorithm_refused: "the token was signed in a way that the key does not allow",
    token_expired: "the token has expired",
    token_early: "the token is not valid yet: a clock is wrong",
    lifetime_too_long: "the token lives longer than the channel allows",
    audience_wrong: "the token was made for another channel",
    claim_missing: "the token lacks a claim",
    claim_contradicted: "the page says something else than the token",
    signed_too_late: "it was signed with a retiring key after everybody should have moved",
    key_retired: "it was signed with a key that has retired",
    key_revoked: "it was signed with a key that was revoked",
    key_unusable: "no key can verify it",
  } as Record<string, string>,

  reasonHints: {
    proof_missing: "Is the page filled in before the backend has signed? Enforcing turns these visitors away.",
    proof_malformed: "A hash has 64 hexadecimal characters. An empty or cut value often comes from a template variable that was not set.",
    proof_mismatch: "Most often: the wrong secret, the email signed instead of the user id, or blanks and capital letters that differ. One visitor alone may be trying.",
    identifier_missing: "Send the field that the key signs beside the hash.",
    identifier_not_covered: "Either sign the field that the page sends, or make a key that signs it.",
    token_expired: "Make the token when the page is rendered, not when the user logs in.",
    token_early: "Set the clock of the machine that signs.",
    audience_wrong: "The claim aud must be this channel's id.",
    key_retired: "A backend still signs with the old key.",
    key_revoked: "A backend still signs with the revoked key, or somebody tries a secret that leaked.",
  } as Record<string, string>,
};

function outcome(text: string): string {
  const words: Record<string, string> = {
    claimed: "; the visitor goes on as not verified",
    anonymous: "; the visitor goes on as anonymous",
    identity_refused: "; the visitor was turned away",
    identity_required: "; the visitor was turned away",
  };
  return words[text] ?? "";
}

function signs(text: string): string {
  return { user_id: "user ids", email: "addresses", either: "user ids or addresses" }[text] ?? (text || "nothing");
}

function ended(f: AuditFacts): string {
  if (!f.channel) return `ended every session of ${f.person || "a person"}${f.get("bare_hashes_until") ? ", and refuses their hashes" : ""}`;
  return `ended every ${f.get("tier") || "live"} session of ${f.channel}${about(f.key("key"), " that the key “", "” proved")}`;
}

/** Go writes a duration as 168h0m0s. */
function overlap(text: string): string {
  const hours = Number(/^(\d+)h/.exec(text)?.[1] ?? NaN);
  if (text === "0s") return "; the old one ended at once";
  if (Number.isNaN(hours)) return "";
  return hours % 24 === 0 && hours > 0 ? `; the old one verifies for ${hours / 24} more ${hours === 24 ? "day" : "days"}` : `; the old one verifies for ${hours} more hours`;
}

function changed(f: AuditFacts): string {
  const fields: [string, string][] = [["name", "name"], ["minimum_tier", "minimum tier"], ["longest_life", "longest life of tokens"], ["origins", "allowed pages"], ["appearance", "appearance"]];
  const touched = fields.filter(([name]) => f.get(name) || f.get(`${name}_was`)).map(([, words]) => words);
  return touched.length ? `: ${touched.join(", ")}` : "";
}
