// Who is talking, and with what right. It trades the app's proof for a session, has it renewed before it ends, asks for a
// fresh proof after a refusal or an end, and tells when all that came to nothing.
//
// web/boot/core.ts does the same for the frame in a page. The two share their parts (calls, back-off, stream, list of
// conversations, reading of an assertion) and not their course: there the page pushes proofs over a port, tabs share a session
// by locks, and every byte loads on each page of a shop; here the app is asked for proofs, and storage answers late.
//
// An answer counts only if no later identify, logout or close was called: each carries the turn that it belongs to.
import { assertionOf, samePerson } from "../../../web/boot/assertion";
import type { Assertion, OpenSession } from "../../../web/protocol/wire";
import { ApiError, client, readAnswer } from "../../../web/shared/api";
import { Backoff } from "../../../web/shared/backoff";
import type { Identity, IdentityProvider, Options, Phase, State } from "../headless.js";
import { limited, pause } from "./limited";
import { type Facts, factsOf, sure } from "./shapes";
import type { Vault } from "./vault";

export const base = "/api/v1/widget";
const askAheadMs = 60_000;
const providerTakesMs = 20_000;
const uploadTakesMs = 300_000;
const shortLifeMs = 5000;
const hourMs = 3_600_000;

export interface Hooks {
  changed(state: State): void;
  adopted(facts: Facts, sameLane: boolean): void;
  paused(): void; // nothing is read or sent until adopted is called
  dropped(everything: boolean): void; // the person is gone, and with them what they left; everything: what the storage held too
  denied(failure: ApiError): void; // nobody in particular may not come in
  expiring(): void;
  ended(): void;
}

interface Flight {
  turn: number;
  done: Promise<void>;
}

export class Session {
  state: State = { phase: "new" };
  token: string | undefined;
  lane: string | undefined;
  assertion: Assertion | undefined;
  person = 0; // grows with everybody who may be somebody else
  private source: Identity | IdentityProvider | null;
  private turn = 0;
  private left = 0; // the turn of the last log-out
  private flight: Flight | undefined;
  private replaces: string | undefined;
  private wantsGuest = false; // somebody has written
  private adoptedAt = 0;
  private shortLives = 0; // sessions that ended at once, one after the other
  private endsAt = 0; // by this machine's clock
  private skew = 0; // the server's clock minus ours
  private timers: ReturnType<typeof setTimeout>[] = [];
  private readonly work = new AbortController(); // of every call but the log-out
  private readonly backoff = new Backoff();

  constructor(
    private readonly o: Options & { send: typeof fetch },
    private readonly vault: Vault,
    private readonly hooks: Hooks,
  ) {
    this.source = o.identity ?? null;
  }

  get closed(): boolean {
    return this.state.phase === "closed";
  }

  // connect begins, or tries again what did not come to a session.
  async connect(): Promise<State> {
    if (this.state.phase !== "open" && this.state.phase !== "idle" && !this.closed) {
      this.shortLives = 0;
      this.set("connecting");
      void this.settle();
    }
    return this.settled();
  }

  identify(source: Identity | IdentityProvider | null): Promise<State> {
    if (this.closed) return this.settled();
    if (source === null) void this.logout();
    else {
      const now = typeof source === "function" ? undefined : assertionOf(source);
      const life = this.endsAt - Date.now();
      const known = now && this.token && JSON.stringify(now) === JSON.stringify(this.assertion) && life > 2 * askAheadMs;
      this.source = source;
      if (known) return this.settled();
      this.turn++;
      this.person++;
      this.shortLives = 0;
      this.dropToken(); // until it is known who this is, nothing speaks for the one before
      this.hooks.paused();
      if (now) this.part(now);
      this.set("connecting");
      void this.settle();
    }
    return this.settled();
  }

  // author marks what is written now: by its lane, or by its turn while the lane is not known.
  get author(): string {
    return this.state.phase === "open" && this.lane ? this.lane : `?${this.person}`;
  }

  // claims is whom the app says is writing, so that text from before the first session finds its author after a restart.
  get claims(): string | undefined {
    const { source } = this;
    if (source === null) return "nobody";
    const said = this.assertion ?? (typeof source === "function" ? undefined : assertionOf(source));
    return said && (said.user_id !== undefined || said.email !== undefined) ? JSON.stringify([said.user_id, said.email]) : undefined;
  }

  // settled waits for what is under way, and for what that was overtaken by.
  async settled(): Promise<State> {
    while (this.state.phase === "connecting" && this.flight) await this.flight.done;
    return this.state;
  }

  // begin makes sure that there is a session: somebody in particular has one, anybody else gets one with the first message.
  async begin(): Promise<void> {
    const { turn } = this;
    await this.settled();
    // Who wrote and then logged out opens nothing for whoever comes next.
    if (this.state.phase !== "idle" || turn !== this.turn) return;
    this.wantsGuest = true;
    this.vault.change({ guest: true });
    this.set("connecting");
    await this.settle();
  }

  // call speaks for the session. If it was replaced or ended meanwhile, the call is repeated once, if still for the same
  // person; an answer that was meant for somebody else is nobody's.
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    await this.settled();
    const { person, lane, token } = this;
    const mine = <T>(answer: T): T => {
      if (person !== this.person || lane !== this.lane) throw new ApiError({ code: "overtaken" });
      return answer;
    };
    if (!token) throw this.reason();
    try {
      return mine(await this.request(token, method, path, body));
    } catch (failure) {
      if (!(failure instanceof ApiError) || failure.code !== "session_ended") throw failure;
      await this.lost(token);
      await this.settled();
      const again = mine(this.token);
      if (!again) throw this.reason();
      return mine(await this.request(again, method, path, body));
    }
  }

  // lost is called when the server no longer knows the session.
  async lost(token: string): Promise<void> {
    await this.flight?.done; // which may bring its successor
    if (this.token !== token || this.closed) return;
    // A right that ends as soon as it is given is not asked for again and again.
    this.shortLives = Date.now() - this.adoptedAt < shortLifeMs ? this.shortLives + 1 : 0;
    const overdue = Date.now() >= this.endsAt;
    this.dropToken();
    this.hooks.paused();
    const { assertion, source } = this;
    // A fixed proof is shown again only where the session simply ran out; after a revocation or a log-out elsewhere that is the app's to decide.
    const asks = typeof source === "function" || !assertion || (overdue && !assertion.jwt);
    if (this.shortLives > 2 || !asks) return this.end();
    this.set("connecting");
    await this.settle();
  }

  logout(): Promise<void> {
    const { token } = this;
    if (this.closed) return Promise.resolve();
    this.left = ++this.turn;
    this.person++;
    this.source = null;
    this.backoff.reset();
    this.clearTimers();
    this.vault.clear();
    this.hooks.paused();
    this.drop(true);
    this.replaces = undefined;
    this.set("idle");
    return token ? this.leave(token) : Promise.resolve();
  }

  // wake looks at everything that a sleep may have put off.
  wake(): void {
    const { phase } = this.state;
    if (phase === "offline") void this.connect();
    else if (phase === "open" && Date.now() > this.endsAt - askAheadMs) void this.renew();
  }

  close(): void {
    this.turn++;
    this.dropToken();
    this.hooks.paused();
    this.set("closed");
    this.work.abort();
  }

  reason(): ApiError {
    const { phase, error } = this.state;
    if (phase === "refused" || phase === "ended" || phase === "offline") return (error as ApiError | undefined) ?? new ApiError({ code: "offline" });
    if (phase === "idle") return new ApiError({ code: "not_found", status: 404 }); // who has not written has nothing
    return new ApiError({ code: phase === "closed" ? "closed" : "offline" });
  }

  request(token: string | undefined, method: string, path: string, body?: unknown): Promise<unknown> {
    if (typeof FormData !== "undefined" && body instanceof FormData) return this.upload(token, path, body);
    const options = { base: this.o.url + base, token: () => token, send: this.o.send, onAnswer: (a: Response) => this.readClock(a) };
    return client(options)<unknown>(method, path, body, method === "DELETE" ? {} : { signal: this.work.signal });
  }

  private async upload(token: string | undefined, path: string, body: FormData): Promise<unknown> {
    const limit = new AbortController();
    const abort = () => limit.abort();
    const timer = setTimeout(abort, uploadTakesMs);
    this.work.signal.addEventListener("abort", abort);
    const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
    try {
      return await readAnswer(await this.o.send(this.o.url + base + path, { method: "POST", headers, body, credentials: "omit", signal: limit.signal }));
    } catch (failure) {
      throw failure instanceof ApiError ? failure : new ApiError({ code: "offline" });
    } finally {
      clearTimeout(timer);
      this.work.signal.removeEventListener("abort", abort);
    }
  }

  // To a session.

  private settle(): Promise<void> {
    const { turn } = this;
    if (this.flight?.turn === turn) return this.flight.done;
    this.clearTimers();
    const flight: Flight = { turn, done: Promise.resolve() };
    flight.done = this.establish(turn).finally(() => {
      if (this.flight === flight) this.flight = undefined;
    });
    this.flight = flight;
    return flight.done;
  }

  private async establish(mine: number, again = false): Promise<void> {
    await this.vault.load();
    let assertion: Assertion | undefined;
    try {
      assertion = assertionOf(await this.ask());
    } catch {
      if (mine === this.turn) this.later(new ApiError({ code: "proof_missing" }));
      return;
    }
    if (mine !== this.turn) return;
    if (assertion && this.assertion && !samePerson(assertion, this.assertion)) {
      this.hooks.paused();
      this.part(assertion);
      this.set("connecting");
    }
    if (!assertion && this.assertion) {
      // The provider says that nobody is logged in any more.
      const { source } = this;
      void this.logout();
      this.source = source;
      return;
    }
    this.assertion = assertion;
    if (!assertion && !this.vault.kept.guest && !this.wantsGuest) return this.rest();
    await this.exchange(mine, again);
  }

  private ask(): Promise<unknown> {
    const { source } = this;
    return typeof source === "function" ? limited(providerTakesMs, source) : Promise.resolve(source);
  }

  private async exchange(mine: number, again: boolean): Promise<void> {
    const { channel, platform, version, origin } = this.o;
    const body: Omit<OpenSession, "platform"> & { platform: string; version?: string } = { channel, platform };
    if (version) body.version = version;
    if (origin) body.origin = origin;
    if (this.assertion) body.assertion = this.assertion;
    if (this.vault.kept.visitor) body.visitor_token = this.vault.kept.visitor;
    const replaces = this.token ?? this.replaces;
    if (replaces) body.replaces = replaces;
    try {
      const facts = sure(factsOf(await this.request(undefined, "POST", "/sessions", body)));
      if (!facts.token) throw new ApiError({ code: "not_ours", status: 502 });
      if (mine === this.turn) this.adopt(facts);
      // Who logged out while the answer was under way has no use for it, and nobody else may have one.
      else if (mine < this.left) void this.leave(facts.token);
    } catch (failure) {
      if (mine === this.turn) await this.notOpened(mine, failure as ApiError, again);
    }
  }

  private adopt(facts: Facts): void {
    const same = this.lane === facts.lane;
    const guest = facts.tier === "anonymous";
    this.token = facts.token;
    this.replaces = undefined;
    this.lane = facts.lane;
    this.adoptedAt = Date.now();
    this.backoff.reset();
    this.vault.change({ ...(guest || facts.claimed ? { guest: guest || undefined } : {}), ...(facts.visitor ? { visitor: facts.visitor } : {}) });
    this.schedule(facts.expiresAt);
    const { tier, method, name, expiresAt } = facts;
    const { turn } = this;
    this.set("open", { tier, expiresAt, ...(method ? { method } : {}), ...(name ? { name } : {}) });
    // Whoever was told may have called something else at once.
    if (turn === this.turn) this.hooks.adopted(facts, same);
  }

  private async notOpened(mine: number, failure: ApiError, again: boolean): Promise<void> {
    if (failure.worthRetrying) return this.later(failure);
    if (failure.code === "identity_refused" && typeof this.source === "function" && !again) return this.establish(mine, true);
    const had = this.token;
    this.dropToken(); // what failed to renew a session has ended it
    this.hooks.paused();
    this.wantsGuest = false;
    this.set("refused", { error: failure });
    if (!this.assertion) {
      this.vault.change({ guest: undefined });
      this.hooks.denied(failure);
    }
    if (had) this.hooks.ended();
  }

  // later tries again. A session that still stands is not lost because its renewal found nobody.
  private later(failure: ApiError): void {
    if (!this.token) this.set("offline", { error: failure });
    const mine = this.turn;
    this.timer(pause(this.backoff, failure), () => mine === this.turn && void this.settle());
    if (this.token) this.timeEnd();
  }

  // rest: nobody in particular, who has not written. That the app was started is counted once an hour, as a page's load is.
  private rest(): void {
    this.dropToken();
    this.set("idle");
    const { channel, platform, version } = this.o;
    if (Date.now() - (this.vault.kept.pinged ?? 0) < hourMs) return;
    this.vault.change({ pinged: Date.now() });
    this.request(undefined, "POST", "/ping", { channel, platform, ...(version ? { version } : {}) }).catch(() => undefined);
  }

  private end(): void {
    this.turn++;
    this.set("ended", { error: new ApiError({ code: "session_ended", status: 401 }) });
    this.hooks.ended();
  }

  // leave ends a session on the server, now or as soon as it answers. The token is in memory alone, and goes with it.
  private async leave(token: string): Promise<void> {
    const backoff = new Backoff();
    for (;;) {
      const failure = await this.request(token, "DELETE", "/sessions/current").then(
        () => undefined,
        (e: ApiError) => e,
      );
      if (!failure?.worthRetrying || this.closed) return;
      await new Promise((again) => setTimeout(again, pause(backoff, failure)));
    }
  }

  // Time. The server's clock decides; ours only counts.

  private schedule(expiresAt: string): void {
    this.clearTimers();
    const life = Date.parse(expiresAt) - (Date.now() + this.skew);
    this.endsAt = Date.now() + life;
    this.timer(Math.max(life - askAheadMs, life / 2, 1000), () => void this.renew());
  }

  // renew slides the session's life if use alone can, and otherwise asks for a fresh proof.
  private async renew(): Promise<void> {
    const { token } = this;
    if (!token || this.flight) return;
    const facts = await this.request(token, "GET", "/sessions/current").then(factsOf, (e: ApiError) => e);
    if (token !== this.token || this.flight) return;
    if (facts instanceof ApiError && facts.code === "session_ended") return this.lost(token);
    if (facts instanceof ApiError || !facts) {
      this.timer(this.backoff.next(), () => void this.renew());
      return this.timeEnd();
    }
    if (Date.parse(facts.expiresAt) - Date.now() - this.skew > 2 * askAheadMs) return this.schedule(facts.expiresAt);
    if (this.assertion) this.hooks.expiring();
    if (token !== this.token) return;
    // A fixed token has said what it can; the app may bring another until the end.
    if (typeof this.source !== "function" && this.assertion?.jwt) return this.timeEnd();
    await this.settle();
  }

  private timeEnd(): void {
    const { token } = this;
    if (token) this.timer(this.endsAt - Date.now(), () => void this.lost(token));
  }

  // Waits of more than 24 days overflow a timer; what waits so long is asked anew long before.
  private timer(ms: number, run: () => unknown): void {
    this.timers.push(setTimeout(run, Math.min(Math.max(ms, 0), 2 ** 31 - 1)));
  }

  private clearTimers(): void {
    for (const t of this.timers.splice(0)) clearTimeout(t);
  }

  private readClock(answer: Response): void {
    const at = Date.parse(answer.headers.get("Date") ?? "");
    if (at) this.skew = at - Date.now();
  }

  private dropToken(): void {
    this.clearTimers();
    this.replaces = this.token ?? this.replaces;
    this.token = undefined;
  }

  // part takes leave of a person whom the next assertion does not name. Two tokens may name the same one: then the lane
  // that the server answers with decides, and until then nothing is read, sent or shown.
  private part(next: Assertion): void {
    const { assertion: last } = this;
    if (last && samePerson(next, last)) return;
    if (last && next.user_id === last.user_id && next.email === last.email) return this.dropToken();
    this.person++;
    this.drop();
  }

  private drop(everything = false): void {
    this.dropToken();
    this.lane = this.assertion = undefined;
    this.wantsGuest = false;
    this.hooks.dropped(everything);
  }

  private set(phase: Phase, rest: Omit<State, "phase"> = {}): void {
    this.state = { phase, ...rest };
    this.hooks.changed(this.state);
  }
}
