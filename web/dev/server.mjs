// A stand-in for the HTTP API, so that the messenger can be worked on and photographed without the server. It keeps
// everything in memory, verifies nothing (a hash is right if it reads "good") and is never part of a binary.
//
//	node dev/server.mjs [--port 4000] [--dist DIR]     the chat; a site that embeds it answers on the next port
//
// The site: /?user=ada&hash=good&channel=shop&lang=ar&theme=dark&site=…  POST /dev/<order> plays the other side.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({ options: { port: { type: "string", default: "4000" }, dist: { type: "string" } } });
const port = Number(flags.port);
const dist = flags.dist ?? join(dirname(fileURLToPath(import.meta.url)), "../dist");
const media = { ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

const channels = {
  shop: { name: "Demo Shop", team: "Shop team", greeting: "How can we help you today?", accent: "#3451d1", online: true, enforce: false },
  lemon: { name: "Lemon", team: "Lemon", greeting: "Sour, but quick.", accent: "#ffd54a", online: false, enforce: false },
  strict: { name: "Strict Shop", team: "Support", greeting: "", accent: "#0f766e", online: true, enforce: true },
};
const visitors = new Map(); // :: token → {id, anonymous contact}
const sessions = new Map(); // :: token → {id, contact, lane, visitor, …}
const conversations = new Map(); // :: id → conversation with messages
const streams = new Set();
const log = [];
let seq = 0;
let down = false;
let lifeSeconds = 24 * 3600;
let delayMs = 0;
export const counts = { sessions: 0, streams: 0 };

const id = (kind) => `${kind}_${randomBytes(6).toString("hex")}`;
const problem = (status, code) => ({ status, body: { type: `/errors/${code}`, title: code, status, code, detail: "", request_id: id("req") } });

function append(kind, contact, data) {
  const e = { seq: ++seq, kind, contact, data };
  log.push(e);
  for (const s of streams) if (s.contact === contact) s.write(e);
  return e;
}

const facts = (s) => ({
  session_id: s.id, tier: s.tier, method: s.tier === "verified" ? "hmac" : "", expires_at: s.expires_at, lane: s.lane, visitor: s.visitor,
  notice: s.notice, name: s.name, seq, claim: s.claim,
});
const shown = ({ messages: _, contact: __, ...c }) => ({ ...c, unread: _.filter((m) => m.author.kind !== "visitor" && m.seq > c.visitor_read).length });

function openSession(body) {
  const channel = channels[body.channel];
  if (!channel) return problem(404, "channel_unknown");
  const a = body.assertion;
  const good = a?.hash === "good" || a?.jwt?.startsWith("good");
  if (body.replaces) end(body.replaces, "session_ended");
  if (channel.enforce && a && !good) return problem(403, a.hash || a.jwt ? "identity_refused" : "identity_required");
  let token = body.visitor_token;
  const fresh = !visitors.has(token);
  if (fresh) visitors.set((token = randomBytes(32).toString("hex")), { id: id("vis") });
  const visitor = visitors.get(token);
  const who = a && `${a.user_id ?? a.email ?? a.jwt}`;
  const tier = !a ? "anonymous" : good ? "verified" : "claimed";
  const contact = tier === "verified" ? `person:${who}` : tier === "claimed" ? `claim:${visitor.id}:${who}` : `visitor:${visitor.id}`;
  const session = {
    id: id("ses"), contact, tier, visitor: visitor.id, lane: Buffer.from(`${visitor.id}|${contact}`).toString("base64url"), visitorToken: token,
    expires_at: new Date(Date.now() + lifeSeconds * 1000).toISOString(), notice: tier === "claimed" ? "unverified" : "", name: a?.name, channel,
  };
  const waiting = tier === "verified" && [...conversations.values()].find((c) => c.contact === `visitor:${visitor.id}`);
  if (waiting) session.claim = { last_at: waiting.last_at };
  const secret = randomBytes(32).toString("hex");
  sessions.set(secret, session);
  counts.sessions++;
  return { status: 201, body: { session: secret, ...(fresh ? { visitor_token: token } : {}), ...facts(session) } };
}

function end(token, code) {
  const s = sessions.get(token);
  if (!s) return;
  sessions.delete(token);
  for (const stream of [...streams]) if (stream.session === s.id) stream.end(code);
}

function say(c, author, text, clientId = "", tier = "verified") {
  const known = clientId && c.messages.find((m) => m.client_id === clientId);
  if (known) return known;
  const message = { id: id("msg"), conversation_id: c.id, author, text, client_id: clientId, tier, at: new Date().toISOString() };
  const e = append("message.created", c.contact, message);
  message.seq = e.seq;
  c.messages.push(message);
  Object.assign(c, { seq: e.seq, last_at: message.at, preview: text.slice(0, 140), last_author: author.kind });
  if (author.kind === "visitor") c.visitor_read = e.seq;
  else c.agents_read = e.seq;
  return message;
}

function begin(contact) {
  const c = {
    id: id("con"), status: "open", created_at: new Date().toISOString(), last_at: new Date().toISOString(), preview: "", last_author: "visitor",
    seq: 0, agents_read: 0, visitor_read: 0, contact, messages: [],
  };
  conversations.set(c.id, c);
  append("conversation.created", contact, { ...shown(c), unread: undefined });
  return c;
}

function visitorCall(method, path, query, body, s, token) {
  if (path === "/sessions/current") {
    if (method === "GET") return { status: 200, body: facts(s) };
    for (const [t, other] of [...sessions]) if (other.lane === s.lane) end(t, "session_ended");
    visitors.delete(s.visitorToken);
    return { status: 204 };
  }
  if (path === "/sessions/current/claim") {
    let moved = 0;
    for (const c of conversations.values()) if (c.contact === `visitor:${s.visitor}`) (c.contact = s.contact), moved++;
    s.claim = undefined;
    return { status: 200, body: { moved } };
  }
  if (path === "/conversations" && method === "GET") {
    const mine = [...conversations.values()].filter((c) => c.contact === s.contact).sort((a, b) => b.seq - a.seq);
    const from = Number(query.get("cursor") ?? 0);
    return { status: 200, body: { conversations: mine.slice(from, from + 10).map(shown), ...(mine.length > from + 10 ? { next: String(from + 10) } : {}) } };
  }
  if (path === "/conversations") {
    const again = [...conversations.values()].find((c) => c.contact === s.contact && c.messages[0]?.client_id === body.client_id);
    const c = again ?? begin(s.contact);
    const message = body.text ? say(c, { kind: "visitor" }, body.text, body.client_id, s.tier) : undefined;
    return { status: 201, body: { ...shown(c), message } };
  }
  const [, cid, rest] = /^\/conversations\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  const c = conversations.get(cid);
  if (!c || c.contact !== s.contact) return problem(404, "not_found");
  if (rest === "messages" && method === "POST") {
    if (body.text.includes("refuse me")) return problem(422, "request_invalid");
    return { status: 201, body: say(c, { kind: "visitor" }, body.text, body.client_id, s.tier) };
  }
  if (rest === "messages") {
    const before = Number(query.get("before") ?? Infinity);
    const limit = Number(query.get("limit") ?? 20);
    const older = c.messages.filter((m) => m.seq < before);
    return { status: 200, body: { messages: older.slice(-limit), more: older.length > limit } };
  }
  if (rest === "read") {
    c.visitor_read = Math.max(c.visitor_read, body.seq);
    append("read.moved", c.contact, { conversation_id: c.id, side: "visitor", seq: c.visitor_read });
    return { status: 204 };
  }
  if (rest === "typing") return { status: 204 };
  return { status: 200, body: shown(c) };
}

function stream(res, s, after) {
  counts.streams++;
  res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  res.write(": open\n\n");
  const entry = {
    contact: s.contact, session: s.id,
    write: (e) => res.write(`${e.seq ? `id: ${e.seq}\n` : ""}event: ${e.kind}\ndata: ${JSON.stringify(e.data)}\n\n`),
    end: (code) => (res.write(`event: end\ndata: ${JSON.stringify({ code })}\n\n`), res.end()),
    cut: () => res.destroy(),
  };
  for (const e of log) if (e.seq > after && e.contact === s.contact) entry.write(e);
  streams.add(entry);
  const beat = setInterval(() => res.write(": beat\n\n"), 20_000);
  res.on("close", () => (streams.delete(entry), clearInterval(beat)));
}

const latest = (c) => conversations.get(c) ?? [...conversations.values()].sort((a, b) => b.seq - a.seq)[0];
const orders = {
  reply({ conversation, text, name = "Grace Hopper" }) {
    const c = latest(conversation);
    if (name) c.assignee = { name };
    append("conversation.updated", c.contact, { ...shown(c), unread: undefined });
    return say(c, { kind: "agent", name }, text);
  },
  seen({ conversation }) {
    const c = latest(conversation);
    c.agents_read = c.seq;
    append("read.moved", c.contact, { conversation_id: c.id, side: "agent", seq: c.seq });
  },
  typing({ conversation, name = "Grace Hopper" }) {
    const c = latest(conversation);
    for (const s of streams) if (s.contact === c.contact) s.write({ kind: "typing", data: { conversation_id: c.id, author: { kind: "agent", name } } });
  },
  fill({ contact, conversations: n = 1, messages = 60 }) {
    for (let i = 0; i < n; i++) {
      const c = begin(contact);
      for (let j = 0; j < messages; j++) say(c, j % 3 ? { kind: "agent", name: "Grace Hopper" } : { kind: "visitor" }, `Message ${j + 1} of conversation ${i + 1}`);
      c.visitor_read = c.seq;
    }
  },
  set(o) {
    if ("down" in o) down = o.down;
    if ("life" in o) lifeSeconds = o.life;
    if ("delay" in o) delayMs = o.delay;
  },
  cut: () => [...streams].forEach((s) => s.cut()),
  end: ({ contact }) => [...sessions].filter(([, s]) => !contact || s.contact === contact).forEach(([t]) => end(t, "session_ended")),
  counts: () => ({ ...counts, open: streams.size, live: sessions.size }),
};

function frame(res, slug) {
  const c = channels[slug];
  if (!c) return res.writeHead(404).end();
  const { "boot.js": boot } = JSON.parse(readFileSync(join(dist, "manifest.json")));
  res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy });
  res.end(`<!doctype html><html lang="en" data-channel="${slug}" data-origins=""><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${c.name}</title><script type="module" src="/${boot}"></script></head><body></body></html>`);
}

function asset(res, name) {
  try {
    const body = readFileSync(join(dist, name));
    res.writeHead(200, { "Content-Type": media[extname(name)] ?? "text/plain", "Cross-Origin-Resource-Policy": "cross-origin" }).end(body);
  } catch {
    res.writeHead(404).end();
  }
}

async function bodyOf(req) {
  let text = "";
  for await (const chunk of req) text += chunk;
  return text ? JSON.parse(text) : {};
}

const chat = createServer(async (req, res) => {
  const url = new URL(req.url, "http://x");
  const path = url.pathname;
  const answer = ({ status, body }) => res.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" }).end(body && JSON.stringify(body));
  if (path === "/v1.js" || path.startsWith("/assets/")) return asset(res, path.slice(1));
  if (path.startsWith("/frame/")) return frame(res, path.slice(7));
  if (path.startsWith("/dev/")) return answer({ status: 200, body: orders[path.slice(5)](await bodyOf(req)) ?? {} });
  const api = path.slice("/api/v1/widget".length);
  const body = await bodyOf(req);
  if (delayMs) await new Promise((done) => setTimeout(done, delayMs));
  if (down) return res.destroy();
  if (api.startsWith("/channels/")) {
    const slug = api.slice(10);
    const { enforce: _, ...c } = channels[slug] ?? {};
    return answer(channels[slug] ? { status: 200, body: { channel: slug, ...c } } : problem(404, "channel_unknown"));
  }
  if (api === "/sessions") return answer(openSession(body));
  const token = (req.headers.authorization ?? "").replace("Bearer ", "");
  const s = sessions.get(token);
  if (!s || Date.parse(s.expires_at) < Date.now()) return answer(problem(401, "session_ended"));
  if (api === "/stream") return stream(res, s, Number(url.searchParams.get("after")));
  answer(visitorCall(req.method, api, url.searchParams, body, s, token));
});

// The site is another origin, with a policy that allows the chat's script and frame and nothing else of it.
const origin = `http://127.0.0.1:${port}`;
const site = createServer((req, res) => {
  const url = new URL(req.url, "http://x");
  const q = Object.fromEntries(url.searchParams);
  if (url.pathname === "/site.js") {
    res.writeHead(200, { "Content-Type": "text/javascript" });
    return res.end(`
      window.Countersign = window.Countersign || function () { (Countersign.q = Countersign.q || []).push(arguments) };
      const q = Object.fromEntries(new URLSearchParams(location.search));
      const { channel = "shop", user, name, hash, jwt, email, open, ...rest } = q;
      Countersign("init", { channel, ...rest });
      if (user) Countersign("identify", { user_id: user, name, email, hash, jwt });
      if (open) Countersign("open");
      window.events = [];
      for (const e of ["ready", "open", "close", "unread", "verified", "claimed", "anonymous", "refused", "identityExpiring", "identityEnded"]) Countersign("on", e, (v) => events.push(v === undefined ? e : e + ":" + v));`);
  }
  if (url.pathname !== "/") return res.writeHead(404).end();
  res.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `default-src 'none'; script-src 'self' ${origin}; frame-src ${origin}; require-trusted-types-for 'script'`,
  });
  res.end(`<!doctype html><html lang="${q.lang ?? "en"}" dir="${q.dir ?? "ltr"}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>A site</title>
    <h1>A site that embeds the messenger</h1><p>${"Nothing of it is in the way. ".repeat(60)}</p>
    <script src="/site.js"></script><script async src="${origin}/v1.js"></script></html>`);
});

chat.listen(port, "127.0.0.1");
site.listen(port + 1, "127.0.0.1", () => console.log(`chat ${origin}, site http://127.0.0.1:${port + 1}/?user=ada&name=Ada&hash=good`));
