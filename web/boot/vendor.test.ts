import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Browser, Tab } from "./fake";
import { setLanguage, text } from "../widget/text";

beforeEach(() => void new Browser());

test("a page hears that a conversation began, and nothing of it", () => {
  const tab = new Tab();
  tab.core.began();
  assert.deepEqual(tab.told.at(-1), { type: "began", online: false });
});

test("what was taken off a page does not open again by itself, on this page or after", () => {
  const left = new Tab();
  left.hear({ type: "open" });
  const plain = new Tab(left);
  assert.equal(plain.core.reopen(), true);
  const destroyed = new Tab(left);
  destroyed.hear({ type: "page", lang: "en", dir: "ltr", shut: true });
  assert.equal(destroyed.core.reopen(), false);
  assert.deepEqual(destroyed.names("open"), []);
  const next = new Tab(destroyed);
  assert.equal(next.core.reopen(), false);
});

test("a page rewords what it may, and never who its visitor is to us", () => {
  setLanguage("en", { send: "Go", write: undefined, signedIn: "Admin", notConfirmed: "All is well", confirmedBy: "nobody", __proto__: { placeholder: "inherited" } });
  const { send, write, signedIn, notConfirmed, confirmedBy } = text();
  assert.deepEqual([send, write, signedIn, notConfirmed, typeof confirmedBy], ["Go", "Send us a message", "Signed in", "We could not confirm who you are", "function"]);
  setLanguage("en");
  assert.equal(text().send, "Send");
  for (const odd of [null, 5, "x", [], true]) setLanguage("en", odd as never);
  assert.equal(text().send, "Send");
});
