import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Global } from "../page/global";
import { FakePage, soon } from "../page/fake";

const page = new FakePage();
after(() => page.close());
const { speakPylon } = await import("./adapter");

interface Host {
  Pylon: Global;
  pylon: { chat_settings: Record<string, unknown> };
}

const host = globalThis as unknown as Host;
const token = (claims: object): string => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

function begin(settings?: Record<string, unknown>, stub?: unknown): Global {
  page.begin({ ...(settings && { pylon: { chat_settings: settings } }), ...(stub ? { Pylon: stub } : {}) }, "https://chat.example/widget/9f3c2b1a.js");
  speakPylon();
  return host.Pylon;
}

async function claimed(settings: Record<string, unknown>): Promise<Global> {
  const api = begin(settings);
  await soon("the first claim", () => page.frame?.claims.length);
  return api;
}

test("the settings name the person, and what they do not list is an attribute", async () => {
  await claimed({ app_id: "9f3c2b1a", email: "ada@example.com", name: "Ada", email_hash: "h", account_id: "acc-1", avatar_url: "https://x.example/a.png", primary_color: "#123456", deep: {} });
  assert.equal(page.frame.src, "https://chat.example/frame/9f3c2b1a");
  const { attributes, ...who } = page.frame.claims[0]!;
  assert.deepEqual(who, { email: "ada@example.com", name: "Ada", hash: "h" });
  const { account_id, avatar_url, primary_color, deep } = attributes as Record<string, unknown>;
  assert.deepEqual([account_id, avatar_url, primary_color, deep], ["acc-1", "https://x.example/a.png", undefined, undefined]);
  assert.equal(page.frame.of("proof")[0]!.dialect, "pylon");
  assert.equal(page.frame.of("page").at(-1)!.accent, "#123456");
});

test("a snippet that runs once more, or a component that took the names away, makes no second messenger", async () => {
  const api = await claimed({ email: "ada@example.com", email_hash: "h" });
  const shown: string[] = [];
  const queue = [["onShow", () => shown.push("show")], ["show"]];
  host.Pylon = Object.assign(() => undefined, { q: queue }) as unknown as Global;
  speakPylon();
  assert.equal(host.Pylon, api);
  assert.deepEqual([page.hosts.length, shown], [1, ["show"]]);
  delete (host as Partial<Host>).Pylon;
  speakPylon();
  assert.deepEqual([host.Pylon, page.hosts.length], [api, 1]);
});

test("settings that come late are read when the chat opens, and again when they were changed or replaced", async () => {
  const api = begin();
  host.pylon = { chat_settings: { email: "ada@example.com", email_hash: "h" } };
  api("show");
  await soon("the claim", () => page.frame?.claims.some((c) => c?.email === "ada@example.com"));
  host.pylon.chat_settings.email_hash = "h2";
  await soon("the other proof", () => page.frame.claims.at(-1)?.hash === "h2");
  host.pylon = { chat_settings: { email: "bob@example.com", email_hash: "h3" } };
  await soon("the other person", () => page.frame.claims.at(-1)?.email === "bob@example.com");
  const before = page.frame.of("logout").length;
  host.pylon.chat_settings = {};
  await soon("nobody", () => page.frame.of("logout").length > before);
});

test("what cannot be read or can be nobody's address is no silence", async () => {
  for (const email of [{}, [], 7, true]) {
    await claimed({ email, email_hash: "h" });
    assert.equal(page.frame.claims[0]!.email, true);
  }
  page.begin({ pylon: { get chat_settings() { throw new Error("theirs"); } } }, "https://chat.example/widget/x");
  speakPylon();
  assert.equal(host.Pylon.booted, true);
  const name: Record<string, unknown> = {};
  name.self = name;
  await claimed({ email: "ada@example.com", name, email_hash: 7 });
  assert.deepEqual([page.frame.claims[0]!.name, page.frame.claims[0]!.hash], [undefined, undefined]);
});

test("a token is read anew when it has run out", async () => {
  await claimed({ email: "ada@example.com", jwt: token({ email: "ada@example.com", exp: 1000 }) });
  assert.equal(page.frame.of("proof")[0]!.dialect, "pylon-jwt");
  const { frame } = page;
  frame.say({ type: "prove", expiring: true });
  await soon("an answer", () => frame.claims.length === 2);
  assert.equal(frame.claims[1], undefined);
  host.pylon.chat_settings.jwt = token({ email: "ada@example.com", exp: 9e9 });
  await soon("the fresh one", () => frame.claims.at(-1)?.jwt === host.pylon.chat_settings.jwt);
});

test("one callback of a kind, and null takes it away", async () => {
  const calls: unknown[] = [];
  const queued = Object.assign(() => 0, { q: [["onShow", () => calls.push("first")], ["onShow", () => calls.push("shown")], ["onHide", () => calls.push("hidden")], ["onChangeUnreadMessagesCount", (n: number) => calls.push(n)], null, ["no such"]] });
  page.begin({ pylon: { chat_settings: { email: "ada@example.com" } }, Pylon: queued }, "https://chat.example/widget/x");
  speakPylon();
  const api = host.Pylon;
  api("show");
  await soon("the frame", () => page.frame?.of("open").length);
  page.frame.say({ type: "unread", n: 3 });
  await soon("the count", () => calls.includes(3));
  api("onHide", null);
  api("hide");
  assert.deepEqual(calls, [0, "shown", 3]);
  api("onHide", () => calls.push("after")); // it comes right after the hiding, and hears of it
  api("show");
  api("onShow", null); // it was shown before this one went
  await soon("the hiding", () => calls.includes("after"));
  assert.deepEqual(calls, [0, "shown", 3, "shown", "after"]);
});

test("markup that a page would have shown becomes text", async () => {
  const api = await claimed({ email: "ada@example.com" });
  for (const [text, options, want] of [
    ["<b>as it is</b>", undefined, "<b>as it is</b>"],
    ["<p>one</p><p>two<br>three</p><script>alert(1)</script>", { isHtml: true }, "one\n\ntwo\nthree"],
    ["<img src=x onerror=alert(1)>hi", { isHtml: true }, "hi"],
  ] as const) {
    const before = page.frame.of("message").length;
    api("showNewMessage", text, options);
    await soon("the text", () => page.frame.of("message").length > before);
    assert.equal(page.frame.of("message").at(-1)!.text!.replace(/\n+/g, "\n"), want.replace(/\n+/g, "\n"));
  }
});
