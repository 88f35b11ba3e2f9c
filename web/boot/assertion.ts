// What a page hands to identify becomes the assertion that the server verifies. Nothing is judged here: a value of the
// wrong type goes out as it is, so that the refusal is the server's and the record says what was sent.
import type { Assertion } from "../protocol/wire";

const ours = ["user_id", "email", "name", "hash", "jwt"] as const;

// Settings that pages of other systems carry along; never an attribute, since some of them are proofs.
const never = new Set([
  "dialect", "attributes", "user_hash", "intercom_user_jwt", "auth_tokens", "signature", "email_hash", "api_base", "theme_mode",
  "link_color", "hide_notifications", "page_title", "last_request_at", "unsubscribed_from_emails", "messenger_style_id",
  "installation_type",
]);

const most = 30;

// assertionOf returns undefined for a page that claims nobody.
// dialect is what an adapter says that the page speaks; no page can say so itself.
export function assertionOf(said: unknown, dialect?: string): Assertion | undefined {
  if (typeof said !== "object" || said === null || Array.isArray(said)) return undefined;
  const given = said as Record<string, unknown>;
  if (![given.user_id, given.email, given.jwt].some((v) => v !== undefined && v !== null && v !== "")) return undefined;
  const assertion: Record<string, unknown> = dialect ? { dialect } : {};
  for (const name of ours) {
    if (given[name] !== undefined && given[name] !== null) assertion[name] = given[name];
  }
  const attributes = attributesOf(given);
  if (Object.keys(attributes).length) assertion.attributes = attributes;
  return assertion as Assertion;
}

function attributesOf(given: Record<string, unknown>): Record<string, unknown> {
  const nested = given.attributes;
  const all = { ...given, ...(typeof nested === "object" && nested !== null ? nested : {}) } as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(all)) {
    if ((ours as readonly string[]).includes(name) || never.has(name) || Object.keys(out).length === most) continue;
    if (value === null || ["string", "number", "boolean"].includes(typeof value)) out[name] = value;
  }
  return out;
}

// samePerson says whether two assertions claim the same identifiers. A token may hide another person, so a changed one is
// not the same.
export function samePerson(a: Assertion | undefined, b: Assertion | undefined): boolean {
  return !!a && !!b && a.user_id === b.user_id && a.email === b.email && (a.jwt === b.jwt || a.user_id !== undefined || a.email !== undefined);
}
