// Whom a page claims in the systems where an email is the identity and a hash of it the proof.
import { attributes, bare, identifier, word, type Fields } from "./fields";
import type { Person } from "./person";

// A claim that is too large for the bridge would not be delivered, and leave the person before in place.
export const cut = (value: unknown, longest = 999): unknown => (typeof value === "string" ? value.slice(0, longest) : value);

// named adds attributes, spelt as the server takes them.
export function named(to: Fields, all: Fields, prefix: string): Fields {
  for (const name in all) to[prefix + name.replace(/[^\w.-]+/g, "_").slice(0, 90)] = all[name];
  return to;
}

// naming are the fields that are no attributes.
export const naming = { __proto__: null, email: 0, name: 0, signature: 0, hash: 0 };

// byEmail reads what the page says of its visitor. The email goes as it is: which of its letters count is the dialect's to
// say.
export function byEmail(given: Fields, hash: unknown): Person & { attributes: Fields } {
  return {
    email: cut(identifier(given.email)),
    name: cut(given.name),
    hash: cut(word(hash)),
    attributes: named(bare(), attributes(given, naming), ""),
  };
}
