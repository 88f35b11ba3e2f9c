import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, type ServerEvent } from "./sse";

const wire = ": open\n\nid: 7\nevent: message.created\ndata: {\"a\":1}\n\n: beat\n\nevent: typing\ndata: {}\n\n";
const events: ServerEvent[] = [
  { id: "7", event: "message.created", data: '{"a":1}' },
  { event: "typing", data: "{}" },
];

test("events are the same however the bytes were cut", () => {
  for (let size = 1; size <= wire.length; size++) {
    const parser = new EventParser();
    const got: ServerEvent[] = [];
    for (let i = 0; i < wire.length; i += size) got.push(...parser.push(wire.slice(i, i + size)));
    assert.deepEqual(got, events, `cut every ${size}`);
  }
});

test("an id belongs to its own event only", () => {
  const got = new EventParser().push("id: 1\ndata: a\n\ndata: b\n\n");
  assert.deepEqual(got, [
    { id: "1", event: "message", data: "a" },
    { event: "message", data: "b" },
  ]);
});

test("carriage returns and several data lines are read", () => {
  assert.deepEqual(new EventParser().push("event: x\r\ndata: a\r\ndata: b\r\n\r\n"), [{ event: "x", data: "a\nb" }]);
});

test("an unfinished event waits", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push("data: a\n"), []);
  assert.equal(parser.push("\n").length, 1);
});
