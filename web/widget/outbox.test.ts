import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Core } from "../boot/core";
import type { Conversation, Message } from "../protocol/wire";
import { ApiError } from "../shared/api";
import { isLocal, newThread, Outbox } from "./outbox";

Object.assign(globalThis, { addEventListener: () => undefined });

// A core whose server is a list of answers, and whose shelf is one lane's.
class FakeCore {
  lane: string | undefined = "ada";
  shelves = new Map<string, Map<string, unknown>>();
  sent: { path: string; text: string; client_id: string }[] = [];
  fail: ApiError | undefined;
  gate: Promise<void> | undefined;

  shelf() {
    const key = this.lane ?? "-";
    if (!this.shelves.has(key)) this.shelves.set(key, new Map());
    const values = this.shelves.get(key)!;
    return { get: (n: string) => values.get(n), set: (n: string, v: unknown) => void (v === undefined ? values.delete(n) : values.set(n, v)) };
  }
  async begin() {
    this.lane ??= "guest";
  }
  keep() {}
  async call(_: string, path: string, body: { text: string; client_id: string }) {
    await this.gate;
    if (this.fail) throw this.fail;
    this.sent.push({ path, ...body });
    const message = { id: "m" + this.sent.length, conversation_id: "c1", seq: this.sent.length, ...body } as unknown as Message;
    return path === "/conversations" ? { id: "c1", message } : message;
  }
}

let core: FakeCore;
let delivered: Message[];
let outbox: Outbox;
beforeEach(() => {
  core = new FakeCore();
  delivered = [];
  outbox = new Outbox({ core: core as unknown as Core, delivered: (m) => delivered.push(m), began: (_: string, c: Conversation) => assert.equal(c.id, "c1") });
  outbox.enter("ada");
});

const quiet = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};
const texts = () => core.sent.map((s) => s.text);

test("messages leave in the order in which they were written, one at a time", async () => {
  const local = newThread();
  assert.ok(isLocal(local));
  for (const t of ["one", "two", "three"]) outbox.add(local, t);
  await quiet();
  assert.deepEqual(core.sent.map((s) => [s.path, s.text]), [
    ["/conversations", "one"],
    ["/conversations/c1/messages", "two"],
    ["/conversations/c1/messages", "three"],
  ]);
  assert.equal(delivered.length, 3);
  assert.deepEqual(outbox.entries.value, []);
});

test("a repeat carries the id of the first attempt", async () => {
  core.fail = new ApiError({ code: "offline" });
  outbox.add("c1", "one");
  await quiet();
  const { client_id, state } = outbox.entries.value[0]!;
  assert.equal(state, "waiting");
  core.fail = undefined;
  outbox.retry(client_id);
  await quiet();
  assert.deepEqual(core.sent.map((s) => s.client_id), [client_id]);
});

test("what the server refuses waits for the visitor, and holds back its own thread only", async () => {
  core.fail = new ApiError({ code: "request_invalid", status: 422 });
  outbox.add("c1", "bad");
  await quiet();
  core.fail = undefined;
  assert.equal(outbox.entries.value[0]!.state, "failed");
  outbox.add("c1", "after");
  outbox.add("c2", "elsewhere");
  await quiet();
  assert.deepEqual(texts(), ["elsewhere"]);
  outbox.discard(outbox.entries.value[0]!.client_id);
  outbox.add("c1", "last");
  await quiet();
  assert.deepEqual(texts(), ["elsewhere", "after", "last"]);
});

test("unsent text stays with its lane", async () => {
  core.fail = new ApiError({ code: "offline" });
  outbox.add("c1", "Ada's words");
  await quiet();
  core.lane = "bob";
  core.fail = undefined;
  outbox.enter("bob");
  await quiet();
  assert.deepEqual(outbox.entries.value, []);
  assert.deepEqual(texts(), []);
  core.lane = "ada";
  outbox.enter("ada");
  await quiet();
  assert.deepEqual(texts(), ["Ada's words"]);
});

test("an answer that comes after the lane changed is not delivered into the new one", async () => {
  let open = () => {};
  core.gate = new Promise((done) => (open = done));
  outbox.add("c1", "Ada's words");
  await quiet();
  core.lane = "bob";
  outbox.enter("bob");
  open();
  await quiet();
  assert.deepEqual(delivered, []);
});

test("an anonymous visitor's first words make the lane that they are then kept in", async () => {
  core.lane = undefined;
  outbox.enter(undefined);
  outbox.add(newThread(), "hello");
  await quiet();
  assert.deepEqual(texts(), ["hello"]);
});
