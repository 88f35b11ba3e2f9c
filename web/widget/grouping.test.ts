import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../protocol/wire";
import { layOut } from "./grouping";
import type { Unsent } from "./outbox";
import { joined } from "./thread";

const message = (seq: number, minute: number, over: Partial<Message> = {}): Message => ({
  id: `m${seq}`, conversation_id: "c", seq, author: { kind: "visitor" }, text: `t${seq}`, client_id: `k${seq}`, tier: "verified",
  at: new Date(2026, 0, 5, 12, minute).toISOString(), ...over,
});
const shape = (messages: Message[], unsent: Unsent[] = []) => layOut(messages, unsent).map((d) => d.runs.map((r) => r.bubbles.map((b) => b.text)));

test("one author's messages close in time are one run", () => {
  const agent = { author: { kind: "agent" as const, name: "Grace" } };
  assert.deepEqual(shape([message(1, 0), message(2, 1), message(3, 10), message(4, 10, agent), message(5, 11)]), [
    [["t1", "t2"], ["t3"], ["t4"], ["t5"]],
  ]);
});

test("a new day begins a new run", () => {
  assert.equal(shape([message(1, 0), message(2, 0, { at: new Date(2026, 0, 6, 0, 1).toISOString() })]).length, 2);
});

test("what was written before somebody was verified stands apart from what came after", () => {
  assert.deepEqual(shape([message(1, 0, { tier: "anonymous" }), message(2, 1)]), [[["t1"], ["t2"]]]);
});

test("a message that arrived by the stream before its answer is shown once", () => {
  const unsent: Unsent = { client_id: "k2", thread: "c", text: "t2", at: message(2, 1).at, state: "sending" };
  assert.deepEqual(shape([message(1, 0)], [unsent]), [[["t1", "t2"]]]);
  assert.deepEqual(shape([message(1, 0), message(2, 1)], [unsent]), [[["t1", "t2"]]]);
  assert.equal(layOut([message(1, 0)], [unsent])[0]!.runs[0]!.bubbles[1]!.key, layOut([message(2, 1)], [])[0]!.runs[0]!.bubbles[0]!.key);
});

test("messages are kept once and in the order of the log", () => {
  const all = joined([message(3, 3), message(5, 5)], [message(4, 4), message(3, 3), message(1, 1)]);
  assert.deepEqual(all.map((m) => m.seq), [1, 3, 4, 5]);
});
