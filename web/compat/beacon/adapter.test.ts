import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { FakePage, soon } from "../page/fake";

const page = new FakePage();
Object.assign(globalThis, { VENDOR: "beacon" });
after(() => page.close());
const { speakBeacon } = await import("./adapter");

type Beacon = ((method?: unknown, options?: unknown, data?: unknown) => unknown) & { readyQueue: { push: (item: unknown) => void } };

const id = "3f1c9a52/7e0b?x";
const beacon = (): Beacon => (globalThis as unknown as { Beacon: Beacon }).Beacon;

// begin is a page with a snippet that has queued these calls.
function begin(...calls: [method: unknown, options?: unknown, data?: unknown][]): Beacon {
  const stub = Object.assign(() => undefined, { readyQueue: calls.map(([method, options, data]) => ({ method, options, data })) });
  page.begin({ Beacon: stub }, "https://chat.example/");
  speakBeacon();
  return beacon();
}

async function claimed(...calls: [unknown, unknown?, unknown?][]): Promise<Beacon> {
  const api = begin(["init", id], ...calls);
  await soon("the first claim", () => page.frame?.claims.length);
  return api;
}

async function next(call: () => unknown): Promise<Record<string, unknown> | null | undefined> {
  const before = page.frame.claims.length;
  call();
  await soon("another claim", () => page.frame.claims.length > before);
  return page.frame.claims.at(-1);
}

const noted: string[] = [];
const note = (what: string) => (...more: unknown[]) => void noted.push([what, ...more].join(" ").trim());
beforeEach(() => noted.splice(0));

test("the page's id is the channel's, whatever characters it has, and the signature is the proof", async () => {
  await claimed(["identify", { name: "Ada", email: "Ada@Example.com", signature: "5f", "Favourite pet": "cat", jobTitle: "Baker", user_id: "7", jwt: "a.b.c", hash: "other", company: { name: "x" } }]);
  assert.equal(page.frame.src, "https://chat.example/frame/3f1c9a52%2F7e0b%3Fx");
  const { attributes, ...who } = page.frame.claims[0]!;
  assert.deepEqual(who, { email: "Ada@Example.com", name: "Ada", hash: "5f" });
  assert.deepEqual(attributes, { Favourite_pet: "cat", jobTitle: "Baker", user_id: "7", jwt: "a.b.c" });
  assert.equal(page.frame.of("proof")[0]!.dialect, "helpscout");
});

test("a proof is text or none, and an email that is no text is no silence", async () => {
  const api = await claimed(["identify", { email: "a@b.example", signature: "" }]);
  assert.equal(page.frame.claims[0]!.hash, undefined);
  for (const signature of [null, undefined, 7, ["5f"], {}, true]) {
    assert.equal((await next(() => api("identify", { email: "a@b.example", signature })))!.hash, undefined);
  }
  for (const email of [{}, [], true]) {
    const said = await next(() => api("identify", { email, signature: "5f" }));
    assert.equal(typeof said!.email, "boolean");
  }
});

test("attributes alone describe whoever is there; whoever names nobody ends the session of the person before", async () => {
  const api = await claimed(["identify", { email: "ada@example.com", signature: "5f", plan: "free" }]);
  const later = (await next(() => api("identify", { plan: "gold", constructor: "x" })))!;
  assert.equal(later.email, "ada@example.com");
  assert.deepEqual(later.attributes, { plan: "gold", constructor: "x" });
  for (const nobody of [{ name: "Bob" }, { email: undefined, plan: "free" }, { signature: null }, {}, null, undefined, 5, []]) {
    await next(() => api("identify", { email: "ada@example.com", signature: "5f" }));
    const before = page.frame.of("logout").length;
    api("identify", nobody);
    await soon(`a log-out by ${JSON.stringify(nobody)}`, () => page.frame.of("logout").length > before);
  }
  const before = page.frame.of("logout").length;
  api("identify", { name: "Bob" }); // nobody follows nobody: a guest's conversation stays
  api("open");
  await soon("what came later", () => page.frame.of("open").length);
  assert.equal(page.frame.of("logout").length, before);
});

test("no claim is too large to be sent", async () => {
  const attributes: Record<string, unknown> = {};
  for (let i = 0; i < 500; i++) attributes["k".repeat(500) + i] = "v".repeat(5000);
  const api = await claimed(["session-data", attributes], ["identify", { email: "m".repeat(1e6), name: "n".repeat(1e6), signature: "s".repeat(1e6), ...attributes }]);
  assert.equal((page.frame.claims[0]!.email as string).length, 999);
  api("prefill", { text: "x".repeat(1e6), subject: "y".repeat(1e6), email: "z".repeat(1e6) });
  await soon("the filling", () => page.frame.of("message").length);
  assert.ok(page.frame.of("message")[0]!.text!.length > 1000);
});

test("ready is never heard at once, and who asks late hears it too", async () => {
  const api = begin(["on", "ready", note("early")], ["init", id]);
  assert.deepEqual(noted, []);
  await soon("ready", () => noted.length);
  api("once", "ready", note("late"));
  assert.deepEqual(noted, ["early"]);
  await soon("ready, late", () => noted.length > 1);
  assert.deepEqual(noted, ["early", "late"]);
});

test("who asks to hear of an opening right after it was asked for hears of it", async () => {
  begin(["init", id], ["open"], ["on", "open", note("opened")]);
  assert.equal(noted.length, 0);
  await soon("the opening", () => noted.includes("opened"));
});

test("who hears of an opening once, and asks again in hearing of it, hears of each once", async () => {
  const api = await claimed(["identify", { email: "ada@example.com", signature: "5f" }]);
  const again = (): void => {
    noted.push("opened");
    api("once", "open", again);
  };
  api("once", "open", again);
  api("open");
  await soon("quiet", () => page.frame?.of("open").length);
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(noted, ["opened"]);
});

test("events come with what the page itself has said, and only those that it may hear", async () => {
  const api = await claimed(["identify", { email: "ada@example.com", name: "Ada", signature: "5f" }]);
  for (const event of ["chat-ended", "frame", "identityEnded", "verified", "unread", "look"]) api("on", event, note(event));
  for (const event of ["chat-started", "email-sent"]) api("on", event, (about: Record<string, string>) => note(event)(about.name, about.email, about.text!.length, about.subject!.length));
  api("once", "chat-ended", note("once"));
  api("on", "chat-ended", () => { throw new Error("the page's own"); });
  const gone = note("gone");
  api("on", "chat-ended", gone);
  api("off", "chat-ended", gone);
  for (const m of [{ type: "state", identity: "verified" }, { type: "look", accent: "#123456" }, { type: "began", online: true }, { type: "began", online: false }, { type: "done" }, { type: "done" }, { type: "ended" }] as const) page.frame.say(m);
  await soon("all of them", () => noted.filter((n) => n === "chat-ended").length > 1);
  assert.deepEqual(noted, ["chat-started Ada ada@example.com 0 0", "email-sent Ada ada@example.com 0 0", "chat-ended", "once", "chat-ended"]);
});

test("what is asked before init waits for it, in its order", async () => {
  begin(["open"], ["navigate", "/ask/"], ["init", { beaconId: id, display: { style: "manual" } }]);
  await soon("the place", () => page.frame?.of("go").length);
  assert.equal(page.frame.of("go")[0]!.to, "new");
  assert.equal(page.frame.of("open").length, 1);
});

test("what was opened and closed again before init stays closed", async () => {
  const api = begin(["on", "open", note("open")], ["open"], ["close"], ["navigate", "/ask/"], ["init", id]);
  assert.equal((api("info") as { status: { isOpened: boolean } }).status.isOpened, false);
});

test("init once more, or with nothing, or for another, changes nothing", async () => {
  const api = begin(["init"], ["init", ""], ["init", {}], ["init", { beaconId: 7 }]);
  assert.equal((api("info") as { beaconId?: string }).beaconId, undefined);
  api("init", id);
  api("init", "another");
  api("init", id);
  assert.equal((api("info") as { beaconId?: string }).beaconId, id);
  await soon("the launcher", () => page.hosts.length);
  assert.equal(page.hosts.length, 1);
});

test("config is laid over what stands, and only checked values go into a style", async () => {
  const api = begin(["config", { display: { style: "text", text: "Help us" } }], ["init", id]);
  await soon("the launcher", () => page.hosts.length);
  api("config", { display: { position: "left", zIndex: "9", horizontalOffset: 5.4, verticalOffset: "7px" }, color: "#aabbcc" });
  const style = (): string => page.hosts[0]!.style.cssText!;
  assert.equal(style(), "--a:#aabbcc;--z:9;--x:5px;--y:7px");
  assert.equal(page.hosts[0]!.dir, "rtl");
  for (const evil of ["red;}*{display:none}", "url(//evil.example)", {}, [], NaN, Infinity, -Infinity, 1e300, true, { toString: () => "5;color:red" }, Symbol("s"), 10n]) {
    api("config", { color: evil, display: { zIndex: evil, horizontalOffset: evil, verticalOffset: evil } });
    assert.match(style(), /^--a:#\w{6};--z:-?\d+;--x:-?\d+px;--y:-?\d+px$/, String(evil));
  }
});

test("the messenger is told words and parts that are left out, and never what is none", async () => {
  const api = await claimed(["open"]);
  api("config", { messagingEnabled: false, enablePreviousMessages: false, hideAvatars: true, messaging: { contactForm: { allowAttachments: false } }, enableSounds: true, labels: { sendAMessage: "Drop us a line", previousMessages: { toString: () => "x" }, howCanWeHelp: "y".repeat(1e5), __proto__: { addYourMessageHere: "inherited" }, confirmedBy: "you" } });
  await soon("the page's wishes", () => page.frame.of("page").length > 1);
  const said = page.frame.of("page").at(-1)!;
  assert.deepEqual([said.hide!.split(" ").sort().join(), said.sound], ["avatars,files,history,write", true]);
  assert.deepEqual(Object.keys(said.words!).sort(), ["howCanWeHelp", "write"]);
  assert.ok(said.words!.howCanWeHelp!.length < 200);
});

test("filling says each text once, leads nobody anywhere, and fetches nothing", async () => {
  const api = await claimed(["open"]);
  api("prefill", { subject: "Invoice", text: "Where?", email: "a@b.example", attachments: ["http://127.0.0.1/x"], fields: [{ id: 1, value: "x" }] });
  api("prefill", { subject: "Invoice", text: "Where?" });
  api("prefill", { email: "c@d.example" });
  api("reset");
  await soon("all of them", () => page.frame.of("message").length > 3);
  assert.deepEqual(page.frame.of("message").map((m) => [m.text, m.email, m.stay]), [["Invoice\n\nWhere?", "a@b.example", true], [undefined, undefined, true], [undefined, "c@d.example", true], ["", undefined, true]]);
  assert.equal(page.frame.claims.filter(Boolean).length, 0);
});

test("info is there at once and never tells a signature", async () => {
  const api = await claimed(["identify", { email: "ada@example.com", name: "Ada", signature: "5f5f5f" }], ["session-data", { page: "/pricing" }]);
  const info = api("info");
  assert.deepEqual(info, { beaconId: id, status: { isOpened: false, isReady: true }, visitor: { name: "Ada", email: "ada@example.com", sessionData: { page: "/pricing" } } });
  assert.ok(!JSON.stringify(info).includes("5f5f5f"));
});

test("whoever was named after a log-out is not there for whoever the next Beacon of the page is made for", async () => {
  const api = await claimed(["identify", { email: "ada@shop.example", signature: "right" }]);
  api("logout");
  api("identify", { email: "bob@shop.example", signature: "right" });
  await soon("bob", () => page.frame.claims.length > 1);
  const bobs = page.frame;
  api("destroy");
  api("init", id);
  api("open");
  await soon("a new frame, in which nobody is claimed", () => page.frame !== bobs && page.frame.claims.length);
  assert.deepEqual(page.frame.claims, [null]);
});

test("a picture named currentScript is not the server that the Beacon's proof goes to", async () => {
  page.begin({}, "https://chat.example/");
  page.clobber("currentScript", { src: "https://evil.example/x.png" });
  speakBeacon();
  beacon()("init", id);
  await soon("a frame", () => page.frames.length);
  assert.ok(page.frames.every((f) => f.src.startsWith("https://chat.example/")));
});

test("destroy takes it off the page with all that was said, and after a log-out only when the frame has heard", async () => {
  const api = await claimed(["identify", { email: "ada@example.com", signature: "5f" }], ["config", { display: { style: "text" } }]);
  api("destroy");
  assert.equal(page.hosts.length, 0);
  assert.equal(JSON.stringify(api("info")).includes("ada@"), false);
  api("init", "another");
  api("open");
  await soon("the next frame's claim", () => page.frames.length > 1 && page.frame.claims.length);
  assert.equal(page.frame.src, "https://chat.example/frame/another");
  assert.equal(page.frame.claims[0], null);

  api("logout");
  api("destroy");
  await soon("the log-out", () => page.frame.of("logout").length);
  assert.equal(page.hosts.length, 1, "the frame, which alone can end the session, was gone before it had");
  api("on", "ready", note("ready"));
  api("init", "another");
  await soon("ready", () => noted.length);
  assert.equal(page.hosts.length, 1);
});

test("unknown methods, and those of every object, do nothing", async () => {
  const api = begin(["init", id]);
  await soon("the launcher", () => page.hosts.length);
  for (const method of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "frame", "say", "emit", "go", "extra", undefined, null, {}, 5, Symbol("s")]) {
    assert.equal(api(method, { channel: "evil" }), undefined, String(method));
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test("a snippet that ran again, and one that was kept, reach the one that lives", async () => {
  const api = await claimed(["open"]);
  const stub = Object.assign(() => undefined, { readyQueue: [{ method: "open" }] });
  Object.assign(globalThis, { Beacon: stub });
  speakBeacon();
  assert.equal(beacon(), api);
  await soon("the opening", () => page.frame.of("open").length);
  beacon().readyQueue.push({ method: "close" });
  await soon("the closing", () => page.frame.of("close").length);
  assert.equal(page.hosts.length, 1);
});
