// The visitor's conversations as the list shows them, kept up to date by events. An event may come twice, or tell what a
// list already told: sequences decide, so applying it again changes nothing.
import type { Conversation, Message, ReadMoved } from "../protocol/wire";
import type { StreamEvent } from "../shared/stream";

export type Threads = Map<string, Conversation>; // :: conversation id → conversation

// merge takes the server's word, except where an event has already told of something later.
export function merge(threads: Threads, list: Conversation[]): Threads {
  const next = new Map(threads);
  for (const c of list) {
    const known = next.get(c.id);
    next.set(c.id, known && known.seq > c.seq ? { ...c, ...known } : { ...known, ...c });
  }
  return next;
}

// apply returns the same map if the event changes nothing in the list.
export function apply(threads: Threads, e: StreamEvent): Threads {
  if (e.kind === "message.created") return message(threads, { ...(e.data as Message), seq: e.seq ?? (e.data as Message).seq });
  if (e.kind === "read.moved") return read(threads, e.data as ReadMoved);
  if (e.kind.startsWith("conversation.")) return changed(threads, e.data as Partial<Conversation>);
  return threads;
}

// seen moves the visitor's mark along with what arrives in the thread that they are looking at.
export function seen(threads: Threads, e: StreamEvent, watched: string): Threads {
  if (e.kind !== "message.created" || !watched || (e.data as Message).conversation_id !== watched) return threads;
  return apply(threads, { kind: "read.moved", data: { conversation_id: watched, side: "visitor", seq: threads.get(watched)?.seq ?? 0 } });
}

export function unreadOf(threads: Threads): number {
  let n = 0;
  for (const c of threads.values()) n += c.unread;
  return n;
}

export function newestFirst(threads: Threads): Conversation[] {
  return [...threads.values()].sort((a, b) => (a.last_at < b.last_at ? 1 : a.last_at > b.last_at ? -1 : 0));
}

function message(threads: Threads, m: Message): Threads {
  const before = threads.get(m.conversation_id) ?? blank(m);
  if (m.seq <= before.seq) return threads;
  const mine = m.author.kind === "visitor";
  const after: Conversation = {
    ...before,
    seq: m.seq,
    last_at: m.at,
    last_author: mine ? "visitor" : m.author.kind === "system" ? "system" : "agent",
    preview: Array.from(m.text || m.files?.[0]?.name || "").slice(0, 140).join(""),
    // Who writes has read what stood above.
    visitor_read: mine ? m.seq : before.visitor_read,
    unread: mine ? 0 : before.unread + (m.seq > before.visitor_read ? 1 : 0),
  };
  return new Map(threads).set(m.conversation_id, after);
}

function read(threads: Threads, r: ReadMoved): Threads {
  const c = threads.get(r.conversation_id);
  if (!c) return threads;
  const side = r.side === "visitor" ? "visitor_read" : "agents_read";
  if (r.seq <= c[side]) return threads;
  const after = { ...c, [side]: r.seq };
  if (after.visitor_read >= after.seq) after.unread = 0;
  return new Map(threads).set(c.id, after);
}

function changed(threads: Threads, c: Partial<Conversation>): Threads {
  if (!c.id) return threads;
  const before = threads.get(c.id);
  const after = { ...(before ?? { unread: 0 }), ...c } as Conversation;
  if (!after.assignee) delete after.assignee;
  if (before && before.seq > after.seq) Object.assign(after, { seq: before.seq, preview: before.preview, last_at: before.last_at, last_author: before.last_author });
  return new Map(threads).set(c.id, after);
}

function blank(m: Message): Conversation {
  return {
    id: m.conversation_id, status: "open", created_at: m.at, last_at: m.at, preview: "", last_author: "visitor",
    unread: 0, seq: 0, agents_read: 0, visitor_read: 0,
  };
}
