import assert from "node:assert/strict";
import { test } from "node:test";
import { successorName } from "./key-name";

test("a successor is called as the one before it, with its own day", () => {
  const now = new Date("2026-11-20T15:00:00Z");
  for (const [old, next] of [
    ["Web", "Web (2026-11-20)"],
    ["Web (2025-11-20)", "Web (2026-11-20)"],
    ["Web (2026-11-20)", "Web (2026-11-20, 2)"],
    ["Web (2026-11-20, 2)", "Web (2026-11-20, 3)"],
    ["Web (old)", "Web (old) (2026-11-20)"],
  ])
    assert.equal(successorName(old!, now), next);
  assert.equal([...successorName("ü".repeat(80), now)].length, 80);
});
