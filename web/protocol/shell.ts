// What an app and the messenger in its web view (/m/{channel}) say to each other. The app is called the shell here.
//
//	            out of the view                                         into the view
//	iOS         webkit.messageHandlers.countersign.postMessage(text)    CountersignShell.receive(text)
//	Android     CountersignAndroid.postMessage(text)                    CountersignAndroid.onmessage, or CountersignShell.receive(text)
//	React N.    ReactNativeWebView.postMessage(text)                    CountersignShell.receive(text)
//
// Messages are JSON texts of at most 64 KB, of the types below; anything else is dropped. No message that one window can
// post to another is listened to, so no page is ever heard. Outward go states, counts and names of events, never a token,
// an identity or what people wrote; the one address that goes out is that of a link that the visitor has just tapped, for the
// app to open elsewhere. Inward commands may fill, never send or confirm. docs/mobile.md tells all of it.
import { decode, encode, type IdentityState } from "./bridge";

export const protocolVersion = 1;

export interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

// Appearance is what the app knows of its user's taste. What is absent stays as it was.
export interface Appearance {
  lang?: string;
  dir?: "ltr" | "rtl";
  theme?: "light" | "dark" | "auto";
  accent?: string; // #rrggbb; else the channel's
  site?: string; // the name shown as "confirmed by"
  text_scale?: number; // 0.8 to 2
  insets?: Insets; // px that bars of the app cover, where the system does not tell the view itself
}

export type FromShell =
  // Answers hello. platform picks the keys and the enforcement that hold for this app, and stays.
  | ({ type: "shell"; platform: "ios" | "android"; version?: string; shown?: boolean } & Appearance)
  | ({ type: "appearance" } & Appearance)
  // turn rises with every claim, identify and logout of the shell: what belongs to an earlier one is dropped. Absent: the next.
  | { type: "claim"; turn?: number } // somebody is logged in, and the proof is on its way
  | { type: "identify"; turn?: number; assertion?: Record<string, unknown> | null; dialect?: string } // null: nobody; absent: no proof to be had
  | { type: "logout"; turn?: number }
  | { type: "open"; conversation?: string; text?: string } // on the screen now; text fills a new conversation, or this one
  | { type: "back" } // the system's back button
  | { type: "hide" }; // no longer on the screen

export type ToShell =
  | { type: "hello"; protocol: number } // listens, and knows nobody: after a start and after every reload
  | { type: "state"; identity: IdentityState; chatted?: boolean; code?: string }
  | { type: "unread"; n: number }
  | { type: "look"; accent: string }
  | { type: "prove"; expiring: boolean } // wants a fresh proof: a claim within 1.5 s, then identify
  | { type: "ended" }
  | { type: "close" } // the visitor wants to leave the messenger
  | { type: "link"; url: string }; // http, https, mailto or tel

// The same lists as values, with the fields of each; docs and examples are held to them.
export const fromShell = {
  shell: ["platform", "version", "shown", "lang", "dir", "theme", "accent", "site", "text_scale", "insets"],
  appearance: ["lang", "dir", "theme", "accent", "site", "text_scale", "insets"],
  claim: ["turn"],
  identify: ["turn", "assertion", "dialect"],
  logout: ["turn"],
  open: ["conversation", "text"],
  back: [],
  hide: [],
} as const satisfies FieldsOf<FromShell>;

export const toShell = {
  hello: ["protocol"],
  state: ["identity", "chatted", "code"],
  unread: ["n"],
  look: ["accent"],
  prove: ["expiring"],
  ended: [],
  close: [],
  link: ["url"],
} as const satisfies FieldsOf<ToShell>;

type FieldsOf<M extends { type: string }> = { [T in M["type"]]: readonly Exclude<keyof Extract<M, { type: T }>, "type">[] };

// readShell gives the message that a text holds, with every field of the type that it must have, or nothing.
export function readShell(data: unknown): FromShell | undefined {
  const said = decode(data) as Record<string, unknown> | null | undefined;
  if (typeof said !== "object" || said === null || !Object.hasOwn(fromShell, said.type as string)) return undefined;
  const out: Record<string, unknown> = { type: said.type };
  for (const name of fromShell[said.type as FromShell["type"]]) {
    if (fields[name](said[name])) out[name] = said[name];
  }
  if (said.type === "shell" && !out.platform) return undefined;
  // A number of the shell's own that is none of ours must not pass for "the next".
  if (said.turn !== undefined && out.turn === undefined) return undefined;
  return out as FromShell;
}

export const writeShell = (message: ToShell): string | undefined => encode(message as never);

const text = (most: number) => (v: unknown) => typeof v === "string" && v.length <= most;
const among = (...of: unknown[]) => (v: unknown) => of.includes(v);
const number = (least: number, most: number) => (v: unknown) => typeof v === "number" && v >= least && v <= most;
const inset = number(0, 400);

const fields: Record<(typeof fromShell)[FromShell["type"]][number], (v: unknown) => boolean> = {
  platform: among("ios", "android"),
  version: text(32),
  shown: among(true, false),
  lang: text(35),
  dir: among("ltr", "rtl"),
  theme: among("light", "dark", "auto"),
  accent: (v) => /^#[0-9a-f]{6}$/i.test(String(v)),
  site: text(100),
  text_scale: number(0.8, 2),
  insets: (v) => typeof v === "object" && v !== null && ["top", "right", "bottom", "left"].every((side) => inset((v as Record<string, unknown>)[side])),
  turn: (v) => Number.isSafeInteger(v) && (v as number) > 0,
  assertion: (v) => v === null || (typeof v === "object" && !Array.isArray(v)),
  dialect: text(32),
  conversation: (v) => /^[\w-]{1,64}$/.test(String(v)),
  text: text(16 << 10),
};
