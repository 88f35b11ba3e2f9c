// The code that an operator copies: what the page carries and how a backend signs.
// Values of the channel at hand are put in; the secret never is.

import type { Signs } from "./types";

export type Language = "node" | "php" | "python" | "ruby" | "go";
export const LANGUAGES: { id: Language; name: string }[] = [
  { id: "node", name: "Node.js" },
  { id: "php", name: "PHP" },
  { id: "python", name: "Python" },
  { id: "ruby", name: "Ruby" },
  { id: "go", name: "Go" },
];

/** The page's part, for a native key: a queue stub, the claim with its proof, one async script. */
export function pageSnippet(origin: string, channel: string, signs: Signs): string {
  const field = signs === "email" ? "email" : "user_id";
  return `<script>
  window.Countersign = window.Countersign || function () {
    (Countersign.q = Countersign.q || []).push(arguments);
  };
  Countersign('init', { channel: '${channel}' });

  // Only on pages where somebody is logged in. Your backend fills in all four.
  Countersign('identify', {
    user_id: 'USER_ID',
    email: 'EMAIL',
    name: 'NAME',
    hash: 'HASH_OF_${field.toUpperCase()}'
  });
</script>
<script async src="${origin}/v1.js"></script>`;
}

/** On log-out, so that the next person at this screen starts empty. */
export const LOGOUT_SNIPPET = "Countersign('logout');";

const FIELD_NOTE: Record<"user_id" | "email", { ruby: string; js: string; php: string; py: string; go: string }> = {
  user_id: { js: "String(user.id)", php: "(string) $user->id", py: "str(user.id)", ruby: "user.id.to_s", go: "user.ID" },
  email: { js: "user.email", php: "$user->email", py: "user.email", ruby: "user.email", go: "user.Email" },
};

/**
 * HMAC-SHA256 of the signed field, in lowercase hex. A Pylon key is decoded from hex
 * first; Ensoras signs the lowered address; all others use secret and field as they stand.
 */
export function backendSnippet(language: Language, dialect: string, signs: Signs): string {
  const field = FIELD_NOTE[signs === "email" ? "email" : "user_id"];
  const hex = dialect === "pylon";
  const lower = dialect === "ensoras";
  switch (language) {
    case "node":
      return `import { createHmac } from 'node:crypto';

const secret = process.env.CHAT_SECRET;
const hash = createHmac('sha256', ${hex ? "Buffer.from(secret, 'hex')" : "secret"})
  .update(${field.js}${lower ? ".toLowerCase()" : ""})
  .digest('hex');`;
    case "php":
      return `<?php
$secret = getenv('CHAT_SECRET');
$hash = hash_hmac('sha256', ${lower ? `mb_strtolower(${field.php}, 'UTF-8')` : field.php}, ${hex ? "hex2bin($secret)" : "$secret"});`;
    case "python":
      return `import hashlib, hmac, os

secret = os.environ["CHAT_SECRET"]
digest = hmac.new(
    ${hex ? "bytes.fromhex(secret)" : "secret.encode()"},
    ${field.py}${lower ? ".lower()" : ""}.encode(),
    hashlib.sha256,
).hexdigest()`;
    case "ruby":
      return `require "openssl"

secret = ENV.fetch("CHAT_SECRET")
hash = OpenSSL::HMAC.hexdigest("SHA256", ${hex ? '[secret].pack("H*")' : "secret"}, ${field.ruby}${lower ? ".downcase" : ""})`;
    case "go":
      return `// imports: crypto/hmac, crypto/sha256, encoding/hex, os${lower ? ", strings" : ""}

${hex ? 'key, err := hex.DecodeString(os.Getenv("CHAT_SECRET"))\nif err != nil {\n\treturn err\n}' : 'key := []byte(os.Getenv("CHAT_SECRET"))'}
mac := hmac.New(sha256.New, key)
mac.Write([]byte(${lower ? `strings.ToLower(${field.go})` : field.go}))
hash := hex.EncodeToString(mac.Sum(nil))`;
  }
}

/** Where a page of each dialect carries the hash. */
export function pageField(dialect: string, signs: Signs): string {
  const field = signs === "email" ? "email" : "user_id";
  switch (dialect) {
    case "intercom":
      return `window.intercomSettings = { app_id: '…', ${field}: '…', user_hash: hash };`;
    case "helpscout":
      return `Beacon('identify', { name: '…', email: '…', signature: hash });`;
    case "pylon":
      return `window.pylon = { chat_settings: { app_id: '…', email: '…', name: '…', email_hash: hash } };`;
    case "ensoras":
      return `Ensoras('identify', { email: '…', hash: hash });`;
    default:
      return `Countersign('identify', { ${field}: '…', hash: hash });`;
  }
}
