import assert from "node:assert/strict";
import { test } from "node:test";
import { assertionOf, samePerson } from "./assertion";

test("a page that names nobody claims nobody", () => {
  for (const said of [undefined, null, "ada", 7, [], {}, { name: "Ada" }, { user_id: "" }, { user_id: null, email: "" }, { hash: "x" }]) {
    assert.equal(assertionOf(said), undefined, JSON.stringify(said));
  }
});

test("unlisted scalars become attributes, proofs of other systems and structures never", () => {
  const said = {
    user_id: "u1", hash: "h", plan: "pro", seats: 3, trial: false, left: null, nested: { a: 1 }, list: [1], user_hash: "s", jwt: null,
    attributes: { city: "Zug", signature: "s" },
  };
  assert.deepEqual(assertionOf(said), {
    user_id: "u1",
    hash: "h",
    attributes: { plan: "pro", seats: 3, trial: false, left: null, city: "Zug" },
  });
});

test("a proof of the wrong type is passed on for the server to refuse", () => {
  assert.deepEqual(assertionOf({ user_id: 1, hash: ["a"] }), { user_id: 1, hash: ["a"] });
});

test("at most thirty attributes go out", () => {
  const said: Record<string, unknown> = { user_id: "u" };
  for (let i = 0; i < 50; i++) said[`a${i}`] = i;
  assert.equal(Object.keys(assertionOf(said)!.attributes!).length, 30);
});

test("the same person is the same identifiers, and a bare token only itself", () => {
  assert.ok(samePerson({ user_id: "1", jwt: "a" }, { user_id: "1", jwt: "b" }));
  assert.ok(!samePerson({ user_id: "1" }, { user_id: "2" }));
  assert.ok(!samePerson({ user_id: "1" }, { email: "a@b.co", user_id: "1" }));
  assert.ok(!samePerson({ jwt: "a" }, { jwt: "b" }));
  assert.ok(!samePerson(undefined, undefined));
});
