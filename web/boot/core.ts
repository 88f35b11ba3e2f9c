// Who is talking, and with what right: the frame's one piece of state. It trades the page's proof for a session, keeps it
// fresh, ends it, and hears the stream; the messenger only shows what stands here, on the board.
//
//	waiting ──► open ──► ended        the session ended and no fresh proof came
//	   │  ▲      │  └──► waiting      another person, or a proof on its way
//	   │  └──────┴─────► idle         logged out; an anonymous session begins with the first message
//	   ├──► refused                   enforcement: this visitor could not be verified
//	   └──► failed                    nothing answered; tried again by itself and by hand
//
// An answer counts only if no later identify or logout was heard: every request carries the turn it belongs to.
import type { Inward } from "../protocol/bridge";
import type { Assertion, ChannelFacts, Conversation, ConversationPage, Opened, OpenSession, SessionFacts } from "../protocol/wire";
import { ApiError, client, type CallOptions } from "../shared/api";
import { Backoff } from "../shared/backoff";
import type { StreamEvent } from "../shared/stream";
import { assertionOf, samePerson } from "./assertion";
import { Board } from "./board";
import { alone, type Hold, HeldSession, unlessOvertaken } from "./held";
import { Lane } from "./lane";
import type { Shelf } from "./shelf";
import type { CoreOptions, Phase, State } from "./state";
import { apply, merge, seen, type Threads } from "./threads";
import { setTimer } from "./timer";

export type { CoreOptions, Phase, State };

const base = "/api/v1/widget";
const askAheadMs = 60_000;
const pageAnswersMs = 1500;
const proofTakesMs = 20_000;
const proofAtOnceMs = 150;
const shortLifeMs = 5000;
// What an anonymous visitor writes before there is a session, and so a lane.
const noLane = "-";

export class Core extends Board {
  private readonly listeners = new Set<(e: StreamEvent) => void>();
  private readonly backoff = new Backoff();
  private turn = 0;
  private pageTurn = 0;
  private asked = false; // the page, for a fresh proof of whom it named
  private fresh = false; // the claim under way is the answer
  private inFlight: Promise<void> | undefined;
  private abort: AbortController | undefined;
  readonly held: HeldSession;
  private assertion: Assertion | undefined;
  private lane: Lane | undefined;
  private seq = 0;
  private adoptedAt = 0;
  private shortLives = 0; // sessions that ended at once, one after the other
  private skew = 0; // server's clock minus ours
  private endsAt = 0; // by this machine's clock
  private timers: ReturnType<typeof setTimeout>[] = []; // of the session's life
  private early: StreamEvent[] = []; // heard before the list that they change

  constructor(o: CoreOptions) {
    super(o);
    this.held = new HeldSession(this.tab);
    this.finishLeaving();
    void this.readChannel();
    addEventListener("pagehide", () => this.sleep());
    addEventListener("pageshow", (e) => e.persisted && void this.wake());
    addEventListener("online", () => this.state.phase === "failed" && this.retry());
    // Another tab began or ended this browser's anonymous life.
    addEventListener("storage", (e) => e.key === `countersign:${o.channel}:guest` && e.newValue && this.state.phase === "idle" && this.nobody());
  }

  // For the messenger.

  listen(heard: (e: StreamEvent) => void): () => void {
    this.listeners.add(heard);
    return () => this.listeners.delete(heard);
  }

  // call speaks for the session. If the session was replaced while the call was under way, it is repeated once, never in
  // another's name; and an answer that was meant for somebody else is nobody's.
  async call<T>(method: string, path: string, body?: unknown, options?: CallOptions): Promise<T> {
    let { lane } = this;
    const mine = <A>(answer: A): A => {
      if (lane && lane !== this.lane) throw new ApiError({ code: "session_ended" });
      lane = this.lane;
      return answer;
    };
    const ask = async (token: string | undefined) => mine(await this.with(token)<T>(method, path, body, options));
    await this.inFlight;
    const token = mine(this.held.token);
    try {
      return await ask(token);
    } catch (failure) {
      if (!(failure instanceof ApiError) || failure.code !== "session_ended") throw failure;
      await this.inFlight;
      const now = mine(this.held.token);
      if (now && now !== token) return ask(now);
      if (token && token === now) this.lost();
      throw failure;
    }
  }

  // begin makes sure that there is a session: an anonymous visitor gets one with the first message.
  async begin(): Promise<void> {
    await this.inFlight;
    if (this.state.phase === "idle") await this.open(undefined);
    if (this.state.phase !== "open") throw this.state.error ?? new ApiError({ code: "offline" });
  }

  // shelf is what this lane keeps in this tab. It dies with the lane, so unsent text never changes its author.
  shelf(): Shelf {
    return this.tab.within(this.lane?.name ?? noLane);
  }

  async readThreads(cursor?: string): Promise<void> {
    const lane = this.lane;
    const page = await this.call<ConversationPage>("GET", `/conversations${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (lane !== this.lane) return;
    const merged = merge(this.state.threads ?? new Map(), page.conversations ?? []);
    this.setThreads(this.early.splice(0).reduce(apply, merged), { more: page.next });
  }

  keep(c: Conversation): void {
    this.setThreads(merge(this.state.threads ?? new Map(), [c]));
  }

  async claimThread(yes: boolean): Promise<void> {
    const { claim, ...session } = this.state.session!;
    // Which threads were asked about: what is written meanwhile, perhaps by somebody else, was not.
    if (yes) await this.call("POST", "/sessions/current/claim", claim ?? {});
    this.set({ session });
    if (!yes) return;
    this.browser.set("guest", undefined);
    await this.readThreads();
  }

  // prove trades what the visitor typed for a verified session. An answer that a later identify or logout overtook counts
  // for nothing. Without a session the attempt says what a session would know.
  async prove(path: string, body: object): Promise<void> {
    await this.inFlight;
    const mine = this.turn;
    const { token } = this.held;
    const device = token ? {} : { platform: this.o.app?.platform, origin: this.o.host, visitor_token: this.browser.get("visitor") };
    const work = this.with(token)<Opened>("POST", path, { ...device, ...body });
    // The session that asks ends with the answer, and its stream may tell so first: meanwhile nothing is lost.
    const flight: Promise<void> = work.then(nothing, nothing).then(() => {
      if (this.inFlight === flight) this.inFlight = undefined;
    });
    this.inFlight = flight;
    const opened = await work.catch((failure: ApiError) => {
      this.inFlight = undefined;
      if (failure.code === "session_ended" && token && token === this.held.token) this.lost();
      throw failure;
    });
    if (mine !== this.turn) return this.leave(opened.session);
    if (opened.visitor_token) this.browser.set("visitor", opened.visitor_token);
    this.adopt(opened);
  }

  // retry is the visitor's: call again, or ask the page again.
  retry(): void {
    const { phase, error } = this.state;
    this.backoff.reset();
    if (phase === "failed" && error?.code !== "proof_missing") return void this.open(this.assertion);
    this.set({ phase: "waiting", error: undefined });
    // A page that hands its proof over once has nothing new to say: what it said is shown again, as a reload would.
    this.askPage(false, () => (this.assertion ? void this.open(this.assertion) : this.set({ phase, error })));
  }

  // From the page.

  hear(m: Inward): void {
    switch (m.type) {
      case "page":
        return this.set({ page: { ...m, lang: String(m.lang), dir: m.dir === "rtl" ? "rtl" : "ltr", theme: m.theme ?? "auto", site: String(m.site ?? ""), accent: colour(m.accent) } });
      case "claim":
        return this.claimed(m.turn);
      case "proof":
        return this.proved(m.turn, m.assertion, m.dialect);
      case "logout":
        this.pageTurn = m.turn;
        return this.logout();
      case "open":
      case "close":
        return this.show(m.type === "open");
      case "message":
        return this.set({ prefill: m });
      case "go":
        // The id becomes part of an address: a page must not lead a visitor's own calls elsewhere.
        return m.to === "thread" && !/^[\w-]+$/.test(m.id!) ? undefined : this.set({ place: m });
    }
  }

  private claimed(turn: number): void {
    this.pageTurn = turn;
    this.turn++;
    this.abort?.abort();
    const mine = this.turn;
    // A claim that nobody asked for may be somebody else's: if its proof takes its time, nothing of the person before is
    // shown meanwhile, and if none comes nothing of theirs goes on.
    this.fresh = this.asked;
    this.asked = false;
    setTimer(proofAtOnceMs, () => mine === this.turn && this.inDoubt() && this.set({ phase: "waiting" }));
    setTimer(proofTakesMs, () => mine === this.turn && this.proved(turn, undefined));
  }

  private proved(turn: number, said: Record<string, unknown> | null | undefined, dialect?: string): void {
    if (turn !== this.pageTurn && turn !== 0) return;
    this.turn++;
    if (said === undefined) return this.unproved();
    const assertion = assertionOf(said, dialect);
    if (!assertion) return this.nobody();
    const known = this.state.phase === "open" && JSON.stringify(assertion) === JSON.stringify(this.assertion);
    if (known && this.endsAt - Date.now() > 2 * askAheadMs) return;
    // Somebody else's history is not shown while we ask who this is.
    if (this.state.phase !== "open" || !samePerson(assertion, this.assertion)) this.set({ phase: "waiting" });
    void this.open(assertion);
  }

  // The page claims somebody and has no proof to give. A session that still stands goes on until its end.
  private unproved(): void {
    if (this.state.phase === "open" && !this.inDoubt()) return;
    if (this.assertion) return this.end("expired");
    this.set({ phase: "failed", error: new ApiError({ code: "proof_missing" }) });
  }

  // inDoubt: somebody's threads are open, and the page may mean somebody else by now.
  private inDoubt(): boolean {
    return this.state.phase === "open" && !!this.assertion && !this.fresh;
  }

  private nobody(): void {
    if (this.assertion) return this.logout();
    if (this.state.phase === "open") return;
    const own = this.held.own();
    if (own) return void this.resume(own);
    if (this.browser.get("guest")) return void this.open(undefined);
    // A verified session that this tab still holds stays untouched and unused: only a proof for its person brings it back.
    this.set({ phase: "idle", error: undefined });
  }

  // resume goes on with what the visitor proved in this tab.
  private async resume(token: string): Promise<void> {
    const mine = ++this.turn;
    const facts = await this.with(token)<SessionFacts>("GET", "/sessions/current").catch((e: ApiError) => e);
    if (mine !== this.turn) return;
    if (!(facts instanceof ApiError)) return this.adopt({ ...facts, session: token });
    if (facts.worthRetrying) {
      this.set({ phase: "failed", error: facts });
      return void setTimer(this.backoff.next(), () => mine === this.turn && void this.resume(token));
    }
    this.held.drop();
    this.nobody();
  }

  // Sessions.

  private open(assertion: Assertion | undefined): Promise<void> {
    const mine = ++this.turn;
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    this.assertion = assertion;
    const work = this.exchange(mine, assertion, abort.signal).then(
      (opened) => mine === this.turn && this.adopt(opened),
      (failure: ApiError) => mine === this.turn && this.notOpened(failure),
    );
    const flight: Promise<void> = work.then(() => {
      if (this.inFlight === flight) this.inFlight = undefined;
    });
    return (this.inFlight = flight);
  }

  // Tabs that start at once take turns, or each would become a visitor of its own where there is none yet. Where the one
  // that was here is somebody else's, the server makes them the same new one.
  private async exchange(mine: number, assertion: Assertion | undefined, signal: AbortSignal): Promise<Opened> {
    const replaces = await this.held.replaceable();
    const post = async (hold: Hold): Promise<Opened> => {
      const body: OpenSession = { channel: this.o.channel, platform: "web", ...this.o.app, origin: this.o.host };
      if (assertion) body.assertion = assertion;
      const visitor = this.browser.get<string>("visitor");
      if (visitor) body.visitor_token = visitor;
      if (replaces) body.replaces = replaces;
      const opened = await this.with()<Opened>("POST", "/sessions", body, { signal });
      if (opened.visitor_token && mine === this.turn) {
        this.browser.set("visitor", opened.visitor_token);
        // A lock passes on sooner than storage does between processes: the next tab in turn would still read nothing.
        if (!visitor) hold(this.o.storageLagMs);
      }
      return opened;
    };
    return alone(`countersign:${this.o.channel}:visitor`, (hold) => unlessOvertaken(signal, post(hold)));
  }

  private adopt({ session: token, visitor_token: _, ...facts }: Opened): void {
    this.held.keep(facts.session_id, token, facts.method === "code" || undefined);
    this.adoptedAt = Date.now();
    this.backoff.reset();
    this.schedule(facts.expires_at);
    // Whether this browser has written as nobody in particular, so that its next page load looks for answers.
    if (facts.tier === "anonymous" || facts.claimed) this.browser.set("guest", facts.tier === "anonymous" || undefined);
    const same = this.lane?.name === facts.lane;
    if (same) {
      this.set({ phase: "open", session: facts, error: undefined });
      this.lane!.refresh();
      if (this.state.threads && !facts.claimed) return;
    } else {
      this.dropLane();
      const unsent = this.tab.within(noLane);
      // What was written before the first session was written by this same anonymous visitor, and by nobody else.
      if (facts.tier === "anonymous") unsent.moveTo(this.tab.within(facts.lane));
      else unsent.clear();
      this.seq = facts.seq;
      this.early = [];
      this.lane = this.makeLane(facts.lane);
      this.set({ phase: "open", session: facts, error: undefined, threads: undefined, more: undefined, link: "connecting" });
      this.lane.join();
    }
    void this.readThreads().catch(() => undefined);
  }

  private notOpened(failure: ApiError): void {
    if (failure.code === "aborted") return;
    if (failure.worthRetrying) {
      // An anonymous visitor's first message is tried again by the queue that it waits in.
      if (this.state.phase === "idle") return this.set({ error: failure });
      // A session that still stands is not lost because its renewal found nobody.
      if (!this.held.token) this.set({ phase: "failed", error: failure });
      const again = this.turn;
      return void setTimer(Math.max(this.backoff.next(), failure.retryAfterSeconds * 1000), () => again === this.turn && void this.open(this.assertion));
    }
    const { assertion } = this;
    this.forget();
    this.assertion = assertion; // to be shown again if the visitor asks for it
    const refused = failure.status === 403 || failure.status === 401; // 401: as the dialect of an app puts it
    this.set({ phase: refused ? "refused" : "failed", error: failure });
  }

  // lost is called when the server no longer knows the session.
  private lost(): void {
    if (this.inFlight || !this.held.token) return;
    // A right that ends as soon as it is given is not asked for again and again.
    this.shortLives = Date.now() - this.adoptedAt < shortLifeMs ? this.shortLives + 1 : 0;
    if (this.shortLives > 2) return this.end("expired");
    const overdue = Date.now() >= this.endsAt;
    this.held.drop();
    this.lane?.leave();
    if (!this.assertion) {
      // Ended, or its visitor logged out in another tab. What follows starts as the server says, empty if need be.
      this.forget();
      this.set({ phase: "idle" });
      return this.nobody();
    }
    this.set({ phase: "waiting" });
    // The page is asked before the visitor is told. A proof that the page did not renew is only shown again where the
    // session simply ran out; after a revocation or a log-out that is the page's to decide.
    this.askPage(false, () => (overdue && !this.assertion?.jwt ? void this.open(this.assertion) : this.end("expired")));
  }

  private end(reason: State["reason"]): void {
    this.turn++;
    this.dropSession();
    this.lane?.leave(); // but its unsent text stays, for the same person's next proof
    this.set({ phase: "ended", reason, session: undefined, threads: undefined });
    this.o.send({ type: "ended" });
  }

  // logout is the page's, or that of a visitor who proved who they are without it.
  logout(): void {
    const token = this.held.kept();
    this.turn++;
    this.abort?.abort();
    this.lane?.logout();
    this.forget();
    this.tab.clear("leaving");
    this.browser.clear();
    this.sent = ""; // whoever takes the messenger off the page waits for this word
    this.set({ phase: "idle", error: undefined, prefill: { email: "" }, place: undefined });
    if (token) this.leave(token);
  }

  // leave ends a session on the server, now or as soon as the server answers, over reloads of this tab.
  private leave(token: string): void {
    this.tab.set("leaving", token);
    this.with(token)("DELETE", "/sessions/current", undefined, { keepalive: true }).then(
      () => this.tab.set("leaving", undefined),
      (failure: ApiError) => {
        if (failure.worthRetrying) setTimer(this.backoff.next(), () => this.leave(token));
        else this.tab.set("leaving", undefined);
      },
    );
  }

  private finishLeaving(): void {
    const token = this.tab.get<string>("leaving");
    if (token) this.leave(token);
  }

  // Time. The server's clock decides; ours only counts.

  private schedule(expiresAt: string): void {
    for (const t of this.timers.splice(0)) clearTimeout(t);
    const life = Date.parse(expiresAt) - (Date.now() + this.skew);
    this.endsAt = Date.now() + life;
    this.timers.push(setTimer(Math.max(life - askAheadMs, life / 2, 1000), () => void this.renew()));
  }

  // renew slides the session's life if use alone can, and otherwise asks the page for a fresh proof.
  private async renew(): Promise<void> {
    const token = this.held.token;
    const facts = await this.with(token)<SessionFacts>("GET", "/sessions/current").catch((e: ApiError) => e);
    if (token !== this.held.token || !token) return;
    if (facts instanceof ApiError) {
      if (facts.code === "session_ended") return this.lost();
      return void setTimer(this.backoff.next(), () => void this.renew());
    }
    if (Date.parse(facts.expires_at) - Date.now() - this.skew > 2 * askAheadMs) return this.schedule(facts.expires_at);
    if (!this.assertion) return void this.open(undefined);
    this.askPage(true, () => !this.assertion?.jwt && void this.open(this.assertion));
    this.timers.push(setTimer(this.endsAt - Date.now(), () => token === this.held.token && this.lost()));
  }

  // askPage asks for a fresh proof; silent is called if the page does not even begin to answer.
  private askPage(expiring: boolean, silent: () => void): void {
    const mine = this.turn;
    this.o.send({ type: "prove", expiring });
    this.asked = true;
    setTimer(pageAnswersMs, () => {
      if (mine !== this.turn) return;
      this.asked = false;
      silent();
    });
  }

  // A page that is put aside holds no lock and no connection; when it is taken out again, it shows nothing of a person
  // until the server has said that the session still stands.
  private sleep(): void {
    this.lane?.leave();
    this.held.rest();
  }

  private async wake(): Promise<void> {
    const { token } = this.held;
    const { assertion } = this;
    if (!token || this.state.phase !== "open") return;
    this.set({ phase: "waiting" });
    const facts = await this.with(token)<SessionFacts>("GET", "/sessions/current").catch((e: ApiError) => e);
    // Whoever was named meanwhile may be somebody else: what becomes of that shows who is here.
    if (token !== this.held.token || assertion !== this.assertion) return;
    if (facts instanceof ApiError && facts.code === "session_ended") return this.lost();
    this.held.live();
    this.lane?.join();
    this.set({ phase: "open" });
  }

  // The lane and its stream.

  private makeLane(name: string): Lane {
    return new Lane({
      name,
      url: (after) => `${base}/stream?after=${after}`,
      token: () => this.held.token,
      after: () => this.seq,
      onEvent: (e) => this.heard(e),
      onLink: (link) => this.set({ link }),
      onEnd: () => this.lost(),
      onLogout: () => this.endedElsewhere(),
    });
  }

  private heard(e: StreamEvent): void {
    if (e.seq !== undefined) this.seq = Math.max(this.seq, e.seq);
    const { id, status } = e.data as Conversation;
    if (status === "closed" && this.state.threads?.get(id)?.status === "open") this.o.send({ type: "done" });
    if (this.state.threads) this.setThreads(seen(apply(this.state.threads, e), e, this.watched));
    else this.early.push(e);
    for (const l of this.listeners) l(e);
  }

  private endedElsewhere(): void {
    const somebody = !!this.assertion;
    this.turn++;
    this.abort?.abort();
    this.forget();
    this.tab.clear("leaving");
    if (somebody) this.end("elsewhere");
    else this.set({ phase: "idle" });
  }

  private dropLane(): void {
    if (!this.lane) return;
    this.tab.within(this.lane.name).clear();
    this.lane.leave();
    this.lane = undefined;
    // Nor is an address that the page filled in the next person's.
    this.set({ prefill: { email: "", ...this.state.prefill } });
  }

  private dropSession(): void {
    for (const t of this.timers.splice(0)) clearTimeout(t);
    this.held.drop();
  }

  // forget leaves nothing of the person whose session it was.
  private forget(): void {
    this.dropSession();
    this.dropLane();
    this.assertion = undefined;
    this.seq = 0;
    this.set({ session: undefined, threads: undefined, more: undefined });
  }

  private with(token?: string) {
    return client({ base, token: () => token, onAnswer: (a) => this.readClock(a) });
  }

  private readClock(answer: Response): void {
    const at = Date.parse(answer.headers.get("Date") ?? "");
    if (at) this.skew = at - Date.now();
  }

  private async readChannel(): Promise<void> {
    try {
      const channel = await this.with()<ChannelFacts>("GET", `/channels/${encodeURIComponent(this.o.channel)}`);
      this.set({ channel });
      const accent = colour(channel.accent);
      if (accent) this.o.send({ type: "look", accent });
    } catch {
      setTimer(this.backoff.next(), () => void this.readChannel());
    }
  }

  private setThreads(threads: Threads, rest: Partial<State> = {}): void {
    if (threads === this.state.threads && !("more" in rest)) return;
    this.set({ ...rest, threads });
  }
}

const nothing = () => undefined;

const colour = (c: unknown): string | undefined => (/^#[0-9a-f]{6}$/i.test(c as string) ? (c as string) : undefined);
