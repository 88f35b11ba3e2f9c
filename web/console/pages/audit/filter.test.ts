import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { asked, byDay, filterOf, groups, isEmpty } from "./filter";

function repository(): URL {
  for (let at = new URL(".", import.meta.url); at.pathname !== "/"; at = new URL("..", at)) if (existsSync(new URL("go.mod", at))) return at;
  throw new Error("no go.mod above the tests");
}

test("every action of the record is in the group that the server has it in", () => {
  const source = readFileSync(new URL("internal/audit/audit.go", repository()), "utf8");
  const table = readFileSync(new URL("internal/audit/group.go", repository()), "utf8");
  const actions = new Map([...source.matchAll(/(\w+)\s+Action\s+=\s+"([^"]+)"/g)].map((m) => [m[1]!, m[2]!]));
  const server = Object.fromEntries(
    [...table.matchAll(/"(\w+)":\s*\{([^}]+)\}/g)].map((m) => [m[1]!, m[2]!.split(",").map((name) => actions.get(name.trim())).filter(Boolean)]),
  );
  assert.deepEqual(Object.fromEntries(Object.entries(groups).map(([name, list]) => [name, [...list]])), server);
});

test("the address holds the filter and nothing else", () => {
  const filter = filterOf(new URLSearchParams("group=keys&key=key_1&tab=x&reason="));
  assert.deepEqual(filter, { group: "keys", key: "key_1" });
  assert.equal(isEmpty(filter), false);
  assert.equal(isEmpty(filterOf(new URLSearchParams("cursor=3"))), true);
});

test("the last day counts as a whole, in the reader's own time zone", () => {
  const { from, to } = asked({ from: "2026-03-01", to: "2026-03-01" });
  assert.equal(Date.parse(from!), new Date(2026, 2, 1).getTime());
  assert.equal(Date.parse(to!), new Date(2026, 2, 2).getTime());
  assert.equal(asked({ since: "hour" }, Date.UTC(2026, 2, 1, 12)).from, "2026-03-01T11:00:00Z");
  assert.deepEqual(asked({ from: "nonsense" }), { from: undefined, to: undefined });
});

test("entries stand under their days", () => {
  const at = (day: number, hour: number) => ({ at: new Date(2026, 2, day, hour).toISOString() });
  const days = byDay([at(3, 9), at(3, 1), at(1, 23)]);
  assert.deepEqual(days.map((d) => d.entries.length), [2, 1]);
});
