import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Appearance, ToShell } from "../protocol/shell";
import { AppView } from "./appview";
import type { Core } from "./core";
import { aMoment, Browser, openAnyone, settled } from "./fake";

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
});
const ada = { user_id: "ada", hash: "right" };
const bob = { user_id: "bob", hash: "right" };

// An app with one web view.
class App {
  readonly told: ToShell[] = [];
  readonly worn: Appearance[] = [];
  readonly view: AppView;
  core!: Core;
  backs = 0;

  constructor() {
    Object.assign(globalThis, { sessionStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined } });
    this.view = new AppView({
      channel: "shop", send: (m) => this.told.push(m), begun: (core) => (this.core = core), dress: (_, m) => this.worn.push(m), back: () => this.backs++,
    });
  }

  says(m: unknown): boolean {
    return this.view.hear(typeof m === "string" ? m : JSON.stringify(m));
  }

  greets(more: object = {}): this {
    assert.ok(this.says({ type: "shell", platform: "ios", ...more }));
    return this;
  }

  opened(who?: string): Promise<void> {
    return settled(`open as ${who}`, () => this.core.state.phase === "open" && (!who || !!this.core.state.session?.lane.includes(who)));
  }

  names(type: ToShell["type"]): ToShell[] {
    return this.told.filter((m) => m.type === type);
  }
}

test("before the app has greeted nothing is heard and nobody is asked", async () => {
  const app = new App();
  for (const m of [{ type: "identify", assertion: ada }, { type: "open" }, { type: "logout" }, { type: "appearance", theme: "dark" }, { type: "shell" }, { type: "shell", platform: "web" }]) {
    assert.equal(app.says(m), false, JSON.stringify(m));
  }
  await aMoment();
  assert.equal(app.core, undefined);
  assert.equal(browser.calls.length, 0);
});

test("the platform and version of the greeting go along with the proof, and stay", async () => {
  const app = new App().greets({ platform: "android", version: "2.1" });
  app.says({ type: "identify", assertion: ada, dialect: "intercom" });
  await app.opened("ada");
  app.greets({ platform: "ios" });
  app.says({ type: "identify", assertion: bob });
  await app.opened("bob");
  for (const p of browser.posts) assert.deepEqual([p.body.platform, p.body.version, p.body.origin], ["android", "2.1", ""]);
  assert.deepEqual(browser.posts[0]!.body.assertion, { ...ada, dialect: "intercom" });
});

test("a proof fetched for whoever was logged in before is not taken after a log-out", async () => {
  const app = new App().greets();
  app.says({ type: "claim", turn: 1 });
  app.says({ type: "logout", turn: 2 });
  app.says({ type: "identify", turn: 1, assertion: ada });
  await aMoment();
  assert.equal(browser.posts.length, 0);
  app.says({ type: "identify", turn: 3, assertion: bob });
  await app.opened("bob");
  assert.equal(browser.posts.length, 1);
});

test("a log-out counts whatever turn it carries, and what comes without a turn is the next", async () => {
  const app = new App().greets();
  app.says({ type: "identify", turn: 7, assertion: ada });
  await app.opened("ada");
  app.says({ type: "logout", turn: 2 });
  await settled("nobody", () => app.core.state.phase === "idle");
  app.says({ type: "identify", turn: 7, assertion: ada });
  await aMoment();
  assert.equal(app.core.state.phase, "idle", "a proof from before the log-out");
  app.says({ type: "identify", assertion: bob });
  await app.opened("bob");
});

test("an app that starts anew counts from one again", async () => {
  const app = new App().greets();
  app.says({ type: "identify", turn: 40, assertion: ada });
  await app.opened("ada");
  app.greets();
  app.says({ type: "identify", turn: 1, assertion: bob });
  await app.opened("bob");
});

test("garbage of an app is not heard and changes nothing", async () => {
  const app = new App().greets();
  app.says({ type: "identify", assertion: ada });
  await app.opened("ada");
  const before = app.core.state;
  for (const junk of [
    undefined, null, 7, true, {}, [], "", "{", "null", "[]", '"open"', "{}", { type: 1 }, { type: "open".repeat(9) }, { type: "__proto__" }, { type: "constructor" },
    { type: "toString" }, { type: "hello" }, { type: "prove" }, { type: "proof", turn: 0, assertion: null }, { type: "page", lang: "en" }, { type: "go", to: "home" },
    { type: "identify", turn: -1, assertion: bob }, { type: "identify", turn: 1.5, assertion: bob }, { type: "identify", turn: "2", assertion: bob },
    { type: "identify", turn: 0, assertion: bob }, { type: "identify", turn: null, assertion: bob }, { type: "identify", turn: 1e300, assertion: bob },
    JSON.stringify({ type: "open", text: "x".repeat(65_536) }),
  ]) {
    assert.equal(app.view.hear(typeof junk === "object" && junk ? JSON.stringify(junk) : junk), false, JSON.stringify(junk)?.slice(0, 80));
  }
  for (const odd of [
    { type: "appearance", lang: 5, dir: "up", theme: "pink", accent: "url(x)", site: {}, text_scale: 1e9, insets: { top: -1 } }, { type: "open", conversation: {}, text: 5 }, { type: "open", conversation: "../../sessions/current/claim#" },
  ]) {
    assert.ok(app.says(odd), JSON.stringify(odd));
  }
  await aMoment();
  assert.equal(browser.posts.length, 1);
  assert.equal(app.core.state.session, before.session, "the session stands");
  assert.deepEqual(app.core.state.page, before.page);
  assert.deepEqual(app.worn.at(-1), { type: "appearance" });
});

test("an app that means somebody and has no proof leaves nobody's chat open", async () => {
  for (const assertion of ["ada", [ada], 5]) {
    const app = new App().greets();
    app.says({ type: "identify", assertion: ada });
    await app.opened("ada");
    app.says({ type: "identify", assertion });
    assert.equal(app.core.state.phase, "ended", JSON.stringify(assertion));
  }
});

test("outward go names, states and counts alone", async () => {
  const app = new App().greets();
  app.says({ type: "identify", assertion: { ...ada, email: "ada@example.com", name: "Ada L" } });
  await app.opened("ada");
  app.says({ type: "open", text: "a secret text" });
  app.core.began(); // what only pages are told
  app.says({ type: "logout" });
  await aMoment();
  const said = JSON.stringify(app.told);
  for (const secret of ["token-", "ada", "example.com", "Ada", "secret", "lane", "right"]) assert.ok(!said.includes(secret), `${secret} in ${said}`);
  assert.deepEqual(new Set(app.told.map((m) => m.type)), new Set(["look", "state", "unread"]));
});

test("a refusal in the words of an app's own dialect is a refusal", async () => {
  browser.onCall = (c) =>
    c.path === "/sessions" ? c.answer(401, { type: "error.list", errors: [{ code: "hmac_mismatch", message: "Invalid user_hash" }] }) : openAnyone()(c);
  const app = new App().greets();
  app.says({ type: "identify", assertion: ada, dialect: "intercom" });
  await settled("refused", () => app.core.state.phase === "refused");
  assert.deepEqual(app.names("state").at(-1), { type: "state", identity: "refused", code: "hmac_mismatch" });
});

test("the app is asked before its proof runs out, and may take its time once it has said so", async () => {
  browser.onCall = openAnyone({ expires_at: new Date(Date.now() + 3000).toISOString() });
  const app = new App().greets();
  app.says({ type: "identify", assertion: { jwt: "first" } });
  await app.opened();
  browser.onCall = (c) => (c.path === "/sessions/current" ? c.answer(200, { session_id: "s", tier: "verified", expires_at: new Date(Date.now() + 1500).toISOString(), lane: "l", seq: 0 }) : openAnyone()(c));
  await settled("asked", () => app.names("prove").length > 0);
  assert.deepEqual(app.names("prove")[0], { type: "prove", expiring: true });
  app.says({ type: "claim" });
  app.says({ type: "identify", assertion: { jwt: "second" } });
  await settled("a fresh session", () => browser.posts.at(-1)!.body.assertion?.jwt === "second");
});

test("what the app leads to is shown, and its words only fill", async () => {
  const app = new App().greets({ shown: false });
  assert.equal(app.core.state.shown, false);
  app.says({ type: "identify", assertion: ada });
  await app.opened("ada");
  app.says({ type: "open", conversation: "cnv_-Q1" });
  assert.deepEqual([app.core.state.shown, app.core.state.place], [true, { type: "go", to: "thread", id: "cnv_-Q1" }]);
  app.says({ type: "open", text: "About my order" });
  assert.deepEqual([app.core.state.place?.to, app.core.state.prefill?.text], ["new", "About my order"]);
  app.says({ type: "hide" });
  assert.equal(app.core.state.shown, false);
  app.says({ type: "back" });
  assert.equal(app.backs, 1);
  assert.ok(!browser.calls.some((c) => c.method === "POST" && c.path.startsWith("/conversations")));
});

test("a start that claims nobody is counted once an hour, without a visitor", async () => {
  const app = new App().greets({ version: "4.2" });
  app.says({ type: "identify", assertion: null });
  app.says({ type: "logout" });
  app.says({ type: "identify", assertion: null });
  new App().greets().says({ type: "identify", assertion: null });
  await aMoment();
  const pings = browser.calls.filter((c) => c.path === "/ping");
  assert.deepEqual(pings.map((c) => [c.method, c.body, c.token]), [["POST", { channel: "shop", platform: "ios", version: "4.2" }, ""]]);
  assert.equal(browser.posts.length, 0);
});
