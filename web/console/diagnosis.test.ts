import assert from "node:assert/strict";
import { test } from "node:test";
import { inquiry, isToken } from "./diagnosis";

test("a pasted token is told from a pasted hash", () => {
  for (const token of ["eyJh.eyJi.c2ln", "v1.c2hvcA.1.YQ..bWFj", "Bearer eyJh.eyJi.c2ln", " eyJh.eyJi.c2ln\n", '"eyJh.eyJi.c2ln"', "eyJh.eyJi."]) assert.ok(isToken(token), token);
  for (const hash of ["", "ab".repeat(32), "hello", "a.b", "..", "=.", "v2.a.b.c.d.e", "YWJj+/=="]) assert.ok(!isToken(hash), hash);
});

test("nothing that is pasted is trimmed: a blank too many may be the mistake", () => {
  assert.deepEqual(inquiry("ab \n", " ada", "", ""), { hash: "ab \n", user_id: " ada" });
  assert.deepEqual(inquiry(" a.b.c ", "", "a@b", "native-jwt"), { token: " a.b.c ", email: "a@b", dialect: "native-jwt" });
  assert.deepEqual(inquiry("", "ada", "", ""), { user_id: "ada" });
});
