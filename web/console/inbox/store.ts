// The inbox's rows. Each row is a signal of its own, so that a message redraws
// one line and not the list; the list is only the order of ids.

import { computed, signal, type Signal } from "@preact/signals";
import * as api from "../api";
import { problemOf, type ApiError } from "../http";
import { myId } from "../session";
import type { Counts, Row } from "../types";
import { belongs, countsAfter, placeRow, type Query } from "./reconcile";

export interface List {
  query: Query;
  ids: string[];
  next: string; // empty at the end
  phase: "loading" | "ready" | "failed";
  more: "idle" | "loading" | "failed";
  problem: ApiError | null;
}

const emptyQuery: Query = { view: "open", tier: "", channel: "", q: "" };

const rows = new Map<string, Signal<Row>>();
export const list = signal<List>({ query: emptyQuery, ids: [], next: "", phase: "loading", more: "idle", problem: null });
export const counts = signal<Counts | null>(null);

/** Raised whenever any row changes, for what is computed over all of them. */
const revision = signal(0);

export function rowSignal(id: string): Signal<Row> | undefined {
  return rows.get(id);
}

export function rowNow(id: string): Row | undefined {
  return rows.get(id)?.peek();
}

/** Open conversations with something unread that are mine or nobody's: what the title counts. */
export const waiting = computed(() => {
  void revision.value;
  let n = 0;
  for (const row of rows.values()) {
    const r = row.peek();
    const assignee = r.assignee?.id;
    if (r.status === "open" && r.unread > 0 && (!assignee || assignee === myId())) n++;
  }
  return n;
});

let loading: AbortController | null = null;

/** Rows that moved while a page was under way: it may not know of them yet. */
const changedMeanwhile = new Set<string>();

/** Take a row as the server has it now, or as an event or an own action made it. */
export function putRow(row: Row, how: { count?: boolean } = {}): void {
  const known = rows.get(row.id);
  const before = known?.peek();
  if (known) known.value = row;
  else rows.set(row.id, signal(row));
  revision.value++;
  if (how.count && counts.value) counts.value = countsAfter(counts.value, before, row, myId());
  if (loading) changedMeanwhile.add(row.id);
  place(row);
}

function place(row: Row): void {
  const now = list.peek();
  if (now.phase !== "ready") return;
  const ids = placeRow(now.ids, row, belongs(row, now.query, myId()), now.next === "", rowNow);
  if (ids !== now.ids) list.value = { ...now, ids };
}

export function patchRow(id: string, patch: Partial<Row>): void {
  const row = rowNow(id);
  if (row) putRow({ ...row, ...patch }, { count: true });
}

export async function loadList(query: Query): Promise<void> {
  loading?.abort();
  const attempt = (loading = new AbortController());
  changedMeanwhile.clear();
  const same = JSON.stringify(query) === JSON.stringify(list.peek().query);
  const kept = same && list.peek().phase === "ready" ? list.peek().ids : [];
  list.value = { query, ids: kept, next: "", phase: kept.length ? "ready" : "loading", more: "idle", problem: null };
  try {
    const page = await api.conversations({ ...query }, attempt.signal);
    if (attempt.signal.aborted) return;
    const found = page.conversations ?? [];
    for (const row of found) keep(row);
    loading = null;
    list.value = { query, ids: found.map((row) => row.id), next: page.next ?? "", phase: "ready", more: "idle", problem: null };
    for (const id of changedMeanwhile) {
      const row = rowNow(id);
      if (row) place(row);
    }
  } catch (problem) {
    if (attempt.signal.aborted) return;
    loading = null;
    // What was loaded before stays: the bar above says that it may be old.
    list.value = { ...list.peek(), phase: kept.length ? "ready" : "failed", problem: problemOf(problem) };
  }
}

export async function loadMore(): Promise<void> {
  const now = list.peek();
  if (now.phase !== "ready" || !now.next || now.more === "loading") return;
  list.value = { ...now, more: "loading" };
  try {
    const page = await api.conversations({ ...now.query, cursor: now.next });
    if (list.peek().query !== now.query) return;
    const found = page.conversations ?? [];
    for (const row of found) keep(row);
    const have = new Set(list.peek().ids);
    const ids = [...list.peek().ids, ...found.map((row) => row.id).filter((id) => !have.has(id))];
    list.value = { ...list.peek(), ids, next: page.next ?? "", more: "idle" };
  } catch {
    if (list.peek().query === now.query) list.value = { ...list.peek(), more: "failed" };
  }
}

/** A page of the list is a picture of the past: a row that has moved on since keeps its newer state. */
function keep(row: Row): void {
  const known = rows.get(row.id);
  if (!known) rows.set(row.id, signal(row));
  else if (row.seq >= known.peek().seq) known.value = row;
  revision.value++;
}

const fetching = new Map<string, { asked: Promise<Row>; again: boolean }>();

/**
 * Ask the server for one row. Whoever asks while an answer is under way waits for
 * it and causes one more, because that answer may be from before what they saw.
 */
export function fetchRow(id: string): Promise<Row> {
  const under = fetching.get(id);
  if (under) {
    under.again = true;
    return under.asked;
  }
  const asked = api
    .conversation(id)
    .then((row) => {
      putRow(row);
      return row;
    })
    .finally(() => {
      const { again } = fetching.get(id) ?? { again: false };
      fetching.delete(id);
      if (again) void fetchRow(id).catch(() => undefined);
    });
  fetching.set(id, { asked, again: false });
  return asked;
}

let recount: ReturnType<typeof setTimeout> | undefined;

/** Counts are moved at once by what is known here, and set right by the server soon after. */
export function loadCountsSoon(delay = 400): void {
  if (recount !== undefined) return;
  recount = setTimeout(() => {
    recount = undefined;
    api.counts().then(
      (now) => (counts.value = now),
      () => undefined, // the next event asks again
    );
  }, delay);
}

/** Somebody was erased, with all that they wrote: their rows go at once, and what follows them in the list comes up. */
export function dropContact(contact: string): void {
  const gone = new Set([...rows.values()].map((row) => row.peek()).filter((row) => row.contact.id === contact).map((row) => row.id));
  if (gone.size === 0) return;
  list.value = { ...list.peek(), ids: list.peek().ids.filter((id) => !gone.has(id)) };
  for (const id of gone) rows.delete(id);
  revision.value++;
}

export function forgetInbox(): void {
  loading?.abort();
  loading = null;
  changedMeanwhile.clear();
  clearTimeout(recount);
  recount = undefined;
  rows.clear();
  fetching.clear();
  counts.value = null;
  list.value = { query: emptyQuery, ids: [], next: "", phase: "loading", more: "idle", problem: null };
  revision.value++;
}
