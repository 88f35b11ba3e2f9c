import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakePage, soon } from "../page/fake";

const page = new FakePage();
Object.assign(globalThis, { VENDOR: "ensoras" });
after(() => page.close());
const { speakEnsoras } = await import("./adapter");

type Ensoras = (command?: unknown, ...args: unknown[]) => unknown;

const host = globalThis as unknown as { Ensoras: Ensoras; EnsorasQueue: { push: (item: unknown) => void } };
const args = function (..._: unknown[]): unknown {
  return arguments;
};

function begin(...queue: unknown[]): Ensoras {
  page.begin({ EnsorasQueue: queue }, "https://chat.example/cdn/v1/widget/corner-store.js?v=2");
  speakEnsoras();
  return host.Ensoras;
}

async function claimed(person: object): Promise<Ensoras> {
  const api = begin(args("identify", person));
  await soon("the first claim", () => page.frame?.claims.length);
  return api;
}

test("the address names the channel, the queue the person, and the hash is the proof", async () => {
  await claimed({ email: "Ada@Example.com", hash: "5f", name: "Ada", plan: "gold", signature: "other", user_id: 7, deep: {} });
  assert.equal(page.frame.src, "https://chat.example/frame/corner-store");
  const { attributes, ...who } = page.frame.claims[0]!;
  assert.deepEqual(who, { email: "Ada@Example.com", hash: "5f", name: "Ada" });
  assert.deepEqual(attributes, { plan: "gold", user_id: 7 });
  assert.equal(page.frame.of("proof")[0]!.dialect, "ensoras");
});

test("empty, absent and odd hashes are one: no proof", async () => {
  for (const hash of ["", null, undefined, 0, [], ["5f"], {}, true]) {
    await claimed({ email: "ada@example.com", hash });
    assert.deepEqual([page.frame.claims[0]!.email, page.frame.claims[0]!.hash], ["ada@example.com", undefined]);
  }
});

test("a page that identifies nobody claims nobody, and one that did before logs out", async () => {
  const api = begin(args("open"));
  await soon("the frame", () => page.frame?.claims.length);
  assert.equal(page.frame.claims[0], null);
  api("identify", {});
  api("identify", { email: "ada@example.com", hash: "5f" });
  await soon("the claim", () => page.frame.claims.at(-1)?.email);
  assert.equal(page.frame.of("logout").length, 0);
  for (const nobody of [{}, null, undefined, { email: "" }, { email: null, hash: "5f" }, "x"]) {
    const before = page.frame.of("logout").length;
    api("identify", { email: "ada@example.com", hash: "5f" });
    api("identify", nobody);
    await soon("the log-out", () => page.frame.of("logout").length > before);
  }
});

test("items that cannot be run stop no other, and a queue that was kept goes on", async () => {
  const kept: unknown[] = [null, 7, {}, [], ["constructor", {}], ["__proto__"], ["hide"], { 0: "nonsense", length: 1e9 }, ["identify", { email: "ada@example.com" }]];
  page.begin({ EnsorasQueue: kept }, "https://chat.example/cdn/v1/widget/corner-store.js");
  speakEnsoras();
  await soon("the claim", () => page.frame?.claims.length);
  assert.equal(page.frame.claims[0]!.email, "ada@example.com");
  kept.push(args("open"));
  await soon("the opening", () => page.frame.of("open").length);
  host.EnsorasQueue.push(["close"]);
  await soon("the closing", () => page.frame.of("close").length);
});

test("the script once more, behind a stub once more, is the same messenger", async () => {
  const api = await claimed({ email: "ada@example.com" });
  host.Ensoras = () => undefined;
  speakEnsoras();
  assert.equal(host.Ensoras, api);
  assert.equal(page.hosts.length, 1);
  // A component took both names away, and the snippet begins a queue of its own.
  Object.assign(host, { Ensoras: () => undefined, EnsorasQueue: [args("identify", { email: "bob@example.com" })] });
  speakEnsoras();
  assert.equal(host.Ensoras, api);
  assert.equal(page.hosts.length, 1);
  await soon("the next person", () => page.frame.claims.at(-1)?.email === "bob@example.com");
});

test("events are those that a page may hear", async () => {
  const heard: string[] = [];
  const api = begin();
  for (const event of ["ready", "open", "close", "frame", "verified", "unread", "constructor"]) api("on", event, () => heard.push(event));
  assert.deepEqual(heard, []);
  await soon("ready", () => heard.length);
  api("toggle");
  api("toggle");
  assert.deepEqual(heard, ["ready", "open", "close"]);
  await soon("the frame", () => page.frame.claims.length);
});
