// What a list shows after something happened, as pure functions: which view a
// conversation belongs to, where in the list it stands, how the counts move and
// how messages of several sources (page, stream, own outbox) become one thread.

import type { Counts, Message, Row, Tier, ViewName } from "../types";

export interface Query {
  view: ViewName;
  tier: Tier | "imported" | "";
  channel: string;
  q: string;
}

export const VIEWS: ViewName[] = ["open", "mine", "unassigned", "snoozed", "closed"];

export function inView(row: Row, view: ViewName, me: string): boolean {
  switch (view) {
    case "open":
      return row.status === "open";
    case "mine":
      return row.status === "open" && row.assignee?.id === me;
    case "unassigned":
      return row.status === "open" && !row.assignee?.id;
    case "snoozed":
      return row.status === "snoozed";
    case "closed":
      return row.status === "closed";
  }
}

/** Whether a row belongs under a query. What a search finds only the server knows: null. */
export function belongs(row: Row, query: Query, me: string): boolean | null {
  if (!inView(row, query.view, me)) return false;
  if (query.tier && (query.tier === "imported" ? row.contact.kind : row.tier) !== query.tier) return false;
  if (query.channel && row.channel.id !== query.channel) return false;
  return query.q ? null : true;
}

/** Newest first; the id breaks ties as it does in the server's keyset. */
export function compareRows(a: Row, b: Row): number {
  const apart = Date.parse(b.last_at) - Date.parse(a.last_at);
  if (apart) return apart;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/**
 * The ids of a list after `row` changed. A row older than everything loaded stays
 * out unless the list is complete: a later page will bring it.
 */
export function placeRow(
  ids: string[],
  row: Row,
  fits: boolean | null,
  complete: boolean,
  rowOf: (id: string) => Row | undefined,
): string[] {
  const present = ids.includes(row.id);
  if (fits === false) return present ? ids.filter((id) => id !== row.id) : ids;
  if (fits === null && !present) return ids;
  const rest = present ? ids.filter((id) => id !== row.id) : ids;
  let at = rest.findIndex((id) => {
    const other = rowOf(id);
    return other !== undefined && compareRows(row, other) < 0;
  });
  if (at === -1) {
    if (!present && !complete) return ids;
    at = rest.length;
  }
  const next = [...rest.slice(0, at), row.id, ...rest.slice(at)];
  return next.every((id, i) => id === ids[i]) && next.length === ids.length ? ids : next;
}

/** Counts after one row went from `before` (undefined: was not there) to `after`. */
export function countsAfter(counts: Counts, before: Row | undefined, after: Row, me: string): Counts {
  const next = { ...counts };
  for (const view of VIEWS) {
    const was = before ? inView(before, view, me) : false;
    const is = inView(after, view, me);
    if (was !== is) next[view] = Math.max(0, next[view] + (is ? 1 : -1));
  }
  return next;
}

/** What a new message changes in its conversation's row. A replayed one changes nothing. */
export function rowAfterMessage(row: Row, message: Message): Row {
  if (message.note || message.seq <= row.seq) return row;
  const byVisitor = message.author.kind === "visitor";
  return {
    ...row,
    seq: message.seq,
    last_at: message.at,
    last_author: message.author.kind,
    preview: previewOf(message),
    unread: byVisitor ? row.unread + 1 : row.unread,
    tier: byVisitor && message.tier ? message.tier : row.tier,
  };
}

/** A message without words is called by its first file, as the server does. */
function previewOf(message: Message): string {
  const [first, ...more] = message.files ?? [];
  const words = message.text || !first ? message.text : `\u{1F4CE} ${first.name}${more.length ? ` +${more.length}` : ""}`;
  return words.replace(/\s+/g, " ").trim().slice(0, 140);
}

/** Messages of two sources as one list in the log's order, each once. Fields that one source lacks are kept from the other. */
export function mergeMessages(have: Message[], more: Message[]): Message[] {
  if (more.length === 0) return have;
  const byId = new Map<string, Message>();
  for (const message of have) byId.set(message.id, message);
  for (const message of more) byId.set(message.id, { ...byId.get(message.id), ...defined(message) });
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}

function defined(message: Message): Message {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as unknown as Message;
}
