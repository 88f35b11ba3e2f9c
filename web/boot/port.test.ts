import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, largestMessage } from "../protocol/bridge";
import { allowedOrigins, mayEmbed } from "./port";

test("only an origin on the list may embed, letter for letter", () => {
  const list = allowedOrigins("https://shop.example http://localhost:3000");
  assert.ok(mayEmbed("https://shop.example", list));
  assert.ok(mayEmbed("http://localhost:3000", list));
  for (const other of ["https://shop.example.evil.example", "http://shop.example", "https://shop.example:444", "https://www.shop.example", "null", ""]) {
    assert.ok(!mayEmbed(other, list), other);
  }
});

test("an empty list allows any web page, but never an opaque origin", () => {
  for (const none of [undefined, "", " "]) {
    assert.ok(mayEmbed("https://anything.example", allowedOrigins(none)));
    assert.ok(!mayEmbed("null", allowedOrigins(none)));
    assert.ok(!mayEmbed("file://", allowedOrigins(none)));
  }
});

test("what is no origin matches no page", () => {
  for (const odd of ["*", "https:", "shop.example", "https://*.example"]) assert.ok(!mayEmbed("https://shop.example", allowedOrigins(odd)), odd);
});

test("a message is JSON of at most 64 KB, in both directions", () => {
  assert.equal(encode({ type: "message", text: "x".repeat(largestMessage) }), undefined);
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  assert.equal(encode({ type: "proof", turn: 1, assertion: loop }), undefined);
  assert.deepEqual(decode(encode({ type: "open" })), { type: "open" });
  for (const junk of [undefined, 7, {}, "", "{", "null", '"text"', " ".repeat(largestMessage) + "{}"]) assert.equal(decode(junk)?.type, undefined);
});
