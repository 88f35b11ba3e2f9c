import assert from "node:assert/strict";
import { test } from "node:test";
import { keyTexts } from "./text.keys.en";

const nothing = { links: 0, claims: 0, attributes: 0, conversations: 0, messages: 0, at_least: false };
const say = keyTexts.keys.foretold;

test("what goes with a compromised key is said in numbers before it is done", () => {
  assert.equal(
    say({ ...nothing, links: 3, claims: 2, messages: 14, conversations: 5 }, 412, 3),
    "3 identifiers, 2 claimed threads, 14 messages in 5 conversations are taken apart now; 412 live sessions on 3 domains end.",
  );
  assert.equal(say({ ...nothing, links: 1 }, 1, 0), "1 identifier is taken apart now; 1 live session ends.");
  assert.equal(say({ ...nothing, attributes: 2, at_least: true }, 0, 0), "At least 2 signed values are taken apart now; no session is live on it.");
});

test("of a key that proved nothing nobody is frightened, and a count that stopped says so", () => {
  assert.equal(say(nothing, 0, 0), "It proved nothing since then; no session is live on it.");
  assert.match(say({ ...nothing, at_least: true }, 0, 0), /^As far as was counted/);
});
