// What was typed and not sent, per conversation and kind. It lives in memory only:
// an unsent text must not outlive the person who wrote it.

import { signal } from "@preact/signals";

const drafts = new Map<string, string>();

/** Conversations with something unsent, for the marks in the list. */
const drafted = signal<ReadonlySet<string>>(new Set());

export function draftOf(conversation: string, note: boolean): string {
  return drafts.get(`${note ? "note" : "reply"}:${conversation}`) ?? "";
}

export function keepDraft(conversation: string, note: boolean, text: string): void {
  const name = `${note ? "note" : "reply"}:${conversation}`;
  if (text) drafts.set(name, text);
  else drafts.delete(name);
  const has = drafts.has(`reply:${conversation}`) || drafts.has(`note:${conversation}`);
  if (has === drafted.peek().has(conversation)) return;
  const next = new Set(drafted.peek());
  if (has) next.add(conversation);
  else next.delete(conversation);
  drafted.value = next;
}

export function hasDraft(conversation: string): boolean {
  return drafted.value.has(conversation);
}

export function forgetDrafts(): void {
  drafts.clear();
  drafted.value = new Set();
}
