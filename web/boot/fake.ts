// A browser small enough for tests: storage, locks, events, and a server that answers what a test tells it to. Each Tab is a
// document with its own sessionStorage; tabs share localStorage, locks and broadcast channels, as they do in a browser.
import type { Inward, Outward } from "../protocol/bridge";
import type { Opened, OpenSession } from "../protocol/wire";
import { Core } from "./core";

export interface Call {
  method: string;
  path: string;
  body: OpenSession & Record<string, unknown>;
  token: string;
  answer: (status: number, body?: unknown) => void;
}

type Answer = (c: Call) => void;

class FakeStorage {
  [key: string]: unknown;
  getItem(key: string): string | null {
    return (Object.hasOwn(this, key) ? this[key] : null) as string | null;
  }
  setItem(key: string, value: string): void {
    this[key] = value;
  }
  removeItem(key: string): void {
    delete this[key];
  }
}

class FakeLocks {
  private readonly held = new Map<string, Promise<unknown>>();

  async request(name: string, options: { ifAvailable?: boolean; signal?: AbortSignal } | Work, work?: Work): Promise<unknown> {
    const run = typeof options === "function" ? options : work!;
    const { ifAvailable, signal } = typeof options === "function" ? {} as { ifAvailable?: boolean; signal?: AbortSignal } : options;
    if (ifAvailable && this.held.has(name)) return run(null);
    while (this.held.has(name)) {
      await this.held.get(name);
      signal?.throwIfAborted();
    }
    const turn = Promise.resolve().then(() => run({ name }));
    this.held.set(name, turn.catch(() => undefined));
    try {
      return await turn;
    } finally {
      this.held.delete(name);
    }
  }
}

type Work = (lock: unknown) => unknown;

// Timers and channels of tabs that nobody closed must not keep a test run waiting.
const { setTimeout: wait, setInterval: every, BroadcastChannel: Channel } = globalThis;
Object.assign(globalThis, {
  setTimeout: (run: () => void, ms?: number) => wait(run, ms).unref(),
  setInterval: (run: () => void, ms?: number) => every(run, ms).unref(),
  BroadcastChannel: class extends Channel {
    constructor(name: string) {
      super(name);
      (this as unknown as { unref: () => void }).unref();
    }
  },
});

// aMoment is long enough for anything that has nothing to wait for.
export function aMoment(): Promise<void> {
  return new Promise((next) => wait(next, 20));
}

export class Browser {
  readonly local = new FakeStorage();
  readonly calls: Call[] = [];
  readonly streams: Call[] = [];
  onCall: Answer = openAnyone();
  deaf = false; // answers arrive although the call was given up

  constructor() {
    const locks = new FakeLocks();
    const events = new EventTarget();
    const listen = { addEventListener: events.addEventListener.bind(events), removeEventListener: events.removeEventListener.bind(events), dispatchEvent: events.dispatchEvent.bind(events) };
    Object.assign(globalThis, listen, {
      window: globalThis,
      localStorage: this.local,
      document: { visibilityState: "visible", ...listen },
      fetch: (url: string, init: RequestInit) => this.fetch(url, init),
    });
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: { locks, onLine: true } });
  }

  // show takes the tab out of the store that its back button keeps.
  show(): void {
    dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  }

  // posts are the calls that opened sessions.
  get posts(): Call[] {
    return this.calls.filter((c) => c.path === "/sessions");
  }

  private fetch(url: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      init.signal?.addEventListener("abort", () => this.deaf || reject(new Error("aborted")));
      const call: Call = {
        method: init.method ?? "GET",
        path: url.replace("/api/v1/widget", ""),
        body: init.body ? JSON.parse(init.body as string) : {},
        token: ((init.headers as Record<string, string>).Authorization ?? "").replace("Bearer ", ""),
        answer: (status, body) =>
          resolve(new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } })),
      };
      if (call.path.startsWith("/stream")) return void this.streams.push(call);
      this.calls.push(call);
      this.onCall(call);
    });
  }
}

export class Tab {
  readonly told: Outward[] = [];
  readonly session: FakeStorage;
  readonly core: Core;
  private turn = 0;

  // A tab begins with the storage of the tab it was duplicated from, if any.
  constructor(from?: Tab) {
    this.session = Object.assign(new FakeStorage(), from?.session);
    this.use();
    this.core = new Core({ channel: "shop", host: "https://shop.example", storageLagMs: 0, send: (m) => this.told.push(m) });
    this.hear({ type: "page", lang: "en", dir: "ltr", theme: "auto", site: "" });
  }

  // use makes this tab's sessionStorage the one that the code sees.
  use(): this {
    Object.assign(globalThis, { sessionStorage: this.session });
    return this;
  }

  hear(m: Inward): void {
    this.use();
    this.core.hear(m);
  }

  identify(assertion: Record<string, unknown> | null | undefined): number {
    this.claim();
    this.prove(this.turn, assertion);
    return this.turn;
  }

  claim(): number {
    this.hear({ type: "claim", turn: ++this.turn });
    return this.turn;
  }

  prove(turn: number, assertion: Record<string, unknown> | null | undefined): void {
    this.hear(assertion === undefined ? { type: "proof", turn } : { type: "proof", turn, assertion });
  }

  nobody(): void {
    this.hear({ type: "proof", turn: 0, assertion: null });
  }

  logout(): void {
    this.hear({ type: "logout", turn: ++this.turn });
  }

  names(type: Outward["type"]): Outward[] {
    return this.told.filter((m) => m.type === type);
  }
}

let made = 0;

// opened is a session as the server would hand it out for what was asked.
export function opened(asked: OpenSession, over: Partial<Opened> = {}): Opened {
  const n = ++made;
  const who = asked.assertion?.user_id;
  return {
    session: `token-${n}`, session_id: `ses-${n}`, tier: who ? "verified" : "anonymous", method: who ? "hmac" : "",
    expires_at: new Date(Date.now() + 86_400_000).toISOString(), lane: `lane-${who ?? "nobody"}-${asked.visitor_token ?? "v1"}`, visitor: "vis",
    notice: "", seq: 0, ...(asked.visitor_token ? {} : { visitor_token: "v1" }), ...over,
  };
}

// openAnyone verifies whoever comes, and has nothing to tell them.
export function openAnyone(over: Partial<Opened> = {}): Answer {
  return (c) => {
    if (c.path === "/sessions") c.answer(201, opened(c.body, over));
    else if (c.path.startsWith("/conversations")) c.answer(200, { conversations: [] });
    else if (c.path.startsWith("/channels/")) c.answer(200, { channel: "shop", name: "Shop", team: "", greeting: "", accent: "#3451d1", online: true });
    else c.answer(204);
  };
}

// settled waits until a condition holds; the fakes answer within a few turns of the loop.
export async function settled(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (holds()) return;
    await new Promise((next) => wait(next, 5));
  }
  throw new Error(`never happened: ${what}`);
}
