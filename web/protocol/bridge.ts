// What the loader in the host page and the frame on our origin say to each other.
//
// The handshake: when the frame's document has loaded, the loader posts one MessagePort to it, addressed to our exact
// origin; a document of any other origin in that frame never receives it. The frame takes one port in its life, only from
// its parent window, only from an origin that the channel allows. From then on everything goes through this pair, which no
// listener of the host page can hear, forge or stop.
//
// Messages are JSON texts of at most 64 KB, of the types below; anything else is dropped. Outward go states, counts and
// names of events, never a token, an address or a text. Inward commands may fill, never send or confirm.

export const portGreeting = "countersign:port";

export const largestMessage = 65_536;

export type IdentityState = "anonymous" | "claimed" | "verified" | "refused";

export interface PageSettings {
  lang: string;
  dir: "ltr" | "rtl";
  theme: "light" | "dark" | "auto";
  site: string; // the name shown as "confirmed by"; empty: the channel's name
  accent?: string | undefined; // #rrggbb instead of the channel's
  hide?: string; // what the page does without, names with blanks between: write, history, avatars, files
  sound?: boolean; // until the visitor chooses
  shut?: boolean; // the messenger was taken off this page: it does not open again by itself
  words?: Record<string, string>; // instead of a few of ours, which text/index.ts lists
}

// Place is where in the messenger a page can lead: its list of conversations, a new one, or one that is there.
export interface Place {
  to: "home" | "new" | "thread";
  id?: string; // of the thread; another's is not found, whoever asks
}

export type Inward =
  | ({ type: "page" } & Pick<PageSettings, "lang" | "dir"> & Partial<PageSettings>) // what is absent: auto, and no name
  // The page claims an identity; its proof follows under the same turn, unless a later claim or logout overtakes it.
  | { type: "claim"; turn: number }
  // assertion null: the page says that nobody is logged in; absent: the page could not produce its proof.
  // dialect: what the page speaks, said by an adapter and never by a page itself.
  | { type: "proof"; turn: number; assertion?: Record<string, unknown> | null; dialect?: string }
  | { type: "logout"; turn: number }
  | { type: "load" } // the visitor is about to open: fetch the messenger
  | { type: "open" }
  | { type: "close" }
  // Fills the composer, and stays on the screen that is shown; fills the field of an address to prove.
  | { type: "message"; text?: string | undefined; stay?: boolean; email?: string | undefined }
  | ({ type: "go" } & Place); // shows a place

export type Outward =
  | { type: "hello" } // the frame listens; the loader repeats what it knows
  // chatted absent: not known yet. code: the server's, where refused.
  | { type: "state"; identity: IdentityState; chatted?: boolean; code?: string }
  | { type: "unread"; n: number }
  | { type: "look"; accent: string }
  | { type: "open" } // the messenger was open when this tab left the page before
  | { type: "close" }
  | { type: "began"; online: boolean } // the visitor began a conversation
  | { type: "done" } // one was closed
  | { type: "prove"; expiring: boolean } // asks the page for a fresh proof
  | { type: "ended" };

// encode gives the text to post, or nothing for what cannot or may not be posted.
export function encode(message: Inward | Outward): string | undefined {
  try {
    const text = JSON.stringify(message);
    return text.length > largestMessage ? undefined : text;
  } catch {
    return undefined; // a page may hand us what JSON cannot hold
  }
}

// decode gives what was posted, whatever it is: only its type says whether it is one of ours.
export function decode(data: unknown): { type?: unknown } | null | undefined {
  if (typeof data !== "string" || data.length > largestMessage) return undefined;
  try {
    return JSON.parse(data) as { type?: unknown };
  } catch {
    return undefined;
  }
}
