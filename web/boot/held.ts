// The session that this tab holds: its token in memory, and in the tab's storage so that the next page of the same tab can
// say which session it replaces. What a page proved is never resumed from there; only a proof opens such a session. What the
// visitor proved here by an emailed code, no page can prove again: it goes on in this tab while no page says otherwise.
//
// A lock by the session's id says that somebody lives in it. A tab that was duplicated has its storage duplicated too, and
// must not end the session of its original.
import { ApiError } from "../shared/api";
import type { Shelf } from "./shelf";

interface Kept {
  id: string;
  token: string;
  own?: boolean; // proved by the visitor's own hand, not by a page
}

export class HeldSession {
  token: string | undefined;
  private id: string | undefined;
  private unlock: (() => void) | undefined;

  constructor(private readonly tab: Shelf) {}

  keep(id: string, token: string, own?: boolean): void {
    this.token = token;
    this.id = id;
    this.tab.set("session", { id, token, own });
    this.live();
  }

  drop(): void {
    this.rest();
    this.token = this.id = undefined;
    this.tab.set("session", undefined);
  }

  // live and rest take and give back the lock: a page that is put aside holds none.
  live(): void {
    this.rest();
    if (!this.id || !navigator.locks) return;
    navigator.locks.request(lockOf(this.id), () => new Promise<void>((done) => (this.unlock = done))).catch(() => undefined);
  }

  rest(): void {
    this.unlock?.();
    this.unlock = undefined;
  }

  // kept is what this tab held, on this page or the one before.
  kept(): string | undefined {
    return this.token ?? this.tab.get<Kept>("session")?.token;
  }

  // own is what this tab's visitor proved without the page.
  own(): string | undefined {
    const kept = this.tab.get<Kept>("session");
    return kept?.own ? kept.token : undefined;
  }

  // replaceable is the same, unless another tab lives in it.
  async replaceable(): Promise<string | undefined> {
    if (this.token) return this.token;
    const kept = this.tab.get<Kept>("session");
    if (!kept || !navigator.locks) return kept?.token;
    return navigator.locks.request(lockOf(kept.id), { ifAvailable: true }, (free) => (free ? kept.token : undefined)).catch(() => kept.token);
  }
}

// Hold keeps the turn for some milliseconds after the answer is there.
export type Hold = (ms: number) => void;

// alone runs one at a time over all tabs, where the browser has locks; a tab that hangs holds nobody up for long.
export function alone<T>(name: string, run: (hold: Hold) => Promise<T>): Promise<T> {
  if (!navigator.locks) return run(() => undefined);
  return new Promise((resolve, reject) => {
    let lag = 0;
    let ran: Promise<T> | undefined;
    const turn = async () => {
      ran = run((ms) => (lag = ms));
      ran.then(resolve, reject);
      await ran.catch(() => undefined);
      if (lag) await new Promise((done) => setTimeout(done, lag));
    };
    navigator.locks.request(name, { signal: AbortSignal.timeout(10_000) }, turn).catch(() => {
      // No lock in time, or none to be had here.
      if (!ran) run(() => undefined).then(resolve, reject);
    });
  });
}

// unlessOvertaken: whoever was overtaken gives its turn up at once, whether or not its request can still be called back.
export function unlessOvertaken<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const left = () => reject(new ApiError({ code: "overtaken" }));
    if (signal.aborted) left();
    signal.addEventListener("abort", left);
    work.then(resolve, reject);
  });
}

function lockOf(session: string): string {
  return `countersign:held:${session}`;
}
