// How a thread is cut into what is drawn: days, changes of standing, the line before
// what is new, and messages in runs of one author and one standing. A run never
// spans two standings, so that no word stands under a badge that it was not written under.

import { sameDay } from "../time";
import type { Message, Tier } from "../types";

export type Block =
  | { kind: "day"; id: string; at: string }
  | { kind: "standing"; id: string; tier: Tier; from: Tier }
  | { kind: "unread"; id: string }
  | { kind: "message"; id: string; message: Message; first: boolean; last: boolean };

const pause = 5 * 60_000;

export function blocksOf(messages: Message[], unreadAfter: number | null): Block[] {
  const blocks: Block[] = [];
  let before: Message | undefined;
  let standing: Tier | undefined;
  let saidUnread = false;
  for (const message of messages) {
    const byVisitor = message.author.kind === "visitor";
    const newDay = !before || !sameDay(Date.parse(before.at), Date.parse(message.at));
    if (newDay) blocks.push({ kind: "day", id: `day-${message.id}`, at: message.at });
    let broken = newDay;
    if (byVisitor && message.tier) {
      if (standing && standing !== message.tier) {
        blocks.push({ kind: "standing", id: `standing-${message.id}`, tier: message.tier, from: standing });
        broken = true;
      }
      standing = message.tier;
    }
    if (!saidUnread && unreadAfter !== null && byVisitor && message.seq > unreadAfter) {
      blocks.push({ kind: "unread", id: "unread" });
      saidUnread = broken = true;
    }
    const first = broken || !before || !sameRun(before, message);
    blocks.push({ kind: "message", id: message.id, message, first, last: true });
    if (!first) openLast(blocks);
    before = message;
  }
  return blocks;
}

export function sameRun(a: Message, b: Message): boolean {
  return (
    a.author.kind === b.author.kind &&
    (a.author.id ?? a.author.name) === (b.author.id ?? b.author.name) &&
    !!a.note === !!b.note &&
    a.tier === b.tier &&
    a.session === b.session &&
    Date.parse(b.at) - Date.parse(a.at) < pause
  );
}

/** The message before the newest goes on with it. */
function openLast(blocks: Block[]): void {
  const before = blocks[blocks.length - 2];
  if (before?.kind === "message") before.last = false;
}
