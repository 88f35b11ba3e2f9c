import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Stream, type StreamEvent, type StreamOptions } from "./stream";

interface Connection {
  after: number;
  write: (text: string) => void;
  close: () => void;
  aborted: boolean;
}

const events = new EventTarget();
let connections: Connection[];
let got: StreamEvent[];
let links: string[];
let ended: string[];
let status: number;

beforeEach(() => {
  connections = [];
  got = [];
  links = [];
  ended = [];
  status = 200;
  const listen = { addEventListener: events.addEventListener.bind(events), removeEventListener: events.removeEventListener.bind(events) };
  Object.assign(globalThis, listen, { document: listen, fetch: connect });
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { onLine: true } });
});

async function connect(url: string, init: RequestInit): Promise<Response> {
  if (status !== 200) return new Response(null, { status });
  let out!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (c) => void (out = c) });
  const c: Connection = {
    after: Number(new URL(url, "http://x").searchParams.get("after")),
    write: (text) => out.enqueue(new TextEncoder().encode(text)),
    close: () => out.close(),
    aborted: false,
  };
  init.signal?.addEventListener("abort", () => {
    c.aborted = true;
    try {
      out.error(new Error("aborted"));
    } catch {
      // already closed
    }
  });
  connections.push(c);
  return new Response(body);
}

const stream = (over: Partial<StreamOptions> = {}) => {
  const s = new Stream({
    url: (after) => `/stream?after=${after}`,
    after: 5,
    onEvent: (e) => got.push(e),
    onLink: (l) => links.push(l),
    onEnd: (code) => ended.push(code),
    ...over,
  });
  s.start();
  return s;
};
const quiet = async () => {
  for (let i = 0; i < 100; i++) await Promise.resolve();
  await new Promise((next) => setImmediate(next));
};
const message = (seq: number) => `id: ${seq}\nevent: message.created\ndata: {"n":${seq}}\n\n`;

test("it resumes after the last event it saw, and passes none on twice", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const s = stream();
  await quiet();
  connections[0]!.write(": open\n\n" + message(6) + message(7));
  await quiet();
  connections[0]!.close();
  await quiet();
  mock.timers.tick(1000);
  await quiet();
  assert.equal(connections[1]!.after, 7);
  connections[1]!.write(message(7) + message(8));
  await quiet();
  assert.deepEqual(got.map((e) => e.seq), [6, 7, 8]);
  assert.deepEqual(links, ["connecting", "live", "lost", "live"]);
  s.stop();
  mock.timers.reset();
});

test("silence longer than two heartbeats is a lost connection", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const s = stream();
  await quiet();
  connections[0]!.write(": open\n\n");
  await quiet();
  mock.timers.tick(44_000);
  connections[0]!.write(": beat\n\n");
  await quiet();
  mock.timers.tick(44_000);
  assert.equal(connections.length, 1);
  mock.timers.tick(2000);
  await quiet();
  assert.equal(connections.length, 2);
  assert.ok(connections[0]!.aborted);
  s.stop();
  mock.timers.reset();
});

test("after sleep it looks at the connection instead of waiting for it", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const s = stream();
  await quiet();
  connections[0]!.write(": open\n\n");
  await quiet();
  mock.timers.setTime(30_000);
  events.dispatchEvent(new Event("visibilitychange"));
  await quiet();
  assert.equal(connections.length, 2);
  s.stop();
  mock.timers.reset();
});

test("the end of the right to read is final; a request to reconnect is not", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  stream();
  await quiet();
  connections[0]!.write('event: end\ndata: {"code":"reconnect"}\n\n');
  await quiet();
  mock.timers.tick(1000);
  await quiet();
  assert.equal(connections.length, 2);
  connections[1]!.write('event: end\ndata: {"code":"session_ended"}\n\n');
  await quiet();
  mock.timers.tick(60_000);
  await quiet();
  assert.deepEqual(ended, ["session_ended"]);
  assert.equal(connections.length, 2);
  mock.timers.reset();
});

test("a session that is refused at once ends, a server that stumbles is asked again", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  status = 503;
  const s = stream();
  await quiet();
  assert.deepEqual(ended, []);
  status = 401;
  mock.timers.tick(1000);
  await quiet();
  assert.deepEqual(ended, ["session_ended"]);
  s.stop();
  mock.timers.reset();
});

test("a stream that was stopped says nothing more", async () => {
  const s = stream();
  await quiet();
  s.stop();
  await quiet();
  assert.ok(connections[0]!.aborted);
  assert.deepEqual(ended, []);
});
