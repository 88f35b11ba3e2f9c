// The words about people's rights and sessions: what is proved, who holds it, what
// ends, what is handed over and what is erased. In English.

import { plural } from "../shared/i18n";

const many = (n: number, one: string, other: string) => plural(n, { one: `# ${one}`, other: `# ${other}` });

export const peopleTexts = {
  personal: {
    conversations: "Conversations",
    // Attributes
    note: "Add a value",
    noteTitle: "Add a value in the team's name",
    noteHint: "It stands beside what a proof or the page says, marked as written by a teammate. It proves nothing.",
    noteName: "Name",
    noteNameHint: "Letters, digits, dot, dash and underscore.",
    noteValue: "Value",
    noteSave: "Add",
    noteToast: "Value added",
    takeBack: (name: string) => `Remove the team's value of ${name}`,
    takenBack: "Value removed",
    more: (name: string) => `More about ${name}`,
    onlySigned: "Only signed values count",
    onlySignedTitle: (name: string) => `Accept ${name} from signed proofs alone?`,
    onlySignedBody: (name: string) =>
      `From now on what a page or a colleague says as ${name} is not kept, for everybody in this workspace. Unsigned values that are there already stay, and are shown as ignored. Sign ${name} in the token that your backend makes.`,
    onlySignedAction: "Accept signed values only",
    anyValue: "Accept unsigned values too",
    anyValueToast: (name: string) => `${name} is taken from anybody again.`,
    onlySignedToast: (name: string) => `${name} is now taken from signed proofs alone.`,
    ignored: "ignored: only signed values count",

    // Conflicts
    held: (kind: string) => `This ${kind} was proved here and is held by`,
    holds: (kind: string) => `This person holds the ${kind}, and it was also proved by`,
    heldSince: (time: string) => `Held since ${time}`,
    lastProved: (time: string) => `last proved by the other on ${time}`,
    conflictWhat:
      "Nothing was merged, and neither sees the other's conversations. Find out in your own product who owns it. If the one who holds it should not, release it there: the next one who proves it gets it.",
    release: "Release",
    releaseLabel: (value: string) => `Release ${value}`,
    releaseTitle: (value: string) => `Release ${value}?`,
    releaseBody: (n: number) =>
      `This person no longer holds it${n ? `, and ${many(n, "open session ends", "open sessions end")} now` : ""}. Whoever proves it next is somebody new and takes no conversations along. If this person proves it again first, it is theirs again.`,
    releaseAction: "Release it",
    releasedToast: "Released",

    // Sessions
    device: "Unknown device",
    opened: (time: string) => `since ${time}`,
    endAllTitle: (n: number) => (n ? `End ${many(n, "session", "sessions")} of this person?` : "Refuse what was signed for this person until now?"),
    endAllBody:
      "Every open messenger of this person closes within a second, and tokens that were signed before now open nothing any more. A token that your backend signs after this lets them in again.",
    bareLabel: "Refuse signed hashes too",
    bareHint: "A hash does not say when it was made: an old one looks like a new one. Refused, this person needs a token, or comes in when you allow hashes again.",
    signOut: "End all sessions",
    endedAll: (n: number) => many(n, "session ended", "sessions ended"),
    notBefore: (time: string) => `Tokens signed before ${time} are refused.`,
    bareRefused: "Signed hashes of this person are refused until you allow them again.",
    bareRefusedUntil: (time: string) => `Signed hashes of this person are refused until ${time}.`,
    bareAllow: "Allow hashes",
    bareAllowed: "Hashes are allowed again",

    // The file
    file: "Data of this person",
    fileHint: "What your company may be asked for, by law.",
    exportFile: "Export",
    exportTitle: "Export everything that is kept of this person?",
    exportBody: "One file (JSON): identifiers, attributes with where each came from, sessions, and all conversations. That you took it is recorded.",
    exportNotes: "With the team's internal notes",
    exportNotesHint: "They are about this person and were written for colleagues. Leave them out unless somebody asked for them.",
    exportAction: "Download",
    exported: "Exported",
    erase: "Erase",
    eraseTitle: (name: string) => `Erase ${name} for good?`,
    eraseBody: (n: { conversations: number; messages: number; files: number; identifiers: number; attributes: number; live_sessions: number; sessions: number }) =>
      `${many(n.conversations, "conversation", "conversations")} with ${many(n.messages, "message", "messages")}${n.files ? ` and ${many(n.files, "file", "files")}` : ""}, ${many(n.identifiers, "identifier", "identifiers")}, ${many(n.attributes, "attribute", "attributes")} and ${many(n.sessions, "session", "sessions")} are deleted${n.live_sessions ? `; ${many(n.live_sessions, "of them is open and ends", "of them are open and end")} now` : ""}. Nobody can bring this back. If the same person proves who they are later, they are somebody new here.`,
    eraseRecord: "The record keeps that somebody was erased, by whom and why, under a name that leads to nobody.",
    eraseReason: "Reason",
    eraseReasonHint: "It stays in the record, so do not name the person: a ticket's number is good.",
    eraseAction: "Erase for good",
    erased: (n: number) => `Erased: ${many(n, "message is", "messages are")} gone.`,
    erasedNotSettled: "Erased. The database's journal still holds some of it until it is emptied, at the latest when the server stops.",
    gone: "This person was erased.",
  },

  sessions: {
    tab: "Sessions",
    title: "Open sessions",
    hint: "Who may read and write here at this moment, and by what. Those that end last come first.",
    failed: "The sessions did not load",
    empty: "No session is open",
    emptyHint: "A session begins when a page opens the messenger for somebody. Install the messenger to see the first one.",
    emptyFilter: "No open session is like that",
    install: "To the installation",
    person: "Person",
    device: "Device",
    proof: "Proof",
    lasts: "Ends",
    tier: "Standing",
    anyTier: "Any standing",
    key: "Key",
    anyKey: "Any key",
    more: "Load more",
    end: "End",
    endLabel: (who: string) => `End this session of ${who}`,
    ended: "Session ended",
    endAll: "End all",
    endAllTitle: (n: number, more: boolean) => `End ${more ? "at least " : ""}${many(n, "open session", "open sessions")}?`,
    endAllBody: (what: string) =>
      `${what} ends within a second, on every page. Whoever still has a proof that is good comes in again by it. To keep a proof out, revoke its key, or end all sessions of its person.`,
    everything: "Every session of this channel",
    ofTier: (tier: string) => `Every ${tier} session of this channel`,
    ofKey: (key: string) => `Every session that the key “${key}” proved`,
    endedAll: (n: number) => many(n, "session ended", "sessions ended"),
    by: (method: string, key: string) => (key ? `${method}, “${key}”` : method),
    noProof: "no proof",

    logout: "Logging out",
    logoutHint: "When a visitor logs out, the session and its token end at once.",
    logoutNative: "A native token is denied until it expires, so that nobody can use it again.",
    logoutDeny: "Deny the tokens of other dialects too",
    logoutDenyHint:
      "Pages written for Intercom or Pylon carry their token in the page and boot again with it. Denied, they stay logged out until the page is loaded with a new token. Signed hashes cannot be denied: they never expire.",
    logoutFailed: "The setting did not load",
    logoutSaved: "Saved",

    signed: "Attributes that must be signed",
    signedHint: "In the whole workspace. Of these names, what a page or a colleague says unsigned is not kept.",
    signedEmpty: "None yet. Choose one that your agents rely on, such as plan or account_id.",
    signedName: "Name of an attribute",
    signedAdd: "Only signed",
    signedRemove: (name: string) => `Accept unsigned values of ${name} again`,
    signedFailed: "The names did not load",
  },
};
