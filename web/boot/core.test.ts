import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { aMoment, Browser, opened, openAnyone, settled, Tab, type Call } from "./fake";

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
});
const ada = { user_id: "ada", hash: "right" };
const bob = { user_id: "bob", hash: "right" };
const open = (tab: Tab) => settled("open", () => tab.core.state.phase === "open" && !!tab.core.state.threads);
const hold = (): Call[] => {
  const held: Call[] = [];
  browser.onCall = (c) => (c.path === "/sessions" ? held.push(c) : openAnyone()(c));
  return held;
};

test("a page cannot lead a visitor's own calls to another address by the id of a thread", () => {
  const tab = new Tab();
  for (const id of ["../sessions/current/claim#", "a/b", "a?b", "a b", "", "%2e%2e"]) {
    tab.hear({ type: "go", to: "thread", id });
    assert.equal(tab.core.state.place, undefined, id);
  }
  tab.hear({ type: "go", to: "thread" });
  tab.hear({ type: "go", to: "thread", id: "cnv_-Q1" });
  assert.equal(tab.core.state.place?.id, "cnv_-Q1");
});

test("a page that claims nobody costs no session until the first message", async () => {
  const tab = new Tab();
  tab.nobody();
  assert.equal(tab.core.state.phase, "idle");
  assert.equal(browser.posts.length, 0);
  await tab.core.begin();
  assert.equal(browser.posts.length, 1);
  assert.equal(browser.posts[0]!.body.assertion, undefined);
  assert.equal(tab.core.state.session!.tier, "anonymous");
});

test("a browser that has written as a guest looks for answers on its next page", async () => {
  const first = new Tab();
  first.nobody();
  await first.core.begin();
  const next = new Tab(first);
  next.nobody();
  await open(next);
  assert.equal(browser.posts[1]!.body.visitor_token, "v1");
});

test("an answer counts only if no later identify was called", async () => {
  const held = hold();
  browser.deaf = true;
  browser.local.setItem("countersign:shop:visitor", '"v1"');
  const tab = new Tab();
  tab.identify(ada);
  await settled("first post", () => held.length === 1);
  tab.identify(bob);
  await settled("second post", () => held.length === 2);
  held[1]!.answer(201, opened(held[1]!.body));
  await open(tab);
  held[0]!.answer(201, opened(held[0]!.body, { visitor_token: "overtaken" }));
  await aMoment();
  assert.ok(!JSON.stringify(browser.local).includes("overtaken"));
  assert.match(tab.core.state.session!.lane, /bob/);
});

test("an answer counts only if no later logout was called", async () => {
  const held = hold();
  browser.deaf = true;
  const tab = new Tab();
  tab.identify(ada);
  await settled("post", () => held.length === 1);
  tab.logout();
  held[0]!.answer(201, opened(held[0]!.body));
  await aMoment();
  assert.equal(tab.core.state.phase, "idle");
  assert.equal(tab.core.state.session, undefined);
  assert.deepEqual(Object.keys(browser.local), []);
  assert.deepEqual(Object.keys(tab.session), []);
});

test("a proof of an overtaken turn is not presented at all", async () => {
  const tab = new Tab();
  const late = tab.claim();
  tab.identify(bob);
  tab.prove(late, ada);
  await open(tab);
  assert.deepEqual(browser.posts.map((p) => p.body.assertion!.user_id), ["bob"]);
});

test("a reload shows nothing until the proof is there, and replaces the session it had", async () => {
  const first = new Tab();
  first.identify(ada);
  await open(first);
  const reloaded = new Tab(first);
  (first.core as unknown as { sleep: () => void }).sleep(); // as a document that goes away does
  await aMoment();
  assert.equal(reloaded.core.state.session, undefined);
  reloaded.identify(ada);
  await open(reloaded);
  assert.equal(browser.posts[1]!.body.replaces, "token-" + first.core.state.session!.session_id.slice(4));
});

test("a reload that claims nobody is anonymous and leaves the proven session unused", async () => {
  const first = new Tab();
  first.identify(ada);
  await open(first);
  const next = new Tab(first);
  next.nobody();
  assert.equal(next.core.state.phase, "idle");
  assert.equal(next.core.state.session, undefined);
  assert.equal(browser.posts.length, 1);
});

test("a duplicated tab does not end the session of its original", async () => {
  const first = new Tab();
  first.identify(ada);
  await open(first);
  await aMoment();
  const copy = new Tab(first);
  copy.identify(ada);
  await open(copy);
  assert.equal(browser.posts[1]!.body.replaces, undefined);
});

test("tabs that start at once become one visitor", async () => {
  const held = hold();
  const tabs = [new Tab(), new Tab(), new Tab()];
  for (const t of tabs) t.identify(ada);
  await settled("one asks", () => held.length === 1);
  await aMoment();
  assert.equal(held.length, 1);
  browser.onCall = openAnyone();
  held[0]!.answer(201, opened(held[0]!.body));
  for (const t of tabs) await open(t);
  assert.deepEqual(browser.posts.map((p) => p.body.visitor_token), [undefined, "v1", "v1"]);
});

test("another person sees nothing of the one before, not even while the server decides", async () => {
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  tab.core.shelf().set("draft-new", "for Ada's eyes");
  const held = hold();
  tab.identify(bob);
  assert.equal(tab.core.state.phase, "waiting");
  await settled("post", () => held.length === 1);
  held[0]!.answer(201, opened(held[0]!.body));
  await settled("bob", () => tab.core.state.session?.lane.includes("bob") ?? false);
  assert.equal(tab.core.shelf().get("draft-new"), undefined);
  assert.ok(!JSON.stringify(tab.session).includes("Ada's"));
});

test("the same identity said again asks nothing", async () => {
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  tab.identify({ ...ada });
  assert.equal(tab.core.state.phase, "open");
  assert.equal(browser.posts.length, 1);
});

test("a refusal is told as a name, and nothing of a session stays", async () => {
  browser.onCall = (c) => (c.path === "/sessions" ? c.answer(403, { code: "identity_refused", request_id: "r1" }) : openAnyone()(c));
  const tab = new Tab();
  tab.identify({ user_id: "ada", hash: "wrong" });
  await settled("refused", () => tab.core.state.phase === "refused");
  assert.deepEqual(tab.names("state").at(-1), { type: "state", identity: "refused", code: "identity_refused" });
  assert.equal(tab.session.getItem("countersign:shop:session"), null);
});

test("nothing that goes to the page carries a token, an address or a text", async () => {
  const tab = new Tab();
  tab.identify({ ...ada, email: "ada@shop.example", name: "Ada" });
  await open(tab);
  tab.hear({ type: "message", text: "words of the page" });
  tab.logout();
  const said = JSON.stringify(tab.told);
  for (const secret of ["token-", "v1", "ada", "Ada", "words", "ses-", "lane-", "vis"]) assert.ok(!said.includes(secret), secret);
});

test("a page without its proof is told from one without an identity", async () => {
  const tab = new Tab();
  tab.identify(undefined);
  assert.equal(tab.core.state.phase, "failed");
  assert.equal(tab.core.state.error!.code, "proof_missing");
  tab.identify({ name: "nobody in particular" });
  assert.equal(tab.core.state.phase, "idle");
});

test("a log-out in one tab ends the lane in all, and asks nobody for a proof", async () => {
  const one = new Tab();
  one.identify(ada);
  await open(one);
  const two = new Tab();
  two.identify(ada);
  await open(two);
  one.logout();
  await settled("ended", () => two.core.state.phase === "ended");
  assert.equal(two.core.state.reason, "elsewhere");
  assert.equal(two.core.state.threads, undefined);
  assert.deepEqual(two.names("prove"), []);
  assert.deepEqual(two.names("ended"), [{ type: "ended" }]);
  await settled("deleted", () => browser.calls.some((c) => c.method === "DELETE"));
});

test("one tab of a lane reads the stream", async () => {
  const tabs = [new Tab(), new Tab(), new Tab()];
  for (const t of tabs) {
    t.identify(ada);
    await open(t);
  }
  const other = new Tab();
  other.identify(bob);
  await open(other);
  await settled("streams", () => browser.streams.length >= 2);
  await aMoment();
  assert.equal(browser.streams.length, 2);
});

test("at the end of a proof the page is asked, and silence ends with an explanation", async () => {
  browser.onCall = openAnyone({ expires_at: new Date(Date.now() + 2000).toISOString() });
  const tab = new Tab();
  tab.identify({ user_id: "ada", jwt: "once" });
  await open(tab);
  browser.onCall = (c) => (c.path === "/sessions/current" ? c.answer(200, tab.core.state.session) : openAnyone()(c));
  await settled("asked", () => tab.names("prove").length > 0);
  assert.deepEqual(tab.names("prove")[0], { type: "prove", expiring: true });
  tab.core.shelf().set("draft-new", "half a sentence");
  (tab.core as unknown as { lost: () => void }).lost();
  await settled("ended", () => tab.core.state.phase === "ended");
  assert.equal(tab.core.shelf().get("draft-new"), "half a sentence");
  assert.equal(browser.posts.length, 1);
});

test("a fresh proof of the same person goes unseen", async () => {
  const tab = new Tab();
  tab.identify({ user_id: "ada", jwt: "first" });
  await open(tab);
  const phases: string[] = [];
  tab.core.watch(() => phases.push(tab.core.state.phase));
  tab.core.shelf().set("draft-new", "half a sentence");
  tab.identify({ user_id: "ada", jwt: "second" });
  await settled("second", () => browser.posts.length === 2 && tab.core.state.session!.session_id.endsWith(String(made())));
  assert.deepEqual([...new Set(phases)], ["open"]);
  assert.equal(tab.core.shelf().get("draft-new"), "half a sentence");
  assert.equal(browser.posts[1]!.body.replaces !== undefined, true);

  function made(): string {
    return JSON.parse(tab.session.getItem("countersign:shop:session")!).id.slice(4);
  }
});

test("a claim whose proof takes its time shows nothing of the person before, and ends what was theirs if none comes", async () => {
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  tab.core.shelf().set("draft-new", "half a sentence");
  const turn = tab.claim(); // by a function of the page that asks its backend
  await settled("hidden", () => tab.core.state.phase === "waiting");
  tab.prove(turn, ada); // it was ada after all
  await open(tab);
  assert.equal(tab.core.shelf().get("draft-new"), "half a sentence");
  tab.prove(tab.claim(), undefined); // and now a backend that fails at once
  assert.equal(tab.core.state.phase, "ended");
  assert.equal(tab.core.state.threads, undefined);
});

test("when we asked for a fresh proof and none comes, the session goes on to its end", async () => {
  browser.onCall = openAnyone({ expires_at: new Date(Date.now() + 2000).toISOString() });
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  browser.onCall = (c) => (c.path === "/sessions/current" ? c.answer(200, tab.core.state.session) : openAnyone()(c));
  await settled("asked", () => tab.names("prove").length > 0);
  tab.prove(tab.claim(), undefined);
  assert.equal(tab.core.state.phase, "open");
});

test("when a rotated key ends, the page is asked for a fresh proof before anybody is told", async () => {
  const tab = new Tab();
  tab.identify({ user_id: "ada", hash: "by the old key" });
  await open(tab);
  tab.core.shelf().set("draft-new", "half a sentence");
  const phases: string[] = [];
  tab.core.watch(() => phases.push(tab.core.state.phase));
  (tab.core as unknown as { lost: () => void }).lost(); // the stream ended with the key, long before the session's own time
  await settled("asked", () => tab.names("prove").length > 0);
  assert.deepEqual(tab.names("prove")[0], { type: "prove", expiring: false });
  assert.deepEqual(tab.names("ended"), []);
  tab.identify({ user_id: "ada", hash: "by the new key" });
  await open(tab);
  assert.ok(!phases.includes("ended"));
  assert.deepEqual(tab.names("ended"), []);
  assert.equal(tab.core.shelf().get("draft-new"), "half a sentence");
  assert.equal(browser.posts.length, 2);
});

test("a proof of the ended key is not shown again on the quiet: silence of the page ends with an explanation", async () => {
  const tab = new Tab();
  tab.identify({ user_id: "ada", hash: "by the old key" });
  await open(tab);
  (tab.core as unknown as { lost: () => void }).lost();
  await settled("ended", () => tab.core.state.phase === "ended");
  assert.equal(tab.names("ended").length, 1);
  assert.equal(browser.posts.length, 1);
});

test("a right that ends as soon as it is given is not asked for again and again", async () => {
  const tab = new Tab();
  tab.nobody();
  await tab.core.begin();
  const ended = () => (tab.core as unknown as { lost: () => void }).lost();
  for (let i = 0; i < 3; i++) {
    await open(tab);
    ended();
  }
  assert.equal(tab.core.state.phase, "ended");
  assert.equal(browser.posts.length, 3);
});

test("what arrives the moment after the messenger was closed is unread", async () => {
  browser.onCall = (c) =>
    c.path === "/conversations"
      ? c.answer(200, { conversations: [{ id: "cnv_1", status: "open", created_at: "", last_at: "", preview: "", last_author: "visitor", unread: 0, seq: 1, agents_read: 0, visitor_read: 1 }] })
      : openAnyone()(c);
  const tab = new Tab();
  tab.hear({ type: "open" });
  tab.identify(ada);
  await open(tab);
  tab.core.watched = "cnv_1"; // what the messenger's thread says, and takes back only with its next look
  tab.hear({ type: "close" });
  (tab.core as unknown as { heard: (e: object) => void }).heard({
    seq: 2, kind: "message.created", data: { id: "m", conversation_id: "cnv_1", seq: 2, author: { kind: "agent" }, text: "x", at: "" },
  });
  assert.deepEqual(tab.names("unread").at(-1), { type: "unread", n: 1 });
});

test("a page taken out of the browser's back store shows the first person's threads no more once it has named the second", async () => {
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  const held: Call[] = [];
  browser.onCall = (c) => (c.method === "GET" && c.path === "/sessions/current" ? held.push(c) : c.path === "/sessions" ? undefined : openAnyone()(c));
  browser.show();
  tab.identify(bob); // whose session the network does not bring
  await settled("asked whether ada's stands", () => held.length === 1);
  held[0]!.answer(200, { ...opened({ assertion: ada } as never), session: undefined });
  await aMoment();
  assert.equal(tab.core.state.phase, "waiting");
});

test("what the page put down for the first person is not there for the second", async () => {
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  tab.hear({ type: "message", text: "my card ends in 4242", email: "ada@shop.example" });
  tab.hear({ type: "go", to: "thread", id: "cnv_ada" });
  tab.logout();
  assert.deepEqual([tab.core.takePrefill(), tab.core.takePlace()], [{ email: "" }, undefined]); // takes back the address that was filled in
  tab.identify(ada);
  await open(tab);
  tab.identify(bob);
  tab.hear({ type: "message", text: "for bob" });
  await settled("bob", () => tab.core.state.session?.lane.includes("bob") === true);
  assert.deepEqual(tab.core.takePrefill(), { type: "message", email: "", text: "for bob" });
});

// adasWordsUnderWay: ada says something, and bob is there before the server has answered her.
const adasWordsUnderWay = async () => {
  const tab = new Tab();
  tab.identify(ada);
  await open(tab);
  const held: Call[] = [];
  browser.onCall = (c) => (c.method === "POST" && c.path === "/conversations" ? held.push(c) : openAnyone()(c));
  const said = tab.core.call("POST", "/conversations", { text: "ada's own" }).catch((e: Error) => e.message);
  await settled("ada's words", () => held.length === 1);
  tab.identify(bob);
  await settled("bob", () => tab.core.state.session?.lane.includes("bob") === true);
  return { held, said };
};

test("what one person was saying when another came is not said again in the other's name", async () => {
  const { held, said } = await adasWordsUnderWay();
  held[0]!.answer(401, { code: "session_ended" }); // the session that bob's replaced
  assert.equal(await Promise.race([said, aMoment().then(() => "said again")]), "session_ended");
  assert.equal(held.length, 1);
});

test("an answer that was meant for one person is not put into the next one's list", async () => {
  const { held, said } = await adasWordsUnderWay();
  held[0]!.answer(201, { id: "cnv_ada", preview: "ada's own" });
  assert.equal(await said, "session_ended");
});
