// Invented data for the console's double: the same at every start, with the awkward cases in it.
const minute = 60e3;
const hour = 60 * minute;
const day = 24 * hour;

let state = 20251103;
const random = () => ((state = (state * 1664525 + 1013904223) % 4294967296) / 4294967296);
const pick = (list) => list[Math.floor(random() * list.length)];
const idOf = (prefix) => `${prefix}_${Array.from({ length: 26 }, () => pick([..."0123456789abcdefghjkmnpqrstvwxyz"])).join("")}`;

const people = [
  "Ada Lovelace", "Grace Hopper", "Мария Склодовская", "李小龙", "فاطمة الفهري", "José Núñez", "Zoë Åkesson", "Noor van der Berg", "Kwame Mensah",
  "Oluwaseun Adébáyò", "Wolfeschlegelsteinhausenbergerdorff Maximilian-Alexander von und zu Hohenlohe-Langenburg", "Priya Raghunathan", "Tom Okafor",
  "שרה כהן", "Anneli Järvinen", "Ming", "Katarzyna Wiśniewska", "Dmitri Petrov", "Lucía Fernández", "Hassan Ali", "Emily Chen", "Björk", "Sam O'Neill",
];
const questions = [
  "Hi, my order 4711 has not arrived and the tracking page says it was delivered on Tuesday.",
  "Can I change the delivery address of an order that is already packed?",
  "The invoice has the old company name on it. Could you send a corrected one?",
  "I was charged twice for the yearly plan, see https://shop.example/orders/4712 and the one after it.",
  "How do I invite a colleague who has no seat yet?",
  "مرحبا، لم يصلني تأكيد الطلب حتى الآن. هل يمكنكم المساعدة؟",
  "שלום, אני צריכה חשבונית מס עבור ההזמנה האחרונה שלי",
  "The export stops at 10,000 rows. Is that a limit of my plan?",
  "Do you ship to Iceland?",
  "My password reset mail never arrives, I checked the spam folder as well.",
  "The box was damaged:\n\n1. the lid is cracked\n2. one glass is missing\n3. the manual is wet\n\nWhat do you need from me?",
  "supercalifragilisticexpialidocious_without_any_blank_in_it_so_that_it_has_to_be_broken_somewhere_or_it_will_push_the_layout_apart_0123456789",
];
const answers = [
  "Thanks for writing! I am looking into it right now.",
  "I have asked the carrier. They answer within two hours and I will write to you then, whatever they say.",
  "Done: the corrected invoice is on its way to your address on file.",
  "That should not happen. The second charge is already on its way back, it takes three to five days to show.",
];
const follow = ["Thank you!", "Great, that was quick.", "It still does not work on my phone.", "Perfect.", "Could you check again? I see no change.", "ok"];
const notes = [
  "Second time this month for this customer. I gave a voucher in October.",
  "Carrier says the parcel is at the depot. Waiting for the scan.",
];

const agents = [
  { id: idOf("agt"), email: "ines.alvarez@northwind.example", name: "Inés Álvarez", role: "owner", joined: true, created_at: ago(90 * day) },
  { id: idOf("agt"), email: "jonas@northwind.example", name: "Jonas Weber", role: "security", joined: true, created_at: ago(80 * day) },
  { id: idOf("agt"), email: "mei.tanaka@northwind.example", name: "Mei Tanaka", role: "agent", joined: true, created_at: ago(40 * day) },
  { id: idOf("agt"), email: "bartholomew.featherstonehaugh-cholmondeley@customer-success.northwind.example", name: "Bartholomew Featherstonehaugh-Cholmondeley", role: "agent", joined: true, created_at: ago(12 * day) },
  { id: idOf("agt"), email: "audit@kpmx.example", name: "", role: "auditor", joined: false, created_at: ago(2 * hour) },
];

function ago(ms) {
  return new Date(Date.now() - ms).toISOString();
}

const channels = [
  { id: idOf("chn"), slug: "shop", name: "Shop", aliases: ["ab12cd34"], realm: "main", enforcement: { web: "enforce", ios: "observe" }, minimum_tier: "anonymous", origins: ["https://shop.example", "https://www.shop.example"], appearance: { accent: "#0f766e", team: "Northwind support", greeting: "Hi! How can we help?" }, created_at: ago(88 * day) },
  { id: idOf("chn"), slug: "app", name: "Customer portal", aliases: [], realm: "main", enforcement: { web: "observe" }, minimum_tier: "anonymous", origins: [], appearance: { accent: "#3451d1", team: "", greeting: "" }, created_at: ago(30 * day) },
  { id: idOf("chn"), slug: "legacy-helpdesk-of-the-former-subsidiary-company", name: "Help desk of the former subsidiary, kept until the migration is through", aliases: ["f7c1e0aa-0000-4f5e-9d6d-3c2b1a098765"], realm: "legacy", enforcement: { web: "off" }, minimum_tier: "anonymous", origins: [], appearance: { accent: "#f5d90a", team: "Help desk", greeting: "" }, created_at: ago(5 * day) },
];

const keys = [
  { channel: channels[0].id, name: "Web 2025", state: "active", dialect: "native", signs: "user_id", platforms: ["web"], imported: false, created: 40 * day, used: 20e3, live: 214 },
  { channel: channels[0].id, name: "Web 2024", state: "retiring", dialect: "native", signs: "user_id", platforms: ["web"], imported: false, created: 300 * day, used: 3 * minute, live: 31, ends: -3 * day },
  { channel: channels[0].id, name: "Intercom, as it was", state: "active", dialect: "intercom", signs: "email", platforms: ["web", "ios"], imported: true, created: 60 * day, used: 2 * hour, live: 8 },
  { channel: channels[0].id, name: "iOS app", state: "pending", dialect: "native", signs: "user_id", platforms: ["ios"], imported: false, created: 1 * day, live: 0 },
  { channel: channels[0].id, name: "Leaked in CI log", state: "revoked", dialect: "native", signs: "user_id", platforms: ["web"], imported: false, created: 200 * day, used: 100 * day, live: 0, revoked: 99 * day },
  { channel: channels[1].id, name: "Portal", state: "active", dialect: "native", signs: "email", platforms: ["web"], imported: false, created: 29 * day, used: 5 * minute, live: 12 },
].map((k) => ({
  id: idOf("key"), channel: k.channel, name: k.name, state: k.state, dialect: k.dialect, signs: k.signs, platforms: k.platforms, imported: k.imported,
  fingerprint: Array.from({ length: 4 }, () => pick(["9f3a", "04bd", "c771", "e20f", "5a6b", "11d8"])).join("-"),
  created_at: ago(k.created), created_by: `agent:${agents[1].id}`, live_sessions: k.live,
  ...(k.used ? { last_used_at: ago(k.used) } : {}), ...(k.ends ? { ends_at: ago(k.ends), sign_by: ago(k.ends) } : {}), ...(k.revoked ? { revoked_at: ago(k.revoked) } : {}),
}));

const browsers = [
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
];

function person(i) {
  const tier = i % 7 === 3 ? "claimed" : i % 5 === 4 ? "anonymous" : "verified";
  const name = people[i % people.length];
  const email = `${["ada", "grace", "maria", "li", "fatima", "jose", "zoe", "noor", "kwame"][i % 9]}${i}@customer.example`;
  const key = { id: keys[0].id, name: keys[0].name };
  const proof = { method: "hmac", key, at: ago((i + 1) * 13 * minute) };
  const label = tier === "anonymous" ? "" : tier === "claimed" && i % 2 ? email : name;
  const sessions = Array.from({ length: 1 + (i % 3) }, (_, s) => ({
    id: idOf("ses"), tier, platform: s === 1 ? "ios" : "web", origin: s === 1 ? "" : "https://shop.example", user_agent: browsers[(i + s) % 3],
    created_at: ago((s + 1) * 2 * hour), seen_at: ago((s + i) * minute), expires_at: ago(-(22 - s) * hour), ...(tier === "verified" ? { method: "hmac", key } : { method: "" }),
  }));
  const attributes = tier === "anonymous" ? [] : [
    { name: "name", value: name, provenance: "claimed", method: "", at: proof.at },
    { name: "email", value: email, provenance: "claimed", method: "", at: proof.at },
    ...(tier === "verified" ? [
      { name: "plan", value: "Business", provenance: "signed", method: "jwt", key, at: proof.at },
      { name: "plan", value: "Enterprise", provenance: "claimed", method: "", at: proof.at },
      { name: "company", value: "Northwind Traders & Sons International Import-Export Gesellschaft mbH", provenance: "agent", method: "", at: proof.at },
      { name: "orders", value: 12, provenance: "claimed", method: "", at: proof.at },
    ] : []),
  ];
  return {
    tier, key,
    contact: {
      id: idOf("con"), kind: tier, label, created_at: ago((i + 2) * 3 * day), seen_at: ago(i * 7 * minute), blocked: i === 17,
      identifiers: tier === "verified" ? [{ kind: "user_id", value: String(4711 + i * 37), ...proof }] : [], attributes, sessions,
    },
  };
}

export function seed() {
  let seq = 1000;
  const contacts = {};
  let first;
  const conversations = Array.from({ length: 96 }, (_, i) => {
    const { contact, tier, key } = i % 13 === 12 ? first : person(i); // one person has many conversations
    first ??= { contact, tier, key };
    contacts[contact.id] = contact;
    const channel = pick(channels);
    const age = i < 6 ? i * 4 * minute + 20e3 : i < 20 ? i * 25 * minute : i * 5 * hour;
    const status = i < 44 ? "open" : i < 50 ? "snoozed" : "closed";
    const owner = i % 3 === 0 ? agents[0] : i % 3 === 1 ? undefined : pick(agents.slice(1, 4));
    const turns = i === 2 ? 90 : 1 + Math.floor(random() * 5);
    const session = contact.sessions[0].id;
    const said = { author: { kind: "visitor", id: contact.id }, tier, method: tier === "verified" ? "hmac" : "", ...(tier === "verified" ? { key } : {}), session };
    const messages = [];
    const push = (m, before) => messages.push({ id: idOf("msg"), conversation_id: "", seq: ++seq, client_id: idOf("cli"), note: false, tier: "", method: "", at: ago(age + before), ...m });
    const by = (a) => ({ kind: "agent", id: a.id, name: a.name });
    if (i === 0) {
      push({ ...said, tier: "anonymous", method: "", key: undefined, session: idOf("ses"), text: "Hello? Is anybody there?" }, 50 * minute);
      push({ ...said, tier: "anonymous", method: "", key: undefined, session: messages[0].session, text: "I am not logged in yet, one moment." }, 49 * minute);
      push({ author: by(agents[2]), text: "Hello! Take your time, I am here." }, 47 * minute);
    }
    for (let n = 0; n < turns; n++) {
      const back = (turns - n) * (i === 2 ? 40 * minute : 9 * minute);
      push({ ...said, text: n === 0 ? questions[i % questions.length] : pick(follow) }, back);
      if (n === 0 && i % 4 === 1) push({ ...said, text: "It is rather urgent, the customer is coming on Friday." }, back - 20e3);
      if (n < turns - 1 || i % 3 === 0) push({ author: by(owner ?? agents[2]), text: answers[(i + n) % answers.length] }, back - 4 * minute);
      if (n === 0 && i % 6 === 0) push({ author: by(agents[2]), note: true, text: notes[i % 2] }, back - 5 * minute);
    }
    if (i === 0) push({ ...said, text: "So now I am logged in. My order number is 4711, can you see it?" }, 20e3);
    const id = idOf("cnv");
    for (const m of messages) m.conversation_id = id;
    const visible = messages.filter((m) => !m.note);
    const last = visible.at(-1);
    const read = i < 9 && last.author.kind === "visitor" ? (visible.at(-2)?.author.kind === "visitor" ? (visible.at(-3)?.seq ?? 0) : (visible.at(-2)?.seq ?? 0)) : last.seq;
    return {
      id, status, created_at: messages[0].at, last_at: last.at, preview: last.text.replace(/\s+/g, " ").slice(0, 140), last_author: last.author.kind, seq: last.seq,
      agents_read: read, visitor_read: last.author.kind === "agent" ? visible.at(-2)?.seq ?? 0 : last.seq, tier, channel: { id: channel.id, slug: channel.slug, name: channel.name },
      contact: { id: contact.id, kind: contact.kind, label: contact.label, verified: tier === "verified" }, assignee: owner ? { id: owner.id, name: owner.name } : null,
      snoozed_until: status === "snoozed" ? ago(-(i - 40) * 5 * hour) : null, messages,
    };
  });
  return { seq, agents, channels, keys, contacts, conversations, logins: logins(), tokens: tokens(), audit: audit(conversations) };
}

function logins() {
  return browsers.map((user_agent, i) => ({ id: idOf("lgn"), user_agent, created_at: ago((i + 1) * 3 * hour), seen_at: ago(i * 40 * minute), expires_at: ago(-(9 - i) * hour), current: i === 0 }));
}

function tokens() {
  return [
    { id: idOf("tok"), name: "Nightly audit export", scopes: ["audit.read"], created_by: agents[1].id, created_at: ago(20 * day) },
    { id: idOf("tok"), name: "Old reporting script", scopes: ["conversations.read", "channels.read"], created_by: agents[0].id, created_at: ago(70 * day), revoked_at: ago(9 * day) },
  ];
}

function audit(conversations) {
  const person = (i) => conversations[i].contact.id;
  const refused = (reason, i) => ({ actor: "gate", action: "identity.refused", channel: channels[0].id, subject: `p_${idOf("x").slice(2, 14)}`, detail: { reason, dialect: "native", platform: "web", key: keys[0].id, origin: "https://shop.example", enforcement: i % 2 ? "observe" : "enforce", outcome: i % 2 ? "claimed" : "blocked" } });
  const kinds = [
    (i) => ({ actor: "gate", action: "session.opened", channel: channels[0].id, subject: person(i % 40), detail: { method: "hmac", key: keys[0].id, dialect: "native", platform: "web", identifier: "user_id" } }),
    (i) => refused(pick(["proof_mismatch", "proof_missing", "proof_malformed", "token_expired", "identifier_not_covered", "key_revoked"]), i),
    () => ({ actor: `agent:${agents[1].id}`, action: "key.rotated", channel: channels[0].id, subject: keys[1].id, detail: { name: "Web 2024", new: keys[0].id, overlap: "168h0m0s" } }),
    () => ({ actor: `agent:${agents[0].id}`, action: "enforcement.set", channel: channels[0].id, subject: channels[0].id, detail: { platform: "web", from: "observe", to: "enforce", ended: "7" } }),
    () => ({ actor: "cli:root", action: "owner.reset", subject: agents[0].id, detail: {} }),
    () => ({ actor: `agent:${agents[0].id}`, action: "agent.invited", subject: agents[4].id, detail: { role: "auditor" } }),
    () => ({ actor: "gate", action: "agent.sign_in_failed", subject: "", detail: { network: "203.0.113.7" } }),
    () => ({ actor: `agent:${agents[0].id}`, action: "agent.signed_in", subject: agents[0].id, detail: { network: "198.51.100.4" } }),
    (i) => ({ actor: `agent:${agents[2].id}`, action: "contact.blocked", subject: person(17), detail: { sessions: String(i % 4) } }),
    () => ({ actor: `agent:${agents[1].id}`, action: "key.revoked", channel: channels[0].id, subject: keys[4].id, detail: { name: "Leaked in CI log", compromised_since: ago(110 * day), sessions: "12" } }),
    () => ({ actor: `agent:${agents[0].id}`, action: "token.created", subject: idOf("tok"), detail: { name: "Nightly audit export", scopes: "audit.read" } }),
    () => ({ actor: "server", action: "server.started", detail: { version: "0.1.0", previous: "node-01" } }),
    () => ({ actor: "gate", action: "something.new", detail: { of: "a later version" } }),
  ];
  return Array.from({ length: 130 }, (_, i) => ({ id: `node-01jd/${4200 - i}`, at: ago(i * i * 20e3 + i * 30e3), channel: "", subject: "", ...(i < 13 ? kinds[i](i) : (random() < 0.6 ? kinds[0] : pick(kinds))(i)) }));
}
