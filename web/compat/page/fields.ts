// What a page gives us is read once, field by field, into objects without a prototype: a getter that throws loses its own
// field only, and a field named __proto__ or constructor is a field like any other.
import { guard } from "../../loader/core";

export type Fields = Record<string, unknown>;

export const bare = (): Fields => Object.create(null) as Fields;

// read copies the own fields of what a page gave, over those that stand if there are any. What is undefined was not said.
export function read(given: unknown, over = bare()): Fields {
  guard(() => {
    if (typeof given !== "object") return;
    Object.keys(given!).forEach((name) =>
      guard(() => {
        const value = (given as Fields)[name];
        if (value !== undefined) over[name] = value;
      }),
    );
  });
  return over;
}

// said is a value that says something: of an identity, absent, null, false and "" are one.
export const said = (value: unknown): unknown => value || value === 0;

// word is a proof as it may be sent: text, or nothing.
export const word = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

// number reads what pages write as 20, "20" or "20px".
export function number(value: unknown): number | undefined {
  const n = parseFloat(`${value as string}`);
  return isFinite(n) ? n : undefined;
}

const longest = 255;
const most = 40; // the server keeps 30, and some of these are no attributes to it

// attributes are the fields that the system does not list as settings: texts, numbers, booleans and null, cut so that what
// a page sends always fits through the bridge. The server says which of them it keeps.
export function attributes(given: Fields, settings: object): Fields {
  const out = bare();
  Object.keys(given)
    .filter((name) => !(name in settings) && (given[name] === null || /^(st|nu|bo)/.test(typeof given[name])))
    .slice(0, most)
    .forEach((name) => (out[name] = typeof given[name] === "string" ? (given[name] as string).slice(0, longest) : given[name]));
  return out;
}

// identifier lets the server see that something was said that can be nobody's id.
export const identifier = (value: unknown): unknown =>
  typeof value === "bigint" ? `${value}` : value && !/^(str|num)/.test(typeof value) ? true : value;
