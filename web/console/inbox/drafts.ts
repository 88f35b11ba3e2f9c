// What was typed and not sent, per conversation and kind. It lives in memory only:
// an unsent text must not outlive the person who wrote it.

const drafts = new Map<string, string>();

export function draftOf(conversation: string, note: boolean): string {
  return drafts.get(`${note ? "note" : "reply"}:${conversation}`) ?? "";
}

export function keepDraft(conversation: string, note: boolean, text: string): void {
  const name = `${note ? "note" : "reply"}:${conversation}`;
  if (text) drafts.set(name, text);
  else drafts.delete(name);
}

export function hasDraft(conversation: string): boolean {
  return drafts.has(`reply:${conversation}`) || drafts.has(`note:${conversation}`);
}

export function forgetDrafts(): void {
  drafts.clear();
}
