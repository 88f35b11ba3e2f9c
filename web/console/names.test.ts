import assert from "node:assert/strict";
import { test } from "node:test";
import { personParts } from "./names";

test("what was proved stands apart from the name, and only what the server put there", () => {
  const of = (label: string, verified = true) => personParts({ id: "con_1", kind: verified ? "verified" : "claimed", label, verified });
  assert.deepEqual(of("Jun Tanaka (cust-1003)"), { name: "Jun Tanaka", proved: "cust-1003" });
  assert.deepEqual(of("Jun (a (b))"), { name: "Jun", proved: "a (b)" });
  assert.deepEqual(of("jun@example.com"), { name: "jun@example.com", proved: "" });
  assert.deepEqual(of("Jun (cust-1003)", false), { name: "Jun (cust-1003)", proved: "" });
  assert.deepEqual(of("(cust-1003)"), { name: "(cust-1003)", proved: "" });
});
