import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../types";
import { blocksOf } from "./blocks";

let seq = 0;
const say = (change: Partial<Message>): Message => ({
  id: `m${++seq}`, conversation_id: "c", seq, author: { kind: "visitor", id: "con_1" }, text: "x", tier: "verified", session: "ses_1",
  at: new Date(Date.UTC(2025, 10, 3, 12, 0, seq)).toISOString(), ...change,
});
const shape = (messages: Message[], unread: number | null = null) =>
  blocksOf(messages, unread).map((block) => (block.kind === "message" ? `${block.first ? "[" : ""}${block.message.id}${block.last ? "]" : ""}` : block.kind));

test("a run has one author and one standing", () => {
  seq = 0;
  assert.deepEqual(shape([say({}), say({}), say({ author: { kind: "agent", id: "agt_1" } }), say({})]), ["day", "[m1", "m2]", "[m3]", "[m4]"]);
});

test("a message from before the proof never shares a run with one that was proved", () => {
  seq = 0;
  assert.deepEqual(shape([say({ tier: "anonymous" }), say({ tier: "verified" })]), ["day", "[m1]", "standing", "[m2]"]);
});

test("another session of the same standing begins a run of its own, since its key may differ", () => {
  seq = 0;
  assert.deepEqual(shape([say({}), say({ session: "ses_2" })]), ["day", "[m1]", "[m2]"]);
});

test("an answer in between does not hide a change of standing", () => {
  seq = 0;
  assert.deepEqual(shape([say({ tier: "claimed" }), say({ author: { kind: "agent", id: "a" } }), say({ tier: "verified" })]), [
    "day", "[m1]", "[m2]", "standing", "[m3]",
  ]);
});

test("the line before what is new stands once, before a visitor's message", () => {
  seq = 0;
  assert.deepEqual(shape([say({}), say({ author: { kind: "agent", id: "a" } }), say({}), say({})], 1), [
    "day", "[m1]", "[m2]", "unread", "[m3", "m4]",
  ]);
});

test("a note stands apart from an answer of the same agent", () => {
  seq = 0;
  const agent = { kind: "agent" as const, id: "a" };
  assert.deepEqual(shape([say({ author: agent, note: true }), say({ author: agent })]), ["day", "[m1]", "[m2]"]);
});
