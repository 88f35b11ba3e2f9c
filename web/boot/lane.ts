// Tabs of one lane act as one: a single tab holds the stream, the others are told what it hears. A lane is named by an
// opaque tag that the server makes from visitor, proved identifiers and key, so tabs of another person never meet.
//
// Who leads is whoever holds the lane's lock; the browser hands it on when that tab goes away. Without locks or channels,
// or when the leader falls silent, a tab reads for itself.
import { type Link, Stream, type StreamEvent } from "../shared/stream";

type Note =
  | { kind: "event"; e: StreamEvent }
  | { kind: "link"; link: Link }
  | { kind: "who" } // a tab that came later asks how the stream is
  | { kind: "logout" };

export interface LaneOptions {
  name: string;
  url: (after: number) => string; // of the stream
  token: () => string | undefined; // of the session that this tab holds
  after: () => number; // the last event heard
  onEvent: (e: StreamEvent) => void; // heard here, or from the tab that leads
  onLink: (link: Link) => void;
  onEnd: () => void; // of the right to read, where the session that read still is this tab's
  onLogout: () => void; // in another tab
}

const beatMs = 20_000;
// Timers of a hidden tab may fire once a minute only.
const silenceMs = 150_000;

export class Lane {
  private channel: BroadcastChannel | undefined;
  private release: (() => void) | undefined;
  private waiting: AbortController | undefined;
  private stream: Stream | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private heardAt = Date.now();
  private link: Link = "connecting";

  constructor(private readonly o: LaneOptions) {}

  get name(): string {
    return this.o.name;
  }

  join(): void {
    this.leave();
    this.heardAt = Date.now();
    const { locks } = navigator as { locks?: LockManager };
    if (!locks || typeof BroadcastChannel === "undefined") return this.lead();
    this.channel = new BroadcastChannel(`countersign:${this.o.name}`);
    this.channel.onmessage = (m) => this.note(m.data as Note);
    const waiting = (this.waiting = new AbortController());
    locks
      .request(`countersign:${this.o.name}`, { signal: waiting.signal }, () => {
        if (waiting.signal.aborted) return;
        this.lead();
        return new Promise<void>((done) => (this.release = done));
      })
      // A browser may refuse locks where it forbids storage; leaving aborts the request.
      .catch(() => waiting.signal.aborted || this.lead());
    this.channel.postMessage({ kind: "who" });
    this.beat = setInterval(() => this.tick(), beatMs);
  }

  leave(): void {
    clearInterval(this.beat);
    this.waiting?.abort();
    this.release?.();
    this.stream?.stop();
    this.channel?.close();
    this.waiting = this.release = this.stream = this.channel = undefined;
  }

  // refresh goes on under a session that replaced the one before: the tab that leads opens its stream anew.
  refresh(): void {
    if (!this.stream && !this.channel) return this.join();
    if (!this.stream) return;
    this.stream.stop();
    this.stream = this.open();
  }

  logout(): void {
    this.say({ kind: "logout" });
  }

  private lead(): void {
    this.stream ??= this.open();
  }

  private open(): Stream {
    const token = this.o.token();
    const stream = new Stream({
      url: this.o.url,
      headers: () => ({ Authorization: `Bearer ${token}` }),
      after: this.o.after(),
      onEvent: (e) => {
        this.o.onEvent(e);
        this.say({ kind: "event", e });
      },
      onLink: (link) => {
        this.o.onLink(link);
        this.relayLink(link);
      },
      onEnd: () => token === this.o.token() && this.o.onEnd(),
    });
    stream.start();
    return stream;
  }

  private relayLink(link: Link): void {
    this.link = link;
    this.say({ kind: "link", link });
  }

  private note(n: Note): void {
    if (n.kind === "logout") return this.o.onLogout();
    if (n.kind === "who") return this.stream && this.relayLink(this.link);
    this.heardAt = Date.now();
    // Two readers may overlap for a moment; sequences keep an event from counting twice.
    if (n.kind === "event") this.o.onEvent(n.e);
    else if (!this.stream) this.o.onLink(n.link);
  }

  private tick(): void {
    if (this.stream) this.relayLink(this.link);
    else if (Date.now() - this.heardAt > silenceMs) this.lead();
  }

  private say(n: Note): void {
    try {
      this.channel?.postMessage(n);
    } catch {
      // Closed in this moment: whoever is left takes the lock and reads for itself.
    }
  }
}
