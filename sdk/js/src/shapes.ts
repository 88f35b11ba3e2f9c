// What a server says is taken apart before anybody believes it: a value of another shape than ours is no value.
import { ApiError } from "../../../web/shared/api";
import type { Conversation, Events, File, Message, Tier } from "../headless.js";

type Row = Record<string, unknown>;

function row(value: unknown): Row | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0);
const id = (value: unknown): string => (typeof value === "string" && /^[\w-]{1,128}$/.test(value) ? value : "");
const tier = (value: unknown): Tier => (value === "verified" || value === "claimed" ? value : "anonymous");

function named(value: unknown): { name?: string } {
  const name = text(row(value)?.name);
  return name ? { name } : {};
}

export function fileOf(value: unknown): File | undefined {
  const r = row(value);
  if (!r || !id(r.id)) return undefined;
  const file = { id: id(r.id), name: text(r.name), media_type: text(r.media_type), size: count(r.size) };
  return count(r.width) && count(r.height) ? { ...file, width: count(r.width), height: count(r.height) } : file;
}

const authors = ["visitor", "agent", "bot", "system"] as const;

export function messageOf(value: unknown, seq?: number): Message | undefined {
  const r = row(value);
  const kind = authors.find((k) => k === row(r?.author)?.kind);
  const at = seq ?? count(r?.seq);
  if (!r || !kind || !id(r.id) || !id(r.conversation_id) || !at) return undefined;
  const files = list(r.files, fileOf);
  return {
    id: id(r.id), conversation_id: id(r.conversation_id), seq: at, author: { kind, ...named(r.author) }, text: text(r.text),
    client_id: text(r.client_id), tier: tier(r.tier), at: text(r.at), ...(files.length ? { files } : {}),
  };
}

export function conversationOf(value: unknown): Conversation | undefined {
  const r = row(value);
  if (!r || !id(r.id)) return undefined;
  const by = r.last_author === "agent" || r.last_author === "system" ? r.last_author : "visitor";
  const { name } = named(r.assignee);
  return {
    id: id(r.id), status: text(r.status), created_at: text(r.created_at), last_at: text(r.last_at), preview: text(r.preview), last_author: by,
    unread: count(r.unread), seq: count(r.seq), agents_read: count(r.agents_read), visitor_read: count(r.visitor_read), ...(name ? { assignee: { name } } : {}),
  };
}

// changeOf is what an event says of a conversation: how much is unread is counted here, and not told.
export function changeOf(value: unknown): Omit<Conversation, "unread"> | undefined {
  const { unread: _, ...change } = conversationOf(value) ?? {};
  return "id" in change ? (change as Omit<Conversation, "unread">) : undefined;
}

export function readOf(value: unknown): Events["read"] | undefined {
  const r = row(value);
  if (!r || !id(r.conversation_id) || !count(r.seq)) return undefined;
  return { conversation_id: id(r.conversation_id), side: r.side === "visitor" ? "visitor" : "agent", seq: count(r.seq) };
}

export function typingOf(value: unknown): Events["typing"] | undefined {
  const r = row(value);
  if (!r || !id(r.conversation_id)) return undefined;
  return { conversation_id: id(r.conversation_id), author: { kind: text(row(r.author)?.kind), ...named(r.author) } };
}

export interface Facts {
  tier: Tier;
  method: string;
  name: string;
  expiresAt: string;
  lane: string;
  seq: number;
  claimed: boolean; // threads of this visitor became this person's
  token: string;
  visitor: string; // secret of a new visitor
}

export function factsOf(value: unknown): Facts | undefined {
  const r = row(value);
  if (!r || !text(r.lane) || !Date.parse(text(r.expires_at))) return undefined;
  return {
    tier: tier(r.tier), method: text(r.method), name: text(r.name), expiresAt: text(r.expires_at), lane: text(r.lane), seq: count(r.seq),
    claimed: count(r.claimed) > 0, token: text(r.session), visitor: text(r.visitor_token),
  };
}

export function list<T>(value: unknown, shape: (one: unknown) => T | undefined): T[] {
  return Array.isArray(value) ? value.map((one: unknown) => shape(one)).filter((one) => one !== undefined) : [];
}

export function members(value: unknown): Row {
  return row(value) ?? {};
}

// sure is for an answer that is worth nothing without its value.
export function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new ApiError({ code: "not_ours", status: 502 });
  return value;
}

// known is an id as it may stand in an address: nothing that leads elsewhere.
export function known(given: string): string {
  if (!id(given)) throw new ApiError({ code: "not_found", status: 404 });
  return given;
}
