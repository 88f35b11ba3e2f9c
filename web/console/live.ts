// One stream for the whole session. It carries what happened after the sequence
// that `me` answered with; lists and threads take each event as a patch.

import { signal } from "@preact/signals";
import { Stream, type Link, type StreamEvent } from "../shared/stream";
import { dropContact, fetchRow, forgetInbox, list, loadCountsSoon, loadList, patchRow, rowNow } from "./inbox/store";
import { forgetThreads, openThreadIds, refreshThread, rereadThread, resumeOutbox, takeMessage, takeTyping } from "./inbox/thread";
import { leave, may, me, refreshMe } from "./session";
import type { Message, Row } from "./types";

export const link = signal<Link>("connecting");

/** Contacts that something happened to; the person panel reads itself again when its own is named. */
export const touchedContact = signal<{ id: string; at: number }>({ id: "", at: 0 });

let stream: Stream | null = null;

export function startLive(): void {
  const who = me.peek();
  if (!who || stream || !may("conversations.read")) return;
  let wasLost = false;
  stream = new Stream({
    url: (after) => `/api/v1/console/stream?after=${after}`,
    after: who.seq,
    onEvent: take,
    onLink: (now) => {
      link.value = now;
      if (now === "live" && wasLost) {
        wasLost = false;
        resumeOutbox();
        loadCountsSoon(0);
      }
      if (now === "lost") wasLost = true;
    },
    onEnd: () => void lookAgain(),
  });
  stream.start();
}

let lookedAt = 0;

/** The right to this stream has ended: with the session, or with the role that it was opened under. */
async function lookAgain(): Promise<void> {
  stream = null;
  link.value = "connecting";
  const again = Date.now() - lookedAt < 10_000;
  lookedAt = Date.now();
  if (again) leave("ended"); // a second time at once: it is not the role
  else if (await refreshMe()) {
    if (may("conversations.read")) return startLive();
    forgetInbox(); // what was loaded is no longer theirs to see
    forgetThreads();
  }
}

export function stopLive(): void {
  stream?.stop();
  stream = null;
  link.value = "connecting";
}

/** Try now instead of at the end of the wait. */
export function reconnect(): void {
  if (!stream) return;
  stream.stop();
  stream.start();
}

/** The server could not fill a gap: everything that is on the screen is asked for again. */
function readAllAgain(): void {
  void loadList(list.peek().query);
  loadCountsSoon(0);
  for (const id of openThreadIds()) void refreshThread(id).catch(() => undefined);
}

function take(event: StreamEvent): void {
  const data = (event.data ?? {}) as Record<string, unknown>;
  switch (event.kind) {
    case "message.created":
    case "note.created": {
      const message = data as unknown as Message;
      takeMessage({ ...message, seq: event.seq ?? message.seq, note: message.note ?? event.kind === "note.created" });
      return;
    }
    case "conversation.created":
    case "conversation.updated":
      takeConversation(data as Partial<Row> & { id: string });
      return;
    case "conversation.moved":
      void fetchRow(String(data.id)).catch(() => undefined);
      if (typeof data.contact_id === "string") touch(data.contact_id);
      return;
    case "contact.updated":
      if (typeof data.id === "string") {
        touch(data.id);
        for (const id of openThreadIds()) if (rowNow(id)?.contact.id === data.id) rereadThread(id);
      }
      return;
    case "contact.erased":
      if (typeof data.id === "string") {
        dropContact(data.id);
        touch(data.id);
      }
      loadCountsSoon();
      return;
    case "read.moved":
      takeRead(String(data.conversation_id), String(data.side), Number(data.seq));
      return;
    case "typing":
      takeTyping(String(data.conversation_id), data.author as { kind: string; name?: string }, Date.now());
      return;
    case "reset":
      readAllAgain();
  }
}

function touch(id: string): void {
  touchedContact.value = { id, at: Date.now() };
}

/** An event's conversation has no labels and no unread count of ours; what it has is taken. */
function takeConversation(data: Partial<Row> & { id: string }): void {
  const row = rowNow(data.id);
  loadCountsSoon();
  if (!row || (data.assignee && !data.assignee.id)) {
    void fetchRow(data.id).catch(() => undefined);
    return;
  }
  if (data.tier && data.tier !== row.tier) rereadThread(data.id);
  const patch: Partial<Row> = {};
  if (data.status) patch.status = data.status;
  if (data.tier) patch.tier = data.tier;
  if ("assignee" in data) patch.assignee = data.assignee ?? null;
  if ((data.seq ?? 0) >= row.seq && data.last_at) {
    patch.last_at = data.last_at;
    patch.preview = data.preview ?? row.preview;
    patch.last_author = data.last_author ?? row.last_author;
    patch.seq = data.seq ?? row.seq;
  }
  patch.visitor_read = Math.max(row.visitor_read, data.visitor_read ?? 0);
  patch.snoozed_until = data.snoozed_until ?? null;
  patchRow(data.id, patch);
}

function takeRead(id: string, side: string, seq: number): void {
  const row = rowNow(id);
  if (!row || !Number.isFinite(seq)) return;
  if (side === "visitor") patchRow(id, { visitor_read: Math.max(row.visitor_read, seq) });
  else if (seq >= row.seq) patchRow(id, { agents_read: seq, unread: 0 });
  else if (seq > row.agents_read) void fetchRow(id).catch(() => undefined);
}
