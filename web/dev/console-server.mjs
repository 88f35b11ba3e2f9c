// A double of the server for working on the console: invented data, nothing kept, no security at all. Development only.
//   node dev/console-server.mjs [port]          http://127.0.0.1:8090/console/  (any address, password "x")
//   /console/setup#good is a setup link that works, any other is used up.
//   With API=http://127.0.0.1:8080 the calls go to that server instead, and only the console is built here.
//   /dev/set?slow=800 delays, ?fail=500 makes every API call fail so, ?role=auditor changes who is signed in, ?end=1 ends the
//   session, ?drop=1 breaks the stream, ?empty=1 empties the inbox.
import { createHash, randomBytes } from "node:crypto";
import { createServer, request } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { seed } from "./console-data.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const port = Number(process.argv[2] ?? 8090);
const db = seed();
const knobs = { slow: 0, fail: 0, role: "owner", in: true };
const streams = new Set();

const rights = {
  owner: "conversations.read conversations.reply keys.read keys.manage keys.reveal enforcement.set channels.manage channels.read people.manage audit.read team.manage team.read tokens.manage metrics.read",
  security: "conversations.read conversations.reply keys.read keys.manage keys.reveal enforcement.set channels.manage channels.read people.manage audit.read team.read tokens.manage metrics.read",
  admin: "conversations.read conversations.reply keys.read channels.manage channels.read people.manage team.manage team.read metrics.read",
  agent: "conversations.read conversations.reply channels.read team.read",
  auditor: "keys.read channels.read audit.read team.read",
};

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
  "media-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'";

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign</title><link rel="stylesheet" href="/assets/console.css"><script type="module" src="/assets/console.js"></script></head>
<body><div id="console"></div></body></html>`;

let built;
async function face() {
  const out = await build({
    absWorkingDir: root,
    entryPoints: { console: "console/main.tsx" },
    bundle: true,
    format: "esm",
    outdir: "memory",
    write: false,
    sourcemap: "inline",
    jsx: "automatic",
    jsxImportSource: "preact",
    target: ["chrome111", "firefox114", "safari16.4"],
    logLevel: "warning",
  });
  return Object.fromEntries(out.outputFiles.map((f) => [f.path.endsWith(".css") ? "console.css" : "console.js", f.contents]));
}

const now = () => new Date().toISOString();
const id = (prefix) => `${prefix}_${randomBytes(13).toString("hex")}`;
const agent = () => ({ ...db.agents[0], role: knobs.role });
const rowOf = (c) => ({ ...c, messages: undefined, unread: c.messages.filter((m) => m.author.kind === "visitor" && m.seq > c.agents_read).length });

function tell(event, data, seq) {
  for (const res of streams) res.write(`${seq ? `id: ${seq}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function append(c, message) {
  const m = { id: id("msg"), conversation_id: c.id, seq: ++db.seq, at: now(), tier: "", method: "", note: false, ...message };
  c.messages.push(m);
  if (!m.note) Object.assign(c, { seq: m.seq, last_at: m.at, last_author: m.author.kind, preview: m.text.slice(0, 140) });
  const { seq, ...body } = m;
  // The stream names a key by id alone, as the real one does.
  tell(m.note ? "note.created" : "message.created", { ...body, seq, key: m.key ? { id: m.key.id, name: "" } : undefined }, seq);
  return m;
}

function update(c, patch) {
  Object.assign(c, patch);
  const { id: cid, status, tier, preview, last_author, seq, visitor_read, agents_read, created_at, last_at, snoozed_until, assignee } = c;
  tell("conversation.updated", { id: cid, status, tier, preview, last_author, seq, visitor_read, agents_read, created_at, last_at, snoozed_until, assignee: assignee ?? null, contact_id: c.contact.id, channel_id: c.channel.id }, ++db.seq);
  return rowOf(c);
}

/** The visitor reads, types and answers, so that the live parts can be looked at. */
function visitorAnswers(c) {
  setTimeout(() => {
    c.visitor_read = c.seq;
    tell("read.moved", { conversation_id: c.id, side: "visitor", seq: c.seq }, ++db.seq);
  }, 900);
  setTimeout(() => tell("typing", { conversation_id: c.id, author: { kind: "visitor" } }), 1800);
  setTimeout(() => {
    const last = c.messages.findLast((m) => m.author.kind === "visitor");
    append(c, { author: last.author, text: "Thank you, that helps! One more thing: does this also hold for the second order?", tier: last.tier, method: last.method, key: last.key, session: last.session });
  }, 4200);
}

const problem = (status, code, detail = "") => ({ status, body: { type: "about:blank", title: code, status, code, detail, request_id: `req_${randomBytes(8).toString("hex")}` } });
const ok = (body, status = 200) => ({ status, body });
const none = { status: 204 };
const me = () => ok({ agent: agent(), workspace: "main", rights: rights[knobs.role].split(" "), expires_at: new Date(Date.now() + 12 * 3600e3).toISOString(), seq: db.seq });

const inView = (c, v) => ({ open: c.status === "open", mine: c.status === "open" && c.assignee?.id === agent().id, unassigned: c.status === "open" && !c.assignee, snoozed: c.status === "snoozed", closed: c.status === "closed" })[v];

const key = (kid) => db.keys.find((k) => k.id === kid);
const fingerprint = () => randomBytes(8).toString("hex").replace(/(....)(?=.)/g, "$1-");

// :: "METHOD /path" → (params, body, query) → answer
const routes = {
  "POST /setup/check": (_, b) => (b.token === "good" ? ok({ email: "ines.alvarez@northwind.example", name: "", role: "owner", workspace: "main" }) : problem(403, "link_refused")),
  "POST /setup": () => ((knobs.in = true), me()),
  "POST /sign-in": (_, b) => (b.password === "wrong" ? problem(401, "sign_in_refused") : b.password === "many" ? problem(429, "too_many") : ((knobs.in = true), me())),
  "POST /sign-out": () => ((knobs.in = false), none),
  "GET /me": () => (knobs.in ? me() : problem(401, "session_ended")),
  "GET /logins": () => ok({ logins: db.logins }),
  "DELETE /logins/:id": (p) => ((db.logins = db.logins.filter((l) => l.id !== p.id)), none),
  "GET /counts": () => ok(Object.fromEntries(["open", "mine", "unassigned", "snoozed", "closed"].map((v) => [v, db.conversations.filter((c) => inView(c, v)).length]))),
  "GET /conversations": (_, __, q) => {
    let found = db.conversations.filter((c) => inView(c, q.get("view") || "open"));
    if (q.get("tier")) found = found.filter((c) => c.tier === q.get("tier"));
    if (q.get("channel")) found = found.filter((c) => c.channel.id === q.get("channel"));
    const text = (q.get("q") || "").toLowerCase();
    if (text) found = found.filter((c) => (c.contact.label + c.preview).toLowerCase().includes(text));
    found.sort((a, b) => b.last_at.localeCompare(a.last_at));
    const from = Number(q.get("cursor") || 0);
    return ok({ conversations: found.slice(from, from + 30).map(rowOf), ...(found.length > from + 30 ? { next: String(from + 30) } : {}) });
  },
  "GET /conversations/:id": (p) => find(p.id, (c) => ok(rowOf(c))),
  "PATCH /conversations/:id": (p, b) =>
    find(p.id, (c) => {
      const patch = {};
      if (b.status) Object.assign(patch, { status: b.status, snoozed_until: b.status === "snoozed" ? b.snoozed_until : null });
      if ("assignee" in b) {
        const who = b.assignee === "me" ? agent() : db.agents.find((a) => a.id === b.assignee);
        patch.assignee = b.assignee ? { id: who.id, name: who.name } : null;
      }
      return ok(update(c, patch));
    }),
  "GET /conversations/:id/messages": (p, _, q) =>
    find(p.id, (c) => {
      const before = Number(q.get("before")) || Infinity;
      const older = c.messages.filter((m) => m.seq < before);
      return ok({ messages: older.slice(-30), more: older.length > 30 });
    }),
  "POST /conversations/:id/messages": (p, b) =>
    find(p.id, (c) => {
      if (b.text.includes("fail")) return problem(500, "internal");
      const same = c.messages.find((m) => m.client_id === b.client_id);
      if (same) return ok(same, 201);
      const who = agent();
      const m = append(c, { author: { kind: "agent", id: who.id, name: who.name }, text: b.text, client_id: b.client_id, note: !!b.note });
      if (!b.note) visitorAnswers(c);
      return ok(m, 201);
    }),
  "POST /conversations/:id/read": (p, b) =>
    find(p.id, (c) => {
      c.agents_read = Math.max(c.agents_read, b.seq);
      tell("read.moved", { conversation_id: c.id, side: "agent", seq: b.seq }, ++db.seq);
      return none;
    }),
  "POST /conversations/:id/typing": () => none,
  "GET /contacts/:id": (p) => (db.contacts[p.id] ? ok({ ...db.contacts[p.id], conversations: db.conversations.filter((c) => c.contact.id === p.id).map(rowOf) }) : problem(404, "not_found")),
  "POST /contacts/:id/block": (p, b) => {
    Object.assign(db.contacts[p.id], { blocked: b.blocked, ...(b.blocked ? { sessions: [] } : {}) });
    return none;
  },
  "DELETE /contacts/:id/sessions": (p) => {
    const ended = db.contacts[p.id].sessions.length;
    db.contacts[p.id].sessions = [];
    return ok({ ended });
  },
  "DELETE /contacts/:id/sessions/:sid": (p) => ((db.contacts[p.id].sessions = db.contacts[p.id].sessions.filter((s) => s.id !== p.sid)), none),
  "GET /channels": () => ok({ channels: db.channels }),
  "POST /channels": (_, b) => {
    if (db.channels.some((c) => c.slug === b.slug)) return problem(409, "conflict", "The slug or an alias already names another channel.");
    const enforcement = Object.fromEntries((b.platforms ?? ["web"]).map((p) => [p, b.enforcement ?? "observe"]));
    const made = { id: id("chn"), slug: b.slug, name: b.name || b.slug, aliases: b.aliases ?? [], realm: "main", enforcement, minimum_tier: "anonymous", origins: [], appearance: { accent: "#3451d1", team: "", greeting: "" }, created_at: now() };
    db.channels.push(made);
    return ok(made, 201);
  },
  "GET /channels/:id": (p) => oneOf(db.channels, p.id, ok),
  "PUT /channels/:id": (p, b) => oneOf(db.channels, p.id, (c) => ok(Object.assign(c, b))),
  "PUT /channels/:id/enforcement": (p, b) =>
    oneOf(db.channels, p.id, (c) => {
      const was = c.enforcement[b.platform];
      c.enforcement[b.platform] = b.enforcement;
      return ok({ ended: b.enforcement === "enforce" && was !== "enforce" ? 7 : 0 });
    }),
  "GET /channels/:id/keys": (p) => ok({ keys: db.keys.filter((k) => k.channel === p.id) }),
  "POST /channels/:id/keys": (p, b) => {
    if (b.secret !== undefined && b.secret.length < 16 && !b.insist) return problem(422, "request_invalid", "The secret is shorter than 16 bytes.");
    const made = { id: id("key"), channel: p.id, name: b.name, state: "pending", dialect: b.dialect, signs: b.signs, platforms: b.platforms, fingerprint: fingerprint(), imported: !!b.secret, reveal: b.reveal ?? "once", created_at: now(), created_by: `agent:${agent().id}`, live_sessions: 0 };
    db.keys.unshift(made);
    return ok({ key: made, ...(b.secret ? {} : { secret: randomBytes(32).toString("hex") }) }, 201);
  },
  "POST /keys/:id/rotate": (p, b) =>
    oneOf(db.keys, p.id, (k) => {
      Object.assign(k, { state: "retiring", ends_at: new Date(Date.now() + (b.overlap_hours ?? 168) * 3600e3).toISOString() });
      const made = { ...k, id: id("key"), name: b.name || `${k.name} (${now().slice(0, 10)})`, state: "pending", fingerprint: fingerprint(), imported: false, created_at: now(), ends_at: undefined, last_used_at: undefined, live_sessions: 0 };
      db.keys.unshift(made);
      return ok({ key: made, secret: randomBytes(32).toString("hex") });
    }),
  "PATCH /keys/:id": (p, b) => oneOf(db.keys, p.id, (k) => (Object.assign(k, { name: b.name }), none)),
  "POST /keys/:id/reveal": (p) => oneOf(db.keys, p.id, (k) => (k.reveal === "request" ? ok({ secret: randomBytes(32).toString("hex") }) : problem(409, "conflict"))),
  "POST /keys/:id/sign-by": (p, b) => oneOf(db.keys, p.id, (k) => (Object.assign(k, { sign_by: b.at }), none)),
  "POST /keys/:id/extend": (p, b) => oneOf(db.keys, p.id, (k) => (Object.assign(k, { ends_at: b.ends_at }), none)),
  "GET /keys/:id/impact": (p, _, q) =>
    oneOf(db.keys, p.id, (k) => {
      const cut = q.get("since") ? { cut: { links: 3, claims: 2, attributes: 1, conversations: 5, messages: 14, at_least: false } } : {};
      return ok({ live_sessions: k.live_sessions, origins: k.live_sessions ? [{ origin: "https://shop.example", live_sessions: k.live_sessions }] : [], ...cut });
    }),
  "GET /keys/:id/compromise": (p, _, q) =>
    oneOf(db.keys, p.id, (k) => {
      const first = db.conversations[0];
      const contact = { id: first.contact.id, label: first.contact.label, kind: "claimed" };
      const found = {
        links: [{ contact, name: "user_id", value: "u-4711", fate: "cut", at: now() }],
        attributes: [{ contact, name: "plan", value: '"gold"', fate: "claimed", at: now() }],
        conversations: [{ contact, conversation_id: first.id, messages: 3, fate: "marked", at: now() }],
      }[q.get("kind") || "links"];
      return ok({ since: k.compromised_since ?? now(), cut: { links: 1, claims: 0, attributes: 1, conversations: 1, messages: 3, done: true }, findings: found ?? [] });
    }),
  "POST /keys/:id/finish": (p) => oneOf(db.keys, p.id, (k) => endKey(k, { state: "retired", ends_at: now() })),
  "POST /keys/:id/revoke": (p, b) =>
    oneOf(db.keys, p.id, (k) => endKey(k, { state: "revoked", revoked_at: now(), ...(b.compromised_since ? { compromised_since: b.compromised_since } : {}) })),
  "GET /agents": () => ok({ agents: db.agents }),
  "POST /agents": (_, b) => {
    if (db.agents.some((a) => a.email === b.email)) return problem(409, "conflict", "This address is taken by a colleague.");
    const made = { id: id("agt"), email: b.email, name: "", role: b.role, joined: false, created_at: now() };
    db.agents.push(made);
    return ok({ agent: made, link: `http://127.0.0.1:${port}/console/setup#${randomBytes(32).toString("hex")}` }, 201);
  },
  "PATCH /agents/:id": (p, b) => oneOf(db.agents, p.id, (a) => ok(Object.assign(a, b))),
  "DELETE /agents/:id": (p) => ((db.agents = db.agents.filter((a) => a.id !== p.id)), none),
  "GET /tokens": () => ok({ tokens: db.tokens }),
  "POST /tokens": (_, b) => {
    const made = { id: id("tok"), name: b.name, scopes: b.scopes, created_by: agent().id, created_at: now() };
    db.tokens.unshift(made);
    return ok({ token: made, secret: `cst_${randomBytes(32).toString("base64url")}` }, 201);
  },
  "DELETE /tokens/:id": (p) => oneOf(db.tokens, p.id, (k) => ((k.revoked_at = now()), none)),
  "GET /audit": (_, __, q) => {
    let found = db.audit;
    if (q.get("action")) found = found.filter((e) => e.action === q.get("action"));
    if (q.get("channel")) found = found.filter((e) => e.channel === q.get("channel"));
    const from = Number(q.get("cursor") || 0);
    return ok({ entries: found.slice(from, from + 50), ...(found.length > from + 50 ? { next: String(from + 50) } : {}) });
  },
};

function endKey(k, change) {
  const ended = k.live_sessions;
  Object.assign(k, change, { live_sessions: 0 });
  return ok({ sessions_ended: ended });
}

const oneOf = (list, wanted, then) => {
  const found = list.find((x) => x.id === wanted);
  return found ? then(found) : problem(404, "not_found");
};
const find = (cid, then) => oneOf(db.conversations, cid, then);

function match(method, path) {
  for (const [route, serve] of Object.entries(routes)) {
    const [m, pattern] = route.split(" ");
    const want = pattern.split("/");
    const have = path.split("/");
    if (m !== method || want.length !== have.length) continue;
    const params = {};
    if (want.every((w, i) => (w.startsWith(":") ? ((params[w.slice(1)] = decodeURIComponent(have[i])), true) : w === have[i]))) return { serve, params };
  }
}

async function api(req, res, url) {
  const path = url.pathname.slice("/api/v1/console".length);
  if (path === "/stream") return stream(req, res);
  if (knobs.slow) await new Promise((r) => setTimeout(r, knobs.slow));
  let body = "";
  for await (const chunk of req) body += chunk;
  const found = match(req.method, path);
  const open = ["/me", "/sign-in", "/setup", "/setup/check"].includes(path);
  let answer;
  if (!open && !knobs.in) answer = problem(401, "session_ended");
  else if (knobs.fail && !open) answer = problem(knobs.fail, "internal");
  else answer = found ? found.serve(found.params, body ? JSON.parse(body) : {}, url.searchParams) : problem(404, "not_found");
  res.writeHead(answer.status, answer.body ? { "Content-Type": answer.status >= 400 ? "application/problem+json" : "application/json" } : {});
  res.end(answer.body ? JSON.stringify(answer.body) : undefined);
}

function stream(req, res) {
  res.writeHead(knobs.in ? 200 : 401, { "Content-Type": "text/event-stream" });
  if (!knobs.in) return res.end();
  res.write(": open\n\n");
  streams.add(res);
  const beat = setInterval(() => res.write(": beat\n\n"), 20_000);
  req.on("close", () => (clearInterval(beat), streams.delete(res)));
}

function set(url) {
  for (const [name, value] of url.searchParams) {
    if (name === "end") {
      knobs.in = false;
      tell("end", { code: "session_ended" });
    } else if (name === "drop") for (const res of streams) res.destroy();
    else if (name === "empty") db.conversations.length = 0;
    else if (name === "say") append(db.conversations[0], { ...db.conversations[0].messages.find((m) => m.author.kind === "visitor"), id: id("msg"), seq: ++db.seq, text: value, at: now() });
    else knobs[name] = name === "role" ? value : Number(value);
  }
}

function forward(req, res) {
  const to = new URL(req.url, process.env.API);
  const call = request(to, { method: req.method, headers: { ...req.headers, host: to.host } }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.pipe(res);
    answer.on("close", () => res.destroy()); // a server that dies ends its streams without a word
  });
  call.on("error", () => res.destroy());
  res.on("close", () => call.destroy());
  req.pipe(call);
}

createServer(async (req, res) => {
  const url = new URL(req.url, `http://127.0.0.1:${port}`);
  try {
    if (process.env.API && !url.pathname.startsWith("/console") && !url.pathname.startsWith("/assets/console.")) return forward(req, res);
    if (url.pathname.startsWith("/api/v1/console/")) return await api(req, res, url);
    if (url.pathname === "/dev/set") return set(url), res.writeHead(204).end();
    if (url.pathname.startsWith("/assets/")) {
      const name = url.pathname.slice("/assets/".length);
      if (name === "console.css" || !built) built = face();
      const bytes = (await built)[name];
      res.writeHead(bytes ? 200 : 404, { "Content-Type": name.endsWith(".css") ? "text/css" : "text/javascript", ETag: bytes ? `"${createHash("sha256").update(bytes).digest("hex")}"` : "" });
      return res.end(bytes);
    }
    res.writeHead(url.pathname.startsWith("/console") ? 200 : 302, url.pathname.startsWith("/console") ? { "Content-Type": "text/html", "Content-Security-Policy": policy } : { Location: "/console/" });
    res.end(page);
  } catch (failure) {
    console.error(failure);
    res.headersSent ? res.destroy() : res.writeHead(500).end(String(failure));
  }
}).listen(port, "127.0.0.1", () => console.log(`console double: http://127.0.0.1:${port}/console/  (${join(root, "console")})`));
