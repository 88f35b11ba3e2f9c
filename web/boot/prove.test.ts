// What a visitor proves by hand, with an emailed code: which answers count, what a reload keeps, and what it does not.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { aMoment, Browser, opened, openAnyone, settled, Tab, type Call } from "./fake";

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
});

const confirm = "/sessions/current/email-code/confirm";
const code = { method: "code", tier: "verified" as const, email: "ada@shop.example", lane: "lane-mailbox" };
const mailbox = (over = {}) => opened({ channel: "shop", platform: "web", visitor_token: "v1" }, { ...code, ...over });

// answering gives the code's session whenever it is asked for, and holds nothing up.
function answering(current: (c: Call) => void = (c) => c.answer(200, { ...mailbox(), session: undefined })): void {
  browser.onCall = (c) => {
    if (c.path === confirm) c.answer(201, mailbox());
    else if (c.path === "/sessions/current" && c.method === "GET") current(c);
    else openAnyone()(c);
  };
}

async function guest(): Promise<Tab> {
  const tab = new Tab();
  tab.nobody();
  await tab.core.begin();
  return tab;
}

const proved = async (tab: Tab) => {
  await tab.core.prove(confirm, { code: "123456" });
  assert.equal(tab.core.state.session!.email, "ada@shop.example");
};

test("a code takes the guest's place, and the page is told a word and no address", async () => {
  answering();
  const tab = await guest();
  await proved(tab);
  assert.equal(tab.core.state.phase, "open");
  assert.equal(tab.core.state.session!.method, "code");
  assert.ok(!JSON.stringify(tab.told).includes("ada@"));
  assert.ok(!JSON.stringify(tab.told).includes("token"));
});

test("the end of the session that asks, told by its stream before the answer, loses nothing", async () => {
  const held: Call[] = [];
  browser.onCall = (c) => (c.path === confirm ? held.push(c) : openAnyone()(c));
  const tab = await guest();
  const work = tab.core.prove(confirm, { code: "123456" });
  await settled("the call", () => held.length === 1);
  (tab.core as unknown as { lost: () => void }).lost();
  held[0]!.answer(201, mailbox());
  await work;
  assert.equal(tab.core.state.session!.email, "ada@shop.example");
});

test("an answer that a later identify overtook is ended and not shown", async () => {
  const held: Call[] = [];
  browser.onCall = (c) => (c.path === confirm ? held.push(c) : openAnyone()(c));
  const tab = await guest();
  const work = tab.core.prove(confirm, { code: "123456" });
  await settled("the call", () => held.length === 1);
  tab.identify({ user_id: "bob", hash: "right" });
  held[0]!.answer(201, mailbox({ session: "overtaken" }));
  await work.catch(() => undefined);
  await settled("bob", () => tab.core.state.session?.tier === "verified");
  await aMoment();
  assert.match(tab.core.state.session!.lane, /bob/);
  assert.ok(browser.calls.some((c) => c.method === "DELETE" && c.token === "overtaken"));
});

test("an answer that a log-out overtook is ended and not shown", async () => {
  const held: Call[] = [];
  browser.onCall = (c) => (c.path === confirm ? held.push(c) : openAnyone()(c));
  const tab = await guest();
  const work = tab.core.prove(confirm, { code: "123456" });
  await settled("the call", () => held.length === 1);
  tab.logout();
  held[0]!.answer(201, mailbox({ session: "overtaken" }));
  await work.catch(() => undefined);
  await aMoment();
  assert.equal(tab.core.state.phase, "idle");
  assert.ok(!JSON.stringify(tab.session).includes("overtaken") || JSON.stringify(tab.session).includes("leaving"));
  assert.ok(browser.calls.some((c) => c.method === "DELETE" && c.token === "overtaken"));
});

test("a reload goes on in this tab, and in no other", async () => {
  answering();
  const tab = await guest();
  await proved(tab);
  const again = new Tab(tab);
  again.nobody();
  await settled("open", () => again.core.state.phase === "open");
  assert.equal(again.core.state.session!.email, "ada@shop.example");
  const fresh = new Tab();
  fresh.nobody();
  await aMoment();
  assert.notEqual(fresh.core.state.session?.tier, "verified");
});

test("what a page proved is not resumed by a page that claims nobody", async () => {
  const tab = new Tab();
  tab.identify({ user_id: "ada", hash: "right" });
  await settled("open", () => tab.core.state.phase === "open");
  answering();
  const again = new Tab(tab);
  again.nobody();
  await aMoment();
  assert.notEqual(again.core.state.session?.tier, "verified");
  assert.ok(!browser.calls.some((c) => c.path === "/sessions/current" && c.method === "GET"));
});

test("a reload onto a page that says who is there replaces the code's session", async () => {
  answering();
  const tab = await guest();
  await proved(tab);
  const token = JSON.parse(tab.session["countersign:shop:session" as keyof typeof tab.session] as unknown as string).token as string;
  (tab.core as unknown as { sleep: () => void }).sleep(); // the page before is gone
  await aMoment();
  const again = new Tab(tab);
  again.identify({ user_id: "bob", hash: "right" });
  await settled("bob", () => again.core.state.session?.tier === "verified" && again.core.state.phase === "open");
  assert.match(again.core.state.session!.lane, /bob/);
  assert.equal(browser.posts.at(-1)!.body.replaces, token);
});

test("a code's session that the server ended is not asked for again", async () => {
  answering();
  const tab = await guest();
  await proved(tab);
  answering((c) => c.answer(401, { code: "session_ended" }));
  const again = new Tab(tab);
  again.nobody();
  await settled("a guest or nobody", () => again.core.state.phase !== "waiting");
  assert.notEqual(again.core.state.session?.tier, "verified");
  assert.ok(!JSON.stringify(again.session).includes('own'));
});

test("without a session the attempt says what a session would know", async () => {
  browser.onCall = (c) => {
    if (c.path === "/sessions") c.answer(403, { code: "identity_required" });
    else if (c.path === "/email-code/confirm") c.answer(201, mailbox({ visitor_token: "v2" }));
    else openAnyone()(c);
  };
  browser.local.setItem("countersign:shop:guest", "true");
  const tab = new Tab();
  tab.nobody();
  await settled("refused", () => tab.core.state.phase === "refused");
  await tab.core.prove("/email-code/confirm", { channel: "shop", attempt: "a", code: "123456" });
  const asked = browser.calls.find((c) => c.path === "/email-code/confirm")!;
  assert.equal((asked.body as { origin?: string }).origin, "https://shop.example");
  assert.equal(tab.core.state.phase, "open");
  assert.ok(JSON.stringify(browser.local).includes("v2"));
});
