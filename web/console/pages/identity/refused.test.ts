import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenText } from "./refused";

const now = Date.parse("2026-11-20T15:00:00Z");
const daysAgo = (n: number) => now - n * 86_400_000;

test("what would break is said as it is: before, lately and long enforced", () => {
  const seen = { broken: 3, total: 10 };
  assert.match(brokenText(seen, null, now), /^3 of 10 loads \(30 %\) would be turned away/);
  assert.match(brokenText(seen, daysAgo(30), now), /^3 of 10 loads \(30 %\) were turned away/);
  assert.match(brokenText({ broken: 1, total: 10 }, daysAgo(7), now), /was turned away/);
  // Some of the week's arrivals came before it was enforced: they were let in.
  assert.match(brokenText(seen, daysAgo(2), now), /since this is enforced, such a load is turned away/);
});

test("of no arrivals nobody says what became of them", () => {
  assert.match(brokenText({ broken: 0, total: 0 }, null, now), /what would break/);
  assert.match(brokenText({ broken: 0, total: 0 }, daysAgo(1), now), /nobody was refused/);
});
