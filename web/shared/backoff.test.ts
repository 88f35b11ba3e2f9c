import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "./backoff";

test("waits double, stop at the most, keep their jitter and start over", () => {
  const low = new Backoff(1000, 30_000, () => 0);
  const high = new Backoff(1000, 30_000, () => 1);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(() => low.next()), [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(() => high.next()), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  low.reset();
  assert.equal(low.next(), 500);
});
