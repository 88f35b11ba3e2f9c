// A live stream over fetch, which can carry a header where EventSource cannot. It resumes after the last sequence seen,
// notices silence, sleep and lost networks, and gives up only when the server says that the right to read has ended.
// What a browser has and a phone has not stands in three methods, open, decoder and listen, which sdk/js overrides.
import { Backoff } from "./backoff";
import { EventParser } from "./sse";

export interface StreamEvent {
  seq?: number; // absent on events that are not in the log, such as typing
  kind: string;
  data: unknown;
}

export type Link = "connecting" | "live" | "lost";

export interface StreamOptions {
  url: (after: number) => string;
  headers?: () => Record<string, string>; // without it the request carries the cookie of a same-origin session
  after: number;
  onEvent: (e: StreamEvent) => void;
  onLink?: (link: Link) => void;
  onEnd: (code: string) => void; // final: session_ended, identity_changed or the code of a refusal
}

// Two heartbeats of 20 s may be late or lost before the connection counts as dead.
const silenceMs = 45_000;

export class Stream {
  private seq: number;
  private stopped = true;
  private attempt: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private heardAt = 0;
  private link: Link | undefined;
  private readonly backoff = new Backoff();

  constructor(private readonly o: StreamOptions) {
    this.seq = o.after;
  }

  get after(): number {
    return this.seq;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.listen(true);
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.listen(false);
    clearTimeout(this.timer);
    this.attempt?.abort();
  }

  protected open(url: string, request: RequestInit): Promise<Response> {
    return fetch(url, request);
  }

  protected decoder(): Pick<TextDecoder, "decode"> {
    return new TextDecoder();
  }

  // listen begins or ends to hear of networks and sleep.
  protected listen(begin: boolean): void {
    const change = begin ? addEventListener : removeEventListener;
    for (const event of ["online", "offline", "visibilitychange"]) change(event, this.wake);
  }

  // wake looks at the connection when the world changed: after sleep it may be dead without a word.
  protected readonly wake = (): void => {
    if (navigator.onLine === false) return this.say("lost");
    const waiting = !this.attempt;
    if (waiting || this.link === "lost" || Date.now() - this.heardAt > silenceMs / 2) this.connect();
  };

  private connect(): void {
    clearTimeout(this.timer);
    this.attempt?.abort();
    const attempt = (this.attempt = new AbortController());
    if (this.link !== "lost") this.say("connecting");
    this.heard();
    this.run(attempt).then(
      () => this.again(attempt),
      () => this.again(attempt),
    );
  }

  // again waits and reconnects, unless a newer attempt has taken over meanwhile.
  private again(attempt: AbortController): void {
    if (this.stopped || this.attempt !== attempt) return;
    attempt.abort();
    this.attempt = undefined;
    this.say("lost");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.backoff.next());
  }

  private async run(attempt: AbortController): Promise<void> {
    const answer = await this.open(this.o.url(this.seq), {
      headers: { Accept: "text/event-stream", ...this.o.headers?.() },
      credentials: this.o.headers ? "omit" : "same-origin",
      cache: "no-store",
      signal: attempt.signal,
    });
    if (answer.status === 401 || answer.status === 403) return this.end(attempt, "session_ended");
    if (!answer.ok || !answer.body) throw new Error(`stream answered ${answer.status}`);
    const reader = answer.body.getReader();
    const text = this.decoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.attempt !== attempt || this.stopped) return;
      this.heard();
      this.backoff.reset();
      this.say("live");
      for (const e of parser.push(text.decode(value, { stream: true }))) {
        if (e.event === "end") {
          const code = (JSON.parse(e.data) as { code?: string }).code ?? "reconnect";
          return code === "reconnect" ? undefined : this.end(attempt, code);
        }
        this.deliver(e.id, e.event, e.data);
      }
    }
  }

  // deliver passes an event on once: a reconnect may overlap with what was already read.
  private deliver(id: string | undefined, kind: string, data: string): void {
    const seq = id === undefined ? undefined : Number(id);
    if (seq !== undefined) {
      if (!(seq > this.seq)) return;
      this.seq = seq;
    }
    const e: StreamEvent = { kind, data: JSON.parse(data) };
    if (seq !== undefined) e.seq = seq;
    this.o.onEvent(e);
  }

  private end(attempt: AbortController, code: string): void {
    if (this.attempt !== attempt || this.stopped) return;
    this.stop();
    this.o.onEnd(code);
  }

  private heard(): void {
    this.heardAt = Date.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), silenceMs);
  }

  private say(link: Link): void {
    if (this.link === link || this.stopped) return;
    this.link = link;
    this.o.onLink?.(link);
  }
}
