import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { backendSnippet, LANGUAGES, pageField, pageSnippet } from "./snippet";

/** Runs the Node snippet as an operator's backend would. */
function run(code: string, secret: string, user: { id?: unknown; email?: string }): string {
  const body = code.replace(/^import .*$/m, "");
  return new Function("createHmac", "process", "user", `${body}\nreturn hash;`)(createHmac, { env: { CHAT_SECRET: secret } }, user) as string;
}

// compat.md, section 7: what the vendors publish.
test("the snippet that is shown makes the hashes that are published", () => {
  assert.equal(run(backendSnippet("node", "native", "user_id"), "abc123", { id: 1 }), "f02877f24c9dd37542268a28627ebaf2e07d0d114d9482abcdc20f60874b40b3");
  assert.equal(run(backendSnippet("node", "intercom", "user_id"), "s3cre7", { id: "abcdef" }), "532cd9cd6bfa49528cf2503db0743bb72456bda2cb7424d2894c5b11f6cad6cf");
  assert.equal(
    run(backendSnippet("node", "pylon", "email"), "a1b2c3d4e5f6".repeat(6).slice(0, 64), { email: "test@example.com" }),
    "0514ad91f6febad5b9bad530e54ac63db063e137955cbea7935c64c0801f2fff",
  );
});

test("an address is lowered for the one dialect that says so", () => {
  const of = (dialect: string, email: string) => run(backendSnippet("node", dialect, "email"), "0123456789abcdef", { email });
  assert.equal(of("ensoras", "Ada@Example.com"), of("ensoras", "ada@example.com"));
  assert.notEqual(of("helpscout", "Ada@Example.com"), of("helpscout", "ada@example.com"));
});

test("no snippet carries a secret, and each names the field that the key signs", () => {
  for (const { id } of LANGUAGES) {
    assert.match(backendSnippet(id, "native", "email"), /email/i);
    assert.match(backendSnippet(id, "native", "user_id"), /user\.id|user->id|user\.ID/);
    assert.match(backendSnippet(id, "native", "user_id"), /CHAT_SECRET/);
  }
  assert.match(pageSnippet("https://chat.example", "shop", "email"), /HASH_OF_EMAIL[\s\S]*https:\/\/chat\.example\/v1\.js/);
  assert.match(pageField("pylon", "email"), /email_hash/);
});
