import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FileFacts } from "../protocol/wire";
import { ApiError } from "./api";
import { Intake, maxFiles } from "./intake";
import { sizeOf } from "./size";

interface Sent {
  name: string;
  settle: (facts: FileFacts) => void;
  fail: (e: ApiError) => void;
  stopped: boolean;
}

let sent: Sent[] = [];
let renewed = false;
const here = globalThis as unknown as Record<string, unknown>;
const before = { add: here.addEventListener, remove: here.removeEventListener };

beforeEach(() => {
  sent = [];
  renewed = false;
  here.addEventListener ??= () => undefined;
  here.removeEventListener ??= () => undefined;
});
afterEach(() => Object.assign(here, { addEventListener: before.add, removeEventListener: before.remove }));

const intake = () =>
  new Intake({
    limit: () => 100,
    renewed: () => Promise.resolve(renewed),
    send: (file) => {
      const s = { name: file.name, stopped: false } as Sent;
      const done = new Promise<FileFacts>((settle, fail) => Object.assign(s, { settle, fail }));
      sent.push(s);
      return Promise.resolve({ done, stop: () => ((s.stopped = true), s.fail(new ApiError({ code: "aborted" }))) });
    },
  });

const file = (name: string, bytes = 10) => new File([new Uint8Array(bytes)], name);
const facts = (id: string): FileFacts => ({ id, name: `clean ${id}`, media_type: "text/plain", size: 9 });
const settled = () => new Promise((done) => setImmediate(done));

test("two go up at a time, and the message waits for all", async () => {
  const i = intake();
  i.add([file("a"), file("b"), file("c")]);
  await settled();
  assert.deepEqual(sent.map((s) => s.name), ["a", "b"]);
  assert.equal(i.ready(), undefined);
  sent[0]!.settle(facts("1"));
  await settled();
  assert.deepEqual(sent.map((s) => s.name), ["a", "b", "c"]);
  sent[1]!.settle(facts("2"));
  sent[2]!.settle(facts("3"));
  await settled();
  assert.deepEqual(i.ready()?.map((f) => f.id), ["1", "2", "3"]);
  assert.equal(i.items.value[0]!.name, "clean 1");
  i.close();
});

test("what is too large or empty never goes up, and holds nothing back", async () => {
  const i = intake();
  i.add([file("large", 101), file("empty", 0), file("good")]);
  await settled();
  assert.deepEqual(i.items.value.map((x) => [x.name, x.state, x.code]), [["large", "failed", "file_too_large"], ["empty", "failed", "empty"], ["good", "coming", ""]]);
  sent[0]!.settle(facts("1"));
  await settled();
  assert.deepEqual(i.ready()?.map((f) => f.id), ["1"]);
  i.close();
});

test("more than a message carries are not taken, and that is said", () => {
  const i = intake();
  i.add(Array.from({ length: maxFiles + 1 }, (_, n) => file(String(n))));
  assert.equal(i.items.value.length, maxFiles);
  assert.equal(i.over.value, true);
  i.close();
});

test("a lost connection is waited out; a refusal is not", async () => {
  const i = intake();
  i.add([file("a"), file("b")]);
  await settled();
  sent[0]!.fail(new ApiError({ code: "offline" }));
  sent[1]!.fail(new ApiError({ code: "file_refused", status: 422 }));
  await settled();
  assert.deepEqual(i.items.value.map((x) => x.state), ["waiting", "failed"]);
  assert.equal(i.ready(), undefined);
  i.retry(i.items.value[0]!.key);
  await settled();
  sent[2]!.settle(facts("1"));
  await settled();
  assert.deepEqual(i.ready()?.map((f) => f.id), ["1"]);
  i.close();
});

test("a full disk and a spent quota are told, not tried again and again", async () => {
  const i = intake();
  i.add([file("a"), file("b")]);
  await settled();
  sent[0]!.fail(new ApiError({ code: "storage_full", status: 507 }));
  sent[1]!.fail(new ApiError({ code: "too_many", status: 429 }));
  await settled();
  assert.deepEqual(i.items.value.map((x) => x.state), ["failed", "failed"]);
  i.close();
});

test("a session that was replaced meanwhile is tried once more", async () => {
  const i = intake();
  renewed = true;
  i.add([file("a")]);
  await settled();
  sent[0]!.fail(new ApiError({ code: "session_ended", status: 401 }));
  await settled();
  assert.equal(sent.length, 2);
  sent[1]!.fail(new ApiError({ code: "session_ended", status: 401 }));
  await settled();
  assert.equal(sent.length, 2);
  assert.equal(i.items.value[0]!.state, "failed");
  i.close();
});

test("what is taken off stops going up, and its answer counts for nothing", async () => {
  const i = intake();
  i.add([file("a"), file("b")]);
  await settled();
  i.remove(i.items.value[0]!.key);
  assert.equal(sent[0]!.stopped, true);
  await settled();
  assert.deepEqual(i.items.value.map((x) => x.name), ["b"]);
  i.clear();
  assert.equal(sent[1]!.stopped, true);
  assert.deepEqual(i.ready(), []);
  i.close();
});

test("sizes are said as people say them", () => {
  assert.deepEqual([1, 14, 999, 1500, 123_456, 10_485_760].map((n) => sizeOf(n, "en")), ["1 byte", "14 bytes", "999 bytes", "1.5 kB", "123 kB", "10 MB"]);
});
