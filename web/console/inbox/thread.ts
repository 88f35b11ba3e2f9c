// One thread: its messages, what is on its way out, who is typing. A message that
// was sent here exists first in the outbox under its client_id; the server's answer
// or the stream, whichever is first, replaces it, and the other finds it done.

import { signal, type Signal } from "@preact/signals";
import type { FileFacts } from "../../protocol/wire";
import { Backoff } from "../../shared/backoff";
import * as api from "../api";
import { problemOf, type ApiError } from "../http";
import { knowsKey, learnKeys } from "../names";
import { me, myId } from "../session";
import type { Message } from "../types";
import { mergeMessages, rowAfterMessage } from "./reconcile";
import { fetchRow, loadCountsSoon, patchRow, putRow, rowNow } from "./store";

export interface Outgoing {
  client_id: string;
  text: string;
  note: boolean;
  files: FileFacts[];
  at: string;
  state: "sending" | "waiting" | "failed";
  problem: ApiError | null;
}

export interface Thread {
  messages: Message[];
  outbox: Outgoing[];
  more: boolean;
  phase: "loading" | "ready" | "failed";
  older: "idle" | "loading" | "failed";
  problem: ApiError | null;
  typing: { name: string; kind: string; until: number }[];
}

const blank: Thread = { messages: [], outbox: [], more: false, phase: "loading", older: "idle", problem: null, typing: [] };
const threads = new Map<string, Signal<Thread>>();

export function threadSignal(id: string): Signal<Thread> {
  let thread = threads.get(id);
  if (!thread) threads.set(id, (thread = signal(blank)));
  return thread;
}

function patch(id: string, change: Partial<Thread>): void {
  const thread = threadSignal(id);
  thread.value = { ...thread.peek(), ...change };
}

export async function openThread(id: string): Promise<void> {
  const thread = threadSignal(id);
  if (thread.peek().phase === "failed") patch(id, { phase: "loading", problem: null });
  const fresh = thread.peek().phase !== "ready";
  if (!rowNow(id)) {
    try {
      await fetchRow(id);
    } catch (problem) {
      patch(id, { phase: "failed", problem: problemOf(problem) });
      return;
    }
  }
  if (!fresh) return;
  try {
    const page = await pageOf(id);
    patch(id, { messages: mergeMessages(page.messages ?? [], thread.peek().messages), more: page.more, phase: "ready" });
  } catch (problem) {
    patch(id, { phase: "failed", problem: problemOf(problem) });
  }
}

export async function loadOlder(id: string): Promise<void> {
  const thread = threadSignal(id);
  const now = thread.peek();
  const first = now.messages[0];
  if (!now.more || now.older === "loading" || !first) return;
  patch(id, { older: "loading" });
  try {
    const page = await pageOf(id, first.seq);
    patch(id, { messages: mergeMessages(thread.peek().messages, page.messages ?? []), more: page.more, older: "idle" });
  } catch {
    patch(id, { older: "failed" });
  }
}

/** After a gap that the stream could not fill, what is loaded is asked for again. */
export async function refreshThread(id: string): Promise<void> {
  if (threadSignal(id).peek().phase !== "ready") return openThread(id);
  const page = await pageOf(id);
  const found = page.messages ?? [];
  const have = threadSignal(id).peek().messages;
  const oldest = found[0];
  const joined = oldest === undefined || have.some((message) => message.seq >= oldest.seq);
  patch(id, joined ? { messages: mergeMessages(have, found) } : { messages: found, more: page.more });
}

const rereading = new Map<string, ReturnType<typeof setTimeout>>();

/** What is known of its messages has changed (a key that proved them is compromised, whose they are): all that is on
 * the screen is read again. Such news come in bursts, so it waits for the end of one. */
export function rereadThread(id: string): void {
  if (threads.get(id)?.peek().phase !== "ready") return;
  clearTimeout(rereading.get(id));
  rereading.set(id, setTimeout(() => void reread(id).catch(() => undefined), 250));
}

async function reread(id: string): Promise<void> {
  rereading.delete(id);
  const oldest = threadSignal(id).peek().messages[0]?.seq ?? 0;
  for (let before: number | undefined; ; ) {
    const page = await pageOf(id, before);
    const found = page.messages ?? [];
    patch(id, { messages: mergeMessages(threadSignal(id).peek().messages, found) });
    before = found[0]?.seq;
    if (!page.more || before === undefined || before <= oldest) return;
  }
}

async function pageOf(id: string, before?: number): Promise<api.MessagePage> {
  const page = await api.messages(id, before);
  learnKeys((page.messages ?? []).map((message) => message.key));
  return page;
}

/** Only a thread that was opened keeps messages; the others learn theirs when they are. */
export function takeMessage(message: Message): void {
  const id = message.conversation_id;
  const thread = threads.get(id);
  if (thread) {
    const now = thread.peek();
    const mine = message.client_id && message.author.kind === "agent";
    patch(id, {
      messages: mergeMessages(now.messages, [message]),
      outbox: mine ? now.outbox.filter((out) => out.client_id !== message.client_id) : now.outbox,
      typing: now.typing.filter((who) => who.kind !== message.author.kind || (who.name !== (message.author.name ?? ""))),
    });
  }
  if (thread && message.key && !message.key.name && !knowsKey(message.key.id)) void refreshThread(id).catch(() => undefined);
  const row = rowNow(id);
  if (row) {
    const next = rowAfterMessage(row, message);
    if (next !== row) putRow(next, { count: true });
  } else {
    void fetchRow(id).then(() => loadCountsSoon(), () => undefined);
  }
}

export function takeTyping(id: string, author: { kind: string; id?: string; name?: string }, now: number): void {
  const thread = threads.get(id);
  if (!thread || (author.kind === "agent" && (author.id ? author.id === myId() : author.name === me.peek()?.agent.name))) return;
  const who = { name: author.name ?? "", kind: author.kind, until: now + 6000 };
  const others = thread.peek().typing.filter((t) => t.until > now && !(t.kind === who.kind && t.name === who.name));
  patch(id, { typing: [...others, who] });
  setTimeout(() => {
    const left = thread.peek().typing.filter((t) => t.until > Date.now());
    if (left.length !== thread.peek().typing.length) patch(id, { typing: left });
  }, 6100);
}

function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function send(id: string, text: string, note: boolean, files: FileFacts[] = []): void {
  const out: Outgoing = { client_id: newClientId(), text, note, files, at: new Date().toISOString(), state: "sending", problem: null };
  patch(id, { outbox: [...threadSignal(id).peek().outbox, out] });
  void deliver(id, out);
}

export function retry(id: string, clientId: string): void {
  const out = threadSignal(id).peek().outbox.find((o) => o.client_id === clientId);
  if (out && out.state !== "sending") void deliver(id, out);
}

export function discard(id: string, clientId: string): void {
  patch(id, { outbox: threadSignal(id).peek().outbox.filter((o) => o.client_id !== clientId) });
}

/** Messages leave a thread in the order in which they were written, one at a time. */
const queues = new Map<string, Promise<void>>();

function deliver(id: string, out: Outgoing): Promise<void> {
  setOut(id, out.client_id, { state: "sending", problem: null });
  const turn = (queues.get(id) ?? Promise.resolve()).then(() => attempt(id, out));
  queues.set(id, turn);
  return turn;
}

async function attempt(id: string, out: Outgoing): Promise<void> {
  try {
    const sent = await api.post(id, { text: out.text, client_id: out.client_id, ...(out.note ? { note: true } : {}), ...(out.files.length ? { files: out.files.map((f) => f.id) } : {}) });
    takeMessage({ ...sent, conversation_id: sent.conversation_id || id, note: sent.note ?? out.note, client_id: out.client_id });
    discard(id, out.client_id);
    backoff.reset();
  } catch (problem) {
    const known = problemOf(problem);
    const waits = known.status === 0 || known.code === "not_ready";
    setOut(id, out.client_id, { state: waits ? "waiting" : "failed", problem: known });
    if (waits) retryLater();
  }
}

const backoff = new Backoff(1000, 15_000);
let retrying: ReturnType<typeof setTimeout> | undefined;

/** The stream may outlive a call that failed, so a message does not wait for the stream alone. */
function retryLater(): void {
  clearTimeout(retrying);
  retrying = setTimeout(resumeOutbox, backoff.next());
}

function setOut(id: string, clientId: string, change: Partial<Outgoing>): void {
  const outbox = threadSignal(id).peek().outbox;
  if (!outbox.some((o) => o.client_id === clientId)) return;
  patch(id, { outbox: outbox.map((o) => (o.client_id === clientId ? { ...o, ...change } : o)) });
}

/** The connection is back: what only waited for it goes out again, under the same client_id. */
export function resumeOutbox(): void {
  for (const [id, thread] of threads)
    for (const out of thread.peek().outbox) if (out.state === "waiting") void deliver(id, out);
}

export function unsentCount(): number {
  let n = 0;
  for (const thread of threads.values()) n += thread.peek().outbox.length;
  return n;
}

export function openThreadIds(): string[] {
  return [...threads.keys()];
}

/** Say that this side has read up to the newest message; the row forgets its mark at once. */
export async function markRead(id: string): Promise<void> {
  const row = rowNow(id);
  if (!row || (row.unread === 0 && row.agents_read >= row.seq) || row.seq === 0) return;
  const seq = row.seq;
  patchRow(id, { unread: 0, agents_read: Math.max(row.agents_read, seq) });
  try {
    await api.markRead(id, seq);
  } catch {
    const now = rowNow(id);
    if (now && now.agents_read === seq) patchRow(id, { unread: row.unread, agents_read: row.agents_read });
  }
}

const saidTyping = new Map<string, number>();

export function sayTyping(id: string): void {
  const now = Date.now();
  if (now - (saidTyping.get(id) ?? 0) < 3000) return;
  saidTyping.set(id, now);
  api.typing(id).catch(() => undefined); // a lost typing sign is no loss
}

export function forgetThreads(): void {
  clearTimeout(retrying);
  for (const timer of rereading.values()) clearTimeout(timer);
  rereading.clear();
  threads.clear();
  queues.clear();
  saidTyping.clear();
}
