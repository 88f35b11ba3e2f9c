// How a thread is laid out: days, and within them runs of one author that stand close together in time.
import type { FileFacts, Message } from "../protocol/wire";
import type { Unsent } from "./outbox";

export interface Bubble {
  key: string; // the client's id where there is one, so that a sent message stays the same element
  text: string;
  at: string;
  seq: number; // 0 while unsent
  files: FileFacts[] | undefined;
  unsent?: Unsent;
}

export interface Run {
  key: string;
  mine: boolean;
  author: string;
  kind: Message["author"]["kind"];
  tier: Message["tier"] | undefined;
  bubbles: Bubble[];
}

export interface Day {
  key: string;
  at: string;
  runs: Run[];
}

const closeMs = 5 * 60_000;

export function layOut(messages: Message[], unsent: Unsent[]): Day[] {
  const days: Day[] = [];
  const arrived = new Set(messages.map((m) => m.client_id));
  for (const m of messages) {
    place(days, { key: m.client_id || m.id, text: m.text, at: m.at, seq: m.seq, files: m.files }, m.author.kind, m.author.name ?? "", m.tier);
  }
  for (const u of unsent) {
    if (!arrived.has(u.client_id)) place(days, { key: u.client_id, text: u.text, at: u.at, seq: 0, files: u.files, unsent: u }, "visitor", "", undefined);
  }
  return days;
}

function place(days: Day[], b: Bubble, kind: Run["kind"], author: string, tier: Run["tier"]): void {
  const date = new Date(b.at).toDateString();
  let day = days.at(-1);
  if (!day || day.key !== date) days.push((day = { key: date, at: b.at, runs: [] }));
  const run = day.runs.at(-1);
  const near = run && Date.parse(b.at) - Date.parse(run.bubbles.at(-1)!.at) < closeMs;
  // A tier that is not known yet is that of the run it follows: the message is being written right now.
  if (run && near && run.kind === kind && run.author === author && (run.tier === tier || !tier || !run.tier)) {
    run.bubbles.push(b);
    run.tier ??= tier;
    return;
  }
  day.runs.push({ key: b.key, mine: kind === "visitor", author, kind, tier, bubbles: [b] });
}
