// What stands in the frame at this moment, and who is told of it: the messenger watches all of it, the loader hears names
// and counts.
import type { IdentityState, Outward, Place } from "../protocol/bridge";
import { Shelf } from "./shelf";
import type { CoreOptions, State } from "./state";
import { unreadOf } from "./threads";

export class Board {
  state: State;
  watched = ""; // the conversation that the visitor is looking at: what arrives there is not unread, not even for a moment
  protected readonly tab: Shelf; // this tab's: session, drafts, queues
  protected readonly browser: Shelf; // the visitor's own secret
  protected sent = ""; // last state told to the loader
  private readonly watchers = new Set<() => void>();

  constructor(protected readonly o: CoreOptions) {
    const prefix = `countersign:${o.channel}:`;
    this.tab = new Shelf("sessionStorage", prefix);
    this.browser = new Shelf("localStorage", prefix);
    this.state = {
      phase: "waiting", session: undefined, error: undefined, reason: "expired", channel: undefined,
      page: { lang: "", dir: "ltr", theme: "auto", site: "" }, host: o.host, link: "connecting", threads: undefined,
      more: undefined, shown: false, prefill: undefined, place: undefined,
    };
  }

  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  hide(): void {
    this.o.send({ type: "close" });
  }

  // reopen shows again what this tab left open on the page before.
  reopen(): boolean {
    if (this.state.page.shut) this.tab.set("shown", undefined);
    const shown = this.tab.get<boolean>("shown") ?? false;
    if (shown) {
      this.o.send({ type: "open" });
      this.show(true);
    }
    return shown;
  }

  takePlace(): Place | undefined {
    const { place } = this.state;
    if (place) this.set({ place: undefined });
    return place;
  }

  takePrefill(): State["prefill"] {
    const { prefill } = this.state;
    if (prefill) this.set({ prefill: undefined });
    return prefill;
  }

  // began tells the page that there is a conversation now, and nothing of it.
  began(): void {
    this.o.send({ type: "began", online: !!this.state.channel?.online });
  }

  protected show(shown: boolean): void {
    if (!shown) this.watched = "";
    this.tab.set("shown", shown || undefined);
    this.set({ shown });
  }

  protected set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    this.tell();
    for (const w of this.watchers) w();
  }

  // tell gives the loader names and counts, when they changed.
  private tell(): void {
    const { phase, session, threads, error } = this.state;
    if (phase === "waiting") return;
    const identity: IdentityState = phase === "refused" ? "refused" : (session?.tier ?? "anonymous");
    const n = threads ? unreadOf(threads) : 0;
    const state: Extract<Outward, { type: "state" }> = { type: "state", identity, code: phase === "refused" ? error?.code : undefined };
    // Until the list is read nobody knows whether this browser has chatted.
    if (phase === "idle" || threads) state.chatted = threads ? threads.size > 0 : !!this.browser.get("guest");
    const now = JSON.stringify([state, n]);
    if (now === this.sent) return;
    this.sent = now;
    this.o.send(state);
    this.o.send({ type: "unread", n });
  }
}
