// What the messenger shows, as signals over the core. One model lives as long as the frame; what belongs to a person is
// dropped the moment the lane changes.
import { batch, signal, type Signal } from "@preact/signals";
import { Shelf } from "../boot/shelf";
import type { JSX } from "preact";
import type { Core, State } from "../boot/core";
import type { PageSettings } from "../protocol/bridge";
import type { Message } from "../protocol/wire";
import { language } from "../shared/i18n";
import type { StreamEvent } from "../shared/stream";
import { isLocal, newThread, Outbox, randomId } from "./outbox";
import { chime } from "./sound";
import { setLanguage, text } from "./text";
import { Thread } from "./thread";

export interface Route {
  view: "home" | "thread";
  id: string; // of the thread: a conversation's, or a local one
  key: string; // stays the same while a local thread becomes a conversation, and with it what is on the screen
}

const home: Route = { view: "home", id: "", key: "" };

export class Model {
  readonly state: Signal<State>;
  readonly route: Signal<Route> = signal(home);
  readonly sound = signal(false);
  readonly heard = signal(""); // what a screen reader is told
  readonly outbox: Outbox;
  email = ""; // that the page thinks the visitor may prove
  readonly claimDeclined = signal(false);
  readonly step = signal<((p: { model: Model }) => JSX.Element) | undefined>(undefined); // stands in the way of everything else
  readonly files = signal<typeof import("./files") | undefined>(undefined); // the part that takes and shows them
  private threads = new Map<string, Thread>();
  private lane: string | undefined;
  private entered = false;
  private page: PageSettings | undefined;
  private readonly taste = new Shelf("localStorage", "countersign:taste:");

  constructor(readonly core: Core) {
    this.state = signal(core.state);
    this.outbox = new Outbox({
      core,
      delivered: (m) => this.thread(m.conversation_id).put(m),
      began: (local, c) => {
        this.thread(c.id).begun();
        core.began();
        if (this.route.value.id === local) this.go({ ...this.route.value, id: c.id });
      },
    });
    core.watch(() => this.follow(core.state));
    core.listen((e) => this.hear(e));
    this.follow(core.state);
  }

  go(route: Route): void {
    this.route.value = route;
    this.core.shelf().set("route", route.view === "home" || isLocal(route.id) ? undefined : route);
  }

  home(): void {
    this.go(home);
  }

  read(id: string): void {
    this.go({ view: "thread", id, key: randomId() });
  }

  write(): void {
    this.read(newThread());
  }

  thread(id: string): Thread {
    let t = this.threads.get(id);
    if (!t) this.threads.set(id, (t = new Thread(id, this.core)));
    return t;
  }

  // draft is the unsent text of a thread; all new conversations share one.
  draft(id: string): string {
    return this.core.shelf().get<string>(draftName(id)) ?? "";
  }

  keepDraft(id: string, value: string): void {
    this.core.shelf().set(draftName(id), value || undefined);
  }

  setSound(on: boolean): void {
    this.sound.value = on;
    this.taste.set("sound", on);
    if (on) chime();
  }

  // proveEmail opens the step that asks for an address and its code: few visitors ever see it, so it is fetched then.
  proveEmail(): void {
    void import("./code").then((m) => (this.step.value = m.CodeStep)).catch(() => undefined);
  }

  needFiles(): void {
    void import("./files").then((m) => (this.files.value = m)).catch(() => undefined);
  }

  declineClaim(): void {
    this.claimDeclined.value = true;
    this.core.shelf().set("declined", true);
  }

  private follow(state: State): void {
    batch(() => {
      if (state.page !== this.page) this.turn((this.page = state.page));
      this.state.value = state;
      if (state.phase !== "open" || state.session?.lane !== this.lane) this.heard.value = "";
      if (state.phase === "open" || state.phase === "idle") this.enter(state.session?.lane);
      if (state.place) this.lead();
      if (state.prefill) this.fill();
    });
  }

  private enter(lane: string | undefined): void {
    if (this.entered && lane === this.lane) return this.outbox.enter(lane);
    // An anonymous visitor's first message has just made the lane: what is on the screen is theirs.
    const begun = this.entered && this.lane === undefined && this.state.value.session?.tier === "anonymous";
    this.entered = true;
    this.lane = lane;
    this.outbox.enter(lane);
    if (begun) return;
    this.step.value = undefined;
    this.threads = new Map();
    this.claimDeclined.value = this.core.shelf().get<boolean>("declined") ?? false;
    this.route.value = this.core.shelf().get<Route>("route") ?? home;
  }

  // lead shows what the page asks for. Another's thread is not found, as everywhere.
  private lead(): void {
    if (this.state.value.phase === "waiting") return;
    const place = this.core.takePlace();
    if (place?.to === "thread") this.read(String(place.id));
    else if (place?.to === "new") this.write();
    else this.home();
  }

  // turn takes what the page wants otherwise than we have it.
  private turn(page: PageSettings): void {
    setLanguage(page.lang, page.words);
    // Read aloud is the language of our words, which need not be the one that the page asked for.
    document.documentElement.lang = language();
    this.sound.value = this.taste.get<boolean>("sound") ?? page.sound === true;
  }

  // fill puts the page's words into the composer. Only the visitor sends them.
  private fill(): void {
    if (this.state.value.phase === "waiting") return;
    // Leading somewhere may have filled already.
    const { text: words, stay, email } = this.core.takePrefill() ?? {};
    if (email !== undefined) this.email = String(email);
    if (words === undefined) return;
    const home = this.route.value.view === "home";
    if (home && !stay) this.write();
    const { id } = this.route.value;
    this.keepDraft(id || newThread(), String(words));
    this.route.value = { ...this.route.value, key: randomId() };
  }

  private hear(e: StreamEvent): void {
    for (const t of this.threads.values()) t.hear(e);
    if (e.kind !== "message.created") return;
    const m = e.data as Message;
    if (m.author.kind === "visitor") return;
    this.heard.value = text().said(m.author.name || this.teamName(), [m.text, ...(m.files ?? []).map((f) => f.name)].join(" "));
    const watched = this.state.value.shown && document.visibilityState === "visible";
    if (this.sound.value && !watched) chime();
  }

  teamName(): string {
    const { channel } = this.state.value;
    return channel?.team || channel?.name || text().team;
  }

  siteName(): string {
    const { page, channel, host } = this.state.value;
    return page.site || channel?.name || host.replace(/^https?:\/\//, "");
  }
}

function draftName(id: string): string {
  return `draft-${isLocal(id) ? "new" : id}`;
}
