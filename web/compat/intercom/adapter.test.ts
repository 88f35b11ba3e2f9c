import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Global } from "../page/global";
import { FakePage, soon } from "../page/fake";

const page = new FakePage();
after(() => page.close());
const { speakIntercom } = await import("./adapter");

type Calls = Global & { q?: unknown[] };

const src = "https://chat.example/widget/abc12345";
const intercom = (): Calls => (globalThis as unknown as { Intercom: Calls }).Intercom;
const token = (claims: object): string => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

// stub is what a snippet leaves.
function stub(...calls: unknown[]): Calls {
  const i = ((...args: unknown[]) => void (i.q as unknown[]).push(args)) as unknown as Calls;
  i.q = calls;
  return i;
}

function begin(globals: Record<string, unknown>): Calls {
  page.begin(globals, src);
  speakIntercom();
  return intercom();
}

// booted waits until the frame has heard whom the page claims.
async function booted(settings: Record<string, unknown>): Promise<Calls> {
  const api = begin({ intercomSettings: { app_id: "abc12345", ...settings } });
  await soon("the first claim", () => page.frame?.claims.length);
  return api;
}

// next is the claim that follows a call.
async function next(call: () => unknown): Promise<Record<string, unknown> | null | undefined> {
  const { frame } = page;
  const before = frame.claims.length;
  call();
  await soon("another claim", () => frame.claims.length > before);
  return frame.claims.at(-1);
}

test("a page that sets its settings and calls nothing is booted", async () => {
  const api = await booted({ user_id: 42, user_hash: "h", name: "Ada", plan: "gold", age: 7, vip: true, gone: null, nested: {}, company: { id: 7, name: "Initech" } });
  assert.equal(api.booted, true);
  assert.equal(page.frame.src, "https://chat.example/frame/abc12345");
  const { attributes, ...who } = page.frame.claims[0]!;
  assert.deepEqual(who, { user_id: 42, name: "Ada", hash: "h" });
  assert.equal(page.frame.of("proof")[0]!.dialect, "intercom");
  const kept = Object.entries(attributes as object).filter(([name]) => !/^user_|^name$/.test(name));
  assert.deepEqual(kept, [["plan", "gold"], ["age", 7], ["vip", true], ["gone", null], ["company.id", 7], ["company.name", "Initech"]]);
});

test("queued calls run in their order, arrays as well as arguments objects, and what is none stops nobody", () => {
  const seen: unknown[] = [];
  const args = (function (..._: unknown[]) { return arguments; })("onUnreadCountChange", (n: number) => seen.push(n));
  const kept = stub(null, 7, "boot", [], {}, ["__proto__"], ["constructor"], ["no such", 1], { length: 1e9, 0: "show" }, ["boot", { app_id: "x" }], args);
  const api = begin({ Intercom: kept });
  assert.equal(api.booted, true);
  assert.deepEqual(seen, [0]);
  assert.equal(api("getVisitorId"), api("getVisitorId"));
  (kept as unknown as (...a: unknown[]) => void)("shutdown"); // the page kept its stub
  assert.equal(api.booted, false);
});

test("a second copy of the script changes nothing, and neither does one for Pylon's page", () => {
  const api = begin({ intercomSettings: { app_id: "a" } });
  speakIntercom();
  assert.equal(intercom(), api);
  page.begin({ Pylon: () => 0 }, src);
  speakIntercom();
  assert.equal(intercom(), undefined);
});

test("what says nothing of a proof keeps the one that stands", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h" });
  let n = 0;
  for (const said of [{}, { user_hash: "" }, { user_hash: null }, { user_hash: undefined }, { user_hash: 7 }, { user_hash: ["h"] }, { user_id: undefined }, { email: "ada@example.com" }]) {
    // A claim is said again only if there is something new to say.
    const claim = await next(() => api("update", { ...said, seen: ++n }));
    assert.equal(claim!.hash, "h", JSON.stringify(said));
    assert.equal(claim!.user_id, "ada");
  }
  assert.equal((await next(() => api("update", { user_hash: "h2" })))!.hash, "h2");
});

test("what the page's settings say and a boot leaves out stands, and whom they name once", async () => {
  const wrote = { app_id: "abc12345", user_id: "ada", user_hash: "h", name: "Ada", alignment: "left", custom_launcher_selector: "#help" };
  // One client boots with nothing but the id, another with the person alone.
  for (const said of [{ app_id: "abc12345" }, { user_id: "ada" }, { user_id: "ada", user_hash: "" }]) {
    const api = begin({ intercomSettings: wrote, Intercom: stub(["boot", said]) });
    await soon("the claim", () => page.frame?.claims.length);
    assert.deepEqual([page.frame.claims[0]!.user_id, page.frame.claims[0]!.hash, page.frame.claims[0]!.name], ["ada", "h", "Ada"]);
    page.frame.say({ type: "state", identity: "verified" });
    await soon("their own launcher", () => page.click((selector) => selector === "#help").prevented);
    const bob = await next(() => api("boot", { user_id: "bob", user_hash: "b" }));
    assert.deepEqual([bob!.user_id, bob!.hash, JSON.stringify(bob).includes("Ada")], ["bob", "b", false]);
    page.frame.say({ type: "state", identity: "verified" });
    await soon("it, for the next person as well", () => page.click((selector) => selector === "#help").prevented);
    api("shutdown");
    api("boot", { app_id: "abc12345" });
    assert.deepEqual([api.booted, (api("whoami") as { type: string }).type], [true, "visitor"]);
  }
  const other = begin({ intercomSettings: wrote, Intercom: stub(["boot", { user_id: "bob" }]) });
  await soon("the claim", () => page.frame?.claims.length);
  assert.deepEqual([page.frame.claims[0]!.hash, page.frame.claims[0]!.name], [undefined, undefined]);
  assert.deepEqual((other("whoami") as { user_id: string }).user_id, "bob");
});

test("another person inherits nothing of the first, neither proof nor name", async () => {
  for (const said of [{ user_id: "eve" }, { user_id: "eve", email: "ada@example.com" }, { intercom_user_jwt: token({ user_id: "eve" }) }, { user_id: {} }]) {
    const api = await booted({ user_id: "ada", email: "ada@example.com", user_hash: "h", name: "Ada", plan: "gold", alignment: "left" });
    const claim = await next(() => api("update", said));
    assert.equal(claim!.hash, undefined, JSON.stringify(said));
    assert.equal(claim!.name, undefined);
    assert.equal(JSON.stringify(claim).includes("gold"), false);
  }
});

test("settings that the page wrote for the first person do not bring that person back", async () => {
  for (const command of ["update", "boot"]) {
    const api = await booted({ user_id: "ada", user_hash: "h", name: "Ada" });
    await next(() => api(command, { app_id: "abc12345", user_id: "bob", user_hash: "b" }));
    api("update");
    const claim = await next(() => api("update", { plan: "gold" }));
    assert.deepEqual([claim!.user_id, claim!.hash, page.frame.claims.length], ["bob", "b", 3]);
    // Nor does an update without settings take back what one with settings said.
    await next(() => api("update", { name: "Bob" }));
    api("update");
    assert.equal((await next(() => api("update", { plan: "tin" })))!.name, "Bob");
    // What the page writes anew counts.
    Object.assign((globalThis as unknown as { intercomSettings: object }).intercomSettings, { user_id: "eve", user_hash: "e" });
    assert.deepEqual((await next(() => api("update")))!.user_id, "eve");
  }
});

test("page settings that no text can hold hinder neither boot nor update", async () => {
  const odd: Record<string, unknown> = { big: 10n, user_id: "ada", user_hash: "h" };
  odd.self = odd;
  await booted(odd);
  Object.assign((globalThis as unknown as { intercomSettings: object }).intercomSettings, { user_hash: "h2" });
  assert.equal((await next(() => intercom()("update")))!.hash, "h2");
});

test("whoever was known by an address and now has an id is the same person", async () => {
  const api = await booted({ email: "ada@example.com", name: "Ada" });
  const claim = await next(() => api("update", { email: "ada@example.com", user_id: "ada", user_hash: "h" }));
  assert.deepEqual([claim!.user_id, claim!.name, claim!.hash], ["ada", "Ada", "h"]);
});

test("a token decides who is there, and is read anew when it has run out", async () => {
  const old = token({ user_id: 7, exp: 1000 });
  await booted({ intercom_user_jwt: old, user_hash: "h" });
  const [claim] = page.frame.claims;
  assert.deepEqual([claim!.jwt, claim!.hash, page.frame.of("proof")[0]!.dialect], [old, "h", "intercom-jwt"]);
  // The page has nothing newer: it could not produce its proof, which is not to say that nobody is there.
  assert.equal(await next(() => page.frame.say({ type: "prove", expiring: true })), undefined);
  const settings = (globalThis as unknown as { intercomSettings: Record<string, unknown> }).intercomSettings;
  const other = token({ user_id: 8, exp: 9e9 });
  settings.intercom_user_jwt = other; // somebody else's is no fresh proof of this person
  assert.equal(await next(() => page.frame.say({ type: "prove", expiring: true })), undefined);
  const fresh = token({ user_id: 7, exp: 9e9 });
  settings.intercom_user_jwt = fresh;
  assert.equal((await next(() => page.frame.say({ type: "prove", expiring: true })))!.jwt, fresh);
});

test("an identifier that is none is said, and a falsy one is nobody", async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  for (const user_id of [{}, [], cyclic, true, 10n, Symbol("x"), () => 0]) {
    const api = await booted({ user_id: "ada", user_hash: "h" });
    assert.equal((await next(() => api("update", { user_id })))!.user_id, true);
  }
  for (const user_id of [null, "", false, NaN]) {
    const api = await booted({ user_id: "ada", user_hash: "h" });
    const before = page.frame.of("logout").length;
    api("update", { user_id });
    await soon(`a log-out for ${String(user_id)}`, () => page.frame.of("logout").length > before);
  }
});

test("settings that would break us lose only what is broken", async () => {
  const settings = {
    app_id: "a", user_id: "ada", user_hash: "h", huge: "x".repeat(1e6), fn: () => 0, z_index: "9;color:red", company: { get name() { throw new Error("theirs"); }, size: 3 },
    get plan() { throw new Error("theirs"); }, ["__proto__"]: { polluted: 1 }, constructor: "c",
  };
  for (let i = 0; i < 500; i++) Object.assign(settings, { [`n${i}`]: "y".repeat(300) });
  const api = begin({});
  api("boot", settings);
  await soon("the claim", () => page.frame?.claims.length);
  const text = JSON.stringify(page.frame.claims[0]);
  assert.ok(text.length < 20_000, `${text.length}`);
  assert.equal((page.frame.claims[0]!.attributes as Record<string, string>).huge!.length, 255);
  assert.equal("polluted" in {}, false);
});

test("the launcher waits for the verdict, and a refusal leaves none", async () => {
  const api = await booted({ user_id: "ada", user_hash: "wrong" });
  api("show");
  assert.equal(page.frame.of("open").length, 0);
  page.frame.say({ type: "state", identity: "refused", code: "identity_refused" });
  await soon("the console's line", () => page.warned.length);
  page.frame.say({ type: "state", identity: "refused", code: "identity_required" });
  await soon("the other line", () => page.warned.length > 1);
  assert.deepEqual(page.warned, ["Invalid user_hash", "Missing user_hash"]);
  api("show");
  api("showNewMessage", "let me in");
  page.click(() => true);
  assert.equal(page.frame.of("open").length, 0);
  // Somebody else is judged anew.
  await next(() => api("boot", { app_id: "a", user_id: "bob", user_hash: "right" }));
  page.frame.say({ type: "state", identity: "verified" });
  await soon("what was asked meanwhile is not done for the next person", () => page.frame.of("proof").length);
  assert.equal(page.frame.of("open").length, 0);
  api("show");
  await soon("the messenger", () => page.frame.of("open").length);
});

test("what is taken back before the verdict does not open after it", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h" });
  api("show");
  api("showNewMessage", "hello");
  api("hide");
  page.frame.say({ type: "state", identity: "verified" });
  let unread = 0;
  api("onUnreadCountChange", (n: number) => (unread = n));
  page.frame.say({ type: "unread", n: 1 });
  await soon("what came after the verdict", () => unread);
  assert.equal(page.frame.of("open").length, 0);
});

test("what is no colour leaves the launcher that of the channel, and pages that look for the stub's queue find none", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h", action_color: "#0b6e4f" });
  const drawn = (): string => (page.hosts[0]!.style as { cssText: string }).cssText;
  assert.match(drawn(), /--a:#0b6e4f/);
  for (const action_color of ["333333", 333333, "no colour"]) {
    api("update", { action_color: "#0b6e4f" });
    api("update", { action_color });
    assert.match(drawn(), /--a:#3451d1/);
  }
  assert.equal("q" in api, false); // that is how some tell the stub from what is live
});

test("a page's own launcher opens what is there and closes it again, prevents its link, and never throws", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h", custom_launcher_selector: "#help" });
  let activated = 0;
  api("onActivatorClick", () => activated++);
  assert.equal(page.click(() => true).prevented, false); // not there yet: the link does what it does without us
  page.frame.say({ type: "state", identity: "verified" });
  await soon("the click", () => page.click((selector) => selector === "#help").prevented);
  assert.equal(activated, 1);
  assert.equal(page.frame.of("close").length, 0);
  page.click((selector) => selector === "#help");
  await soon("the second click, which closes", () => page.frame.of("close").length);
  page.click(() => {
    throw new SyntaxError("a selector that is none");
  });
});

test("shutdown ends the session, forgets the browser and leaves the page; no update brings the person back", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h" });
  page.frame.say({ type: "state", identity: "verified" });
  const id = api("getVisitorId");
  const { frame } = page;
  api("shutdown");
  await soon("the log-out", () => frame.of("logout").length);
  frame.say({ type: "state", identity: "anonymous" });
  await soon("nothing of it is left", () => page.hosts.length === 0);
  assert.notEqual(api("getVisitorId"), id);
  api("update");
  api("update", { last_request_at: 1 });
  assert.equal(api.booted, false);
  api("boot", { app_id: "a" });
  assert.equal(api.booted, true);
});

test("an address that the visitor proved is told once, and to whom asks late", async () => {
  const api = begin({ intercomSettings: { app_id: "a" } });
  let told = 0;
  api("onUserEmailSupplied", () => told++);
  api("show");
  await soon("the frame", () => page.frame?.of("open").length);
  page.frame.say({ type: "state", identity: "verified" });
  await soon("it", () => told === 1);
  api("onUserEmailSupplied", () => told++);
  assert.equal(told, 2);
});

test("who asks to hear of an opening right after it was asked for hears of it", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h" });
  page.frame.say({ type: "state", identity: "verified" });
  await soon("the verdict", () => (api("show"), page.frame.of("open").length));
  let shown = 0;
  api("hide");
  api("show");
  api("onShow", () => shown++);
  await soon("the opening", () => shown);
});

test("a page that says the same again and again does not overtake itself, until its session has ended", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h" });
  for (let i = 0; i < 50; i++) {
    api("update");
    api("boot", { app_id: "abc12345", user_id: "ada", user_hash: "h" });
  }
  await next(() => api("update", { plan: "gold" }));
  assert.equal(page.frame.claims.length, 2);
  let ended = false;
  api("onHide", () => (ended = true));
  page.frame.say({ type: "ended" });
  page.frame.say({ type: "open" });
  page.frame.say({ type: "close" });
  await soon("the end", () => ended);
  assert.equal((await next(() => api("update")))!.plan, undefined);
});

test("a refusal that comes late is not the next person's", async () => {
  const api = await booted({ user_id: "ada", user_hash: "wrong" });
  await next(() => api("update", { user_id: "bob", user_hash: "right" }));
  page.frame.say({ type: "state", identity: "refused", code: "identity_refused" });
  page.frame.say({ type: "state", identity: "verified" });
  await soon("bob's messenger", () => (api("show"), page.frame.of("open").length));
});

test("a page that boots somebody and shuts down before the frame listens claims nobody", async () => {
  const api = begin({ intercomSettings: { app_id: "abc12345", user_id: "ada", user_hash: "h" } });
  api("shutdown");
  await soon("the log-out", () => page.frame?.of("logout").length);
  assert.deepEqual(page.frame.claims.filter(Boolean), []);
});

test("a visit that the page keeps short ends while the browser was away, and none is made longer", async () => {
  const api = await booted({ user_id: "ada", user_hash: "h", session_duration: 60_000 });
  const id = api("getVisitorId");
  const storage = globalThis.localStorage as unknown as Record<string, unknown>;
  const logouts = page.frame.of("logout").length;
  await next(() => api("update", { plan: "gold" }));
  assert.equal(page.frame.of("logout").length, logouts);
  storage["countersign-seen"] = Date.now() - 61_000;
  await next(() => api("update", {}));
  assert.equal(page.frame.of("logout").length, logouts + 1);
  assert.notEqual(api("getVisitorId"), id);
});
