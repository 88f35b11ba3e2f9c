// The catalogue knows every word that the server may say: an action or a reason that
// is added there without a sentence here fails.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { auditTexts, type AuditFacts } from "./text.audit.en";
import { en } from "./text.en";

/** The repository is above wherever the tests were built to. */
function repository(): URL {
  for (let at = new URL(".", import.meta.url); at.pathname !== "/"; at = new URL("..", at)) if (existsSync(new URL("go.mod", at))) return at;
  throw new Error("no go.mod above the tests");
}

const source = (path: string) => readFileSync(new URL(path, repository()), "utf8");
const constants = (text: string, type: string) => [...text.matchAll(new RegExp(`\\b${type}\\s+=\\s+"([^"]+)"`, "g"))].map((m) => m[1]!);

const facts: AuditFacts = { actor: "agent:agt_1", subject: "", channel: "", get: () => "", key: () => "", reason: (reason) => reason };

test("every action of the record has a name and a sentence", () => {
  const actions = constants(source("internal/audit/audit.go"), "Action");
  assert.ok(actions.length > 20);
  for (const action of actions) {
    assert.ok(auditTexts.names[action], `name of ${action}`);
    assert.ok(auditTexts.sentences[action]?.(facts).length, `sentence of ${action}`);
  }
});

test("every reason of a refusal is explained", () => {
  const reasons = constants(source("identity/reason.go"), "Reason");
  assert.equal(reasons.length, 19);
  for (const reason of reasons) assert.ok(auditTexts.reasons[reason], reason);
});

test("every method, role and right has words", () => {
  for (const method of constants(source("identity/identifier.go"), "Method")) assert.ok(en.methods[method], method);
  for (const role of constants(source("identity/policy/right.go"), "Role")) assert.ok(en.roles[role] && en.roleHints[role], role);
  for (const right of constants(source("identity/policy/right.go"), "Right")) assert.ok(en.rights[right], right);
});

test("a rotation says how long the old key verifies", () => {
  const say = (overlap: string) => auditTexts.sentences["key.rotated"]!({ ...facts, get: (name) => (name === "overlap" ? overlap : "") });
  assert.match(say("168h0m0s"), /7 more days/);
  assert.match(say("24h0m0s"), /1 more day$/);
  assert.match(say("30h0m0s"), /30 more hours/);
  assert.match(say("0s"), /ended at once/);
});

test("whose session ended, and who was blocked, is said by name to whoever may read it", () => {
  const all = (person: string) => auditTexts.sentences["session.ended"]!({ ...facts, person, get: (name) => (name === "sessions" ? "all" : "") });
  assert.equal(all("ada"), "ended every session of ada");
  assert.equal(all(""), "ended every session of a person");
  assert.equal(auditTexts.sentences["contact.blocked"]!({ ...facts, person: "ada" }), "blocked ada");
  assert.equal(auditTexts.sentences["session.ended"]!({ ...facts, person: "ada" }), "ended a session of ada");
});

test("the token dialog offers every scope that a program may be given", () => {
  const rights = Object.fromEntries([...source("identity/policy/right.go").matchAll(/\b(\w+)\s+Right\s+=\s+"([^"]+)"/g)].map((m) => [m[1]!, m[2]!]));
  const given = /var scopes = \[\]policy\.Right\{([^}]*)\}/.exec(source("internal/team/token.go"))![1]!;
  const scopes = [...given.matchAll(/policy\.(\w+)/g)].map((m) => rights[m[1]!]!);
  const offered = [.../const SCOPES = \[([^\]]*)\]/.exec(source("web/console/pages/tokens.tsx"))![1]!.matchAll(/"([^"]+)"/g)].map((m) => m[1]!);
  assert.ok(scopes.includes("team.read"));
  assert.deepEqual(offered.toSorted(), scopes.toSorted());
  for (const scope of scopes) assert.ok(en.tokenTerms.scopes[scope], scope);
});
