import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Shown } from "./shown";

// held counts the addresses that hold bytes while a test runs.
function held(t: TestContext): Set<string> {
  const addresses = new Set<string>();
  let n = 0;
  t.mock.method(URL, "createObjectURL", () => {
    const url = `blob:${++n}`;
    addresses.add(url);
    return url;
  });
  t.mock.method(URL, "revokeObjectURL", (url: string) => addresses.delete(url));
  return addresses;
}

const bytes = new Blob(["a picture"]);

test("a picture's address goes when its thread does", async (t) => {
  const addresses = held(t);
  const picture = new Shown(() => Promise.resolve(bytes));
  picture.get();
  await new Promise(setImmediate);
  assert.deepEqual([...addresses], [picture.url.value]);
  picture.leave();
  assert.equal(addresses.size, 0);
});

test("a picture that comes after its thread left is held by no address", async (t) => {
  const addresses = held(t);
  let come = (_: Blob): void => undefined;
  const coming = new Promise<Blob>((resolve) => (come = resolve));
  const picture = new Shown(() => coming);
  picture.get();
  picture.leave();
  come(bytes);
  await new Promise(setImmediate);
  assert.deepEqual([addresses.size, picture.url.value], [0, ""]);
});

test("what did not come can be asked for again", async (t) => {
  const addresses = held(t);
  let online = false;
  const picture = new Shown(() => (online ? Promise.resolve(bytes) : Promise.reject(new Error("offline"))));
  picture.get();
  await new Promise(setImmediate);
  assert.deepEqual([picture.failed.value, addresses.size], [true, 0]);
  online = true;
  picture.get();
  await new Promise(setImmediate);
  assert.deepEqual([picture.failed.value, addresses.size], [false, 1]);
});
