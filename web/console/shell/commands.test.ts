import assert from "node:assert/strict";
import { test } from "node:test";
import { findCommands, type Command } from "./commands";

const command = (label: string, group = "Pages"): Command => ({ id: label, label, group, run: () => undefined });
const all = [command("Go to Inbox"), command("Inbox: Snoozed"), command("Snooze: In 3 hours", "This conversation"), command("Go to Team")];
const labels = (query: string) => findCommands(all, query).map((c) => c.label);

test("words of the query begin words of a label, in any order", () => {
  assert.deepEqual(labels("team go"), ["Go to Team"]);
  assert.deepEqual(labels("xyz"), []);
  assert.equal(labels("").length, 4);
});

test("a label that begins with the query comes first", () => {
  assert.deepEqual(labels("snoo"), ["Snooze: In 3 hours", "Inbox: Snoozed"]);
  assert.deepEqual(labels("inbox"), ["Inbox: Snoozed", "Go to Inbox"]);
});
