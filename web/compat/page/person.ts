// Whom a page claims, with what proof.
import { guard, type Api } from "../../loader/core";
import type { Fields } from "./fields";

export interface Person {
  user_id?: unknown;
  email?: unknown;
  name?: unknown;
  hash?: unknown;
  jwt?: unknown;
  attributes?: Fields;
}

// claims reads what a token says, to tell persons and lives apart. It proves nothing: only the server verifies.
export const claims = (token: unknown): { user_id?: unknown; exp?: number } =>
  guard(() => JSON.parse(atob((token as string).split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as object) ?? {};

// claim says who is there now, and again whenever the messenger asks for a fresh proof; person reads what the page says at
// that moment. A token that was shown and has run out is no fresh proof: then the page has none, and the messenger keeps
// what the visitor was writing.
export function claim(chat: Api, person: () => Person): void {
  let shown: unknown;
  chat("identify", () => {
    const now = person();
    if (now.jwt && now.jwt === shown && claims(shown).exp! * 1000 < Date.now()) throw now;
    shown = now.jwt;
    return now;
  });
}
