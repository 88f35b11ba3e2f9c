import assert from "node:assert/strict";
import { test } from "node:test";
import { FakePage, soon } from "../compat/page/fake";

// A page that shows what its visitors write lets them name a picture. A picture named currentScript stands in the place of
// document.currentScript: whoever believed it would hand the visitor's proof to the picture's server.
test("a picture named currentScript is not the server that the proof goes to", async () => {
  const page = new FakePage();
  const stub = Object.assign(() => undefined, { q: [["init", { channel: "shop" }], ["identify", { user_id: "ada", hash: "right" }]] });
  page.begin({ Countersign: stub }, "https://chat.example/v1.js");
  page.clobber("currentScript", { src: "https://evil.example/x.png", dataset: { channel: "evil" } });
  await import("./main");
  await soon("the proof", () => page.frame?.claims.length);
  assert.equal(page.frame.src, "https://chat.example/frame/shop");
  page.close();
});
