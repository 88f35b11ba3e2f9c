// What a page gives us is read once, field by field, into objects without a prototype: a getter that throws loses its own
// field only, and a field named __proto__ or constructor is a field like any other.
import { guard } from "../../loader/core";

export type Fields = Record<string, unknown>;

export const bare = (): Fields => Object.create(null) as Fields;

// merge copies the own fields of what a page gave over those that stand. What is undefined was not said.
export function merge(over: Fields, given: unknown): Fields {
  const all = Object.assign(bare(), over);
  guard(() => {
    if (typeof given !== "object") return;
    for (const name of Object.keys(given ?? {})) {
      guard(() => {
        const value = (given as Fields)[name];
        if (value !== undefined) all[name] = value;
      });
    }
  });
  return all;
}

// said is a value that says something: of an identity and of a proof, absent, null and "" are one.
export const said = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

// word is a proof as it may be sent: text, or nothing.
export const word = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

// number reads what pages write as 20, "20" or "20px".
export function number(value: unknown): number | undefined {
  const n = parseFloat(`${value as string}`);
  return isFinite(n) ? n : undefined;
}

const longest = 255;
const most = 30;

// attributes are the fields that the system does not list as settings: texts, numbers, booleans and null, cut so that what
// a page sends always fits through the bridge. The server says which of them it keeps.
export function attributes(given: Fields, settings: string): Fields {
  const out = bare();
  const listed = settings.split(" ");
  let n = 0;
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (listed.includes(name) || n === most) continue;
    if (value === null || /^(string|number|boolean)$/.test(typeof value)) {
      out[name] = typeof value === "string" ? value.slice(0, longest) : value;
      n++;
    }
  }
  return out;
}

// identifier lets the server see that something was said that can be nobody's id.
export const identifier = (value: unknown): unknown => (typeof value === "object" && value ? true : typeof value === "bigint" ? `${value}` : value);
