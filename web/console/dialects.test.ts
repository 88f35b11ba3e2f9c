// The picker offers the dialects that the server has, each with its kind of proof.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { DIALECTS } from "./dialects";
import { en } from "./text.en";

test("every row of identity/dialect can be picked and has a name", () => {
  let root = new URL(".", import.meta.url);
  while (!existsSync(new URL("go.mod", root))) root = new URL("..", root);
  const table = readFileSync(new URL("identity/dialect/dialect.go", root), "utf8");
  const rows = [...table.matchAll(/\bName: "([a-z0-9-]+)",.*?Proof: identity\.Proof(\w+)/gs)].map(([, id, proof]) => `${id} ${proof === "Hash" ? "hash" : "token"}`);
  assert.ok(rows.length > 15);
  assert.deepEqual(DIALECTS.map((d) => `${d.id} ${d.proof}`), rows);
  for (const { id, signs } of DIALECTS) assert.ok(en.dialects[id] && signs.length > 0, id);
});
