import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromShell, toShell } from "../protocol/shell";

// The docs and the examples speak of the messages that there are, and of no other.
const repo = (path: string) => readFileSync(new URL(`../../../../../../${path}`, import.meta.url), "utf8");

function table(markdown: string, heading: string): Record<string, string[]> {
  const section = markdown.split(`### ${heading}\n`)[1]!.split("\n#")[0]!;
  const rows = [...section.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)];
  return Object.fromEntries(rows.map(([, type, fields]) => [type!, [...fields!.matchAll(/`(\w+)`/g)].map((f) => f[1]!)]));
}

test("docs/mobile.md lists every message with its fields", () => {
  const text = repo("docs/mobile.md");
  assert.deepEqual(table(text, "From the app to the view"), fromShell);
  assert.deepEqual(table(text, "From the view to the app"), toShell);
});

const types = { in: Object.keys(fromShell), out: Object.keys(toShell) };

for (const [file, sends, hears] of [
  ["ios/Countersign.swift", /\["type": "(\w+)"/g, /case ("[\w", ]+):/g],
  ["android/Countersign.kt", /message\("(\w+)"/g, /^\s+("[\w", ]+) ->/gm],
  ["react-native/Countersign.tsx", /\{ type: "(\w+)"/g, /case ("\w+"):/g],
] as const) {
  test(`examples/mobile/${file} speaks the protocol`, () => {
    const text = repo(`examples/mobile/${file}`);
    const said = new Set([...text.matchAll(sends)].map((m) => m[1]!));
    const handled = new Set([...text.matchAll(hears)].flatMap((m) => [...m[1]!.matchAll(/\w+/g)].map((name) => name[0])));
    for (const type of said) assert.ok(types.in.includes(type), `${file} sends ${type}`);
    for (const type of handled) assert.ok(types.out.includes(type), `${file} handles ${type}`);
    for (const type of ["shell", "claim", "identify", "logout", "open"]) assert.ok(said.has(type), `${file} never sends ${type}`);
    for (const type of ["hello", "prove", "close", "link", "unread", "state"]) assert.ok(handled.has(type), `${file} does not handle ${type}`);
  });
}
