import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conversation } from "../protocol/wire";
import { apply, merge, newestFirst, unreadOf, type Threads } from "./threads";

const conversation = (over: Partial<Conversation> = {}): Conversation => ({
  id: "c1", status: "open", created_at: "2026-01-01T00:00:00Z", last_at: "2026-01-01T00:00:00Z", preview: "hi",
  last_author: "visitor", unread: 0, seq: 10, agents_read: 0, visitor_read: 10, ...over,
});
const start = (): Threads => merge(new Map(), [conversation()]);
const reply = (seq: number, kind = "agent", id = "c1") => ({
  kind: "message.created",
  seq,
  data: { id: `m${seq}`, conversation_id: id, author: { kind }, text: `text ${seq}`, client_id: "", tier: "verified", at: `2026-01-01T00:00:${seq}Z` },
});

test("an answer counts once, however often it is told", () => {
  const once = apply(start(), reply(11));
  assert.equal(unreadOf(once), 1);
  assert.equal(apply(once, reply(11)), once);
  assert.equal(once.get("c1")!.preview, "text 11");
  assert.equal(unreadOf(apply(once, reply(12))), 2);
});

test("what the visitor wrote or read is not unread", () => {
  const answered = apply(start(), reply(11));
  assert.equal(unreadOf(apply(answered, reply(12, "visitor"))), 0);
  const read = apply(answered, { kind: "read.moved", seq: 12, data: { conversation_id: "c1", side: "visitor", seq: 11 } });
  assert.equal(unreadOf(read), 0);
  assert.equal(apply(read, { kind: "read.moved", data: { conversation_id: "c1", side: "visitor", seq: 5 } }), read);
});

test("the agents' mark moves their side only", () => {
  const seen = apply(apply(start(), reply(11)), { kind: "read.moved", seq: 12, data: { conversation_id: "c1", side: "agent", seq: 11 } });
  assert.equal(seen.get("c1")!.agents_read, 11);
  assert.equal(unreadOf(seen), 1);
});

test("an older word about a conversation does not undo a newer message", () => {
  const after = apply(apply(start(), reply(11)), {
    kind: "conversation.updated",
    seq: 12,
    data: { ...conversation({ status: "closed" }), unread: undefined, assignee: null },
  });
  assert.equal(after.get("c1")!.preview, "text 11");
  assert.equal(after.get("c1")!.status, "closed");
  assert.equal(after.get("c1")!.assignee, undefined);
});

test("a message of a conversation that was never listed lists it", () => {
  const after = apply(new Map(), reply(5, "agent", "c9"));
  assert.equal(after.get("c9")!.unread, 1);
  assert.deepEqual(newestFirst(apply(after, reply(6, "visitor", "c2"))).map((c) => c.id), ["c2", "c9"]);
});

test("signals change nothing in the list", () => {
  const threads = start();
  assert.equal(apply(threads, { kind: "typing", data: { conversation_id: "c1" } }), threads);
});

test("a message without words is called by its first file, and one without either by nothing", () => {
  const told = (extra: object) => {
    const e = reply(11);
    return apply(start(), { ...e, data: { ...e.data, text: "", ...extra } }).get("c1")!.preview;
  };
  assert.equal(told({ files: [{ id: "f1", name: "kettle.png", media_type: "image/png", size: 9 }] }), "kettle.png");
  assert.equal(told({}), "");
});
