import assert from "node:assert/strict";
import { test } from "node:test";
import { linkParts, safeHref } from "./links";

const hrefs = (text: string) => linkParts(text).flatMap((p) => p.href ?? []);

test("parts joined are the text, whatever it was", () => {
  for (const text of ["", "hello", "see https://a.example/x. Then www.b.example!", "<b>x</b> javascript:alert(1)", "a@b.co, c@d.co"]) {
    assert.equal(linkParts(text).map((p) => p.text).join(""), text);
  }
});

test("only web, mail and phone links open", () => {
  assert.deepEqual(hrefs("javascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd ftp://a.example"), []);
  assert.deepEqual(hrefs("https://a.example/x mailto:a@b.co tel:+41791234567"), [
    "https://a.example/x",
    "mailto:a@b.co",
    "tel:+41791234567",
  ]);
  assert.equal(safeHref("JaVaScRiPt:alert(1)"), undefined);
  assert.equal(safeHref(" https://x"), "https://x/");
});

test("an address that dresses up as another host stays text", () => {
  assert.deepEqual(hrefs("https://bank.example@evil.example/login"), []);
});

test("punctuation of the sentence is not part of the link", () => {
  assert.deepEqual(hrefs("(see https://a.example/x)."), ["https://a.example/x"]);
  assert.deepEqual(hrefs("https://en.example/wiki/A_(b)!"), ["https://en.example/wiki/A_(b)"]);
  assert.deepEqual(hrefs("write to ada@shop.example."), ["mailto:ada@shop.example"]);
  assert.deepEqual(hrefs("www.shop.example/a?b=c,"), ["https://www.shop.example/a?b=c"]);
});

test("a long line without a link is cut in linear time", () => {
  const start = performance.now();
  linkParts("a.".repeat(32_000) + "@");
  assert.ok(performance.now() - start < 1000);
});
