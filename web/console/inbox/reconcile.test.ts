import assert from "node:assert/strict";
import { test } from "node:test";
import type { Counts, Message, Row } from "../types";
import { belongs, compareRows, countsAfter, mergeMessages, placeRow, rowAfterMessage, type Query } from "./reconcile";

const base: Row = {
  id: "cnv_a", status: "open", created_at: "2025-11-01T10:00:00Z", last_at: "2025-11-01T10:00:00Z", preview: "", last_author: "visitor",
  unread: 0, seq: 10, agents_read: 0, visitor_read: 0, tier: "verified",
  channel: { id: "chn_1", slug: "shop", name: "Shop" },
  contact: { id: "con_1", kind: "verified", label: "Ada", verified: true },
};
const row = (change: Partial<Row>): Row => ({ ...base, ...change });
const message = (change: Partial<Message>): Message => ({
  id: "msg_1", conversation_id: "cnv_a", seq: 11, author: { kind: "visitor" }, text: "hello", at: "2025-11-01T11:00:00Z", tier: "verified", ...change,
});
const query = (change: Partial<Query>): Query => ({ view: "open", tier: "", channel: "", q: "", ...change });

test("a conversation belongs to the views that its status and assignee say", () => {
  assert.equal(belongs(row({}), query({ view: "unassigned" }), "agt_me"), true);
  assert.equal(belongs(row({ assignee: { id: "agt_me", name: "Me" } }), query({ view: "mine" }), "agt_me"), true);
  assert.equal(belongs(row({ assignee: { id: "agt_x", name: "X" } }), query({ view: "mine" }), "agt_me"), false);
  assert.equal(belongs(row({ status: "closed" }), query({}), "agt_me"), false);
  assert.equal(belongs(row({ tier: "claimed" }), query({ tier: "verified" }), "agt_me"), false);
});

test("what a search finds is not decided here", () => {
  assert.equal(belongs(row({}), query({ q: "ada" }), "agt_me"), null);
  assert.equal(belongs(row({ status: "closed" }), query({ q: "ada" }), "agt_me"), false);
});

test("fractions of a second of different lengths keep their order", () => {
  const earlier = row({ id: "cnv_1", last_at: "2025-11-01T10:00:00.12Z" });
  const later = row({ id: "cnv_2", last_at: "2025-11-01T10:00:00.123Z" });
  assert.ok(compareRows(later, earlier) < 0);
});

test("a row moves to its place, enters only where its neighbours are loaded, and leaves", () => {
  const known = new Map(
    ["c", "b", "a"].map((id, i) => [id, row({ id, last_at: `2025-11-0${9 - i}T10:00:00Z` })] as const),
  );
  const rowOf = (id: string) => known.get(id);
  const moved = row({ id: "a", last_at: "2025-11-10T10:00:00Z" });
  assert.deepEqual(placeRow(["c", "b", "a"], moved, true, false, rowOf), ["a", "c", "b"]);
  const older = row({ id: "z", last_at: "2025-10-01T10:00:00Z" });
  assert.deepEqual(placeRow(["c", "b", "a"], older, true, false, rowOf), ["c", "b", "a"]);
  assert.deepEqual(placeRow(["c", "b", "a"], older, true, true, rowOf), ["c", "b", "a", "z"]);
  assert.deepEqual(placeRow(["c", "b", "a"], moved, false, true, rowOf), ["c", "b"]);
  const same = ["c", "b", "a"];
  assert.equal(placeRow(same, known.get("b")!, true, true, rowOf), same);
});

test("the counts move by one change only where membership changed", () => {
  const counts: Counts = { open: 5, mine: 1, unassigned: 2, snoozed: 0, closed: 9 };
  const mine = row({ assignee: { id: "agt_me", name: "Me" } });
  assert.deepEqual(countsAfter(counts, row({}), mine, "agt_me"), { ...counts, mine: 2, unassigned: 1 });
  assert.deepEqual(countsAfter(counts, mine, { ...mine, status: "closed" }, "agt_me"), { ...counts, open: 4, mine: 0, closed: 10 });
  assert.deepEqual(countsAfter(counts, mine, mine, "agt_me"), counts);
});

test("a replayed message raises nothing twice, and a note is no news of the visitor", () => {
  const once = rowAfterMessage(base, message({}));
  assert.equal(once.unread, 1);
  assert.equal(rowAfterMessage(once, message({})), once);
  assert.equal(rowAfterMessage(base, message({ note: true })), base);
  assert.equal(rowAfterMessage(base, message({ author: { kind: "agent" } })).unread, 0);
});

test("the latest visitor message decides the tier of its conversation", () => {
  assert.equal(rowAfterMessage(base, message({ tier: "claimed" })).tier, "claimed");
  assert.equal(rowAfterMessage(base, message({ author: { kind: "agent" }, tier: "claimed" })).tier, "verified");
});

test("a message of the stream never takes away what the page already knew of it", () => {
  const full = message({ method: "hmac", key: { id: "key_1", name: "Web" } });
  const bare = message({});
  const [merged] = mergeMessages([full], [bare]);
  assert.equal(merged?.method, "hmac");
  assert.deepEqual(mergeMessages([message({ id: "b", seq: 2 })], [message({ id: "a", seq: 1 })]).map((m) => m.id), ["a", "b"]);
});
