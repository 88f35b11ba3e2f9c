// What an app says becomes what the core hears, and the other way round. The core is made by the app's greeting, since the
// platform that it names stays for as long as the page does; until then nothing is heard and nobody is asked anything.
import type { Outward, PageSettings } from "../protocol/bridge";
import { readShell, toShell, type Appearance, type FromShell, type ToShell } from "../protocol/shell";
import { client } from "../shared/api";
import { Core, type CoreOptions } from "./core";
import { Shelf } from "./shelf";

export interface AppViewOptions {
  channel: string;
  send: (message: ToShell) => void;
  begun: (core: Core) => void;
  dress: (page: PageSettings, change: Appearance) => void;
  back: () => void;
}

export class AppView {
  private core: Core | undefined;
  private app: CoreOptions["app"];
  private turn = 0; // the shell's last
  private page: PageSettings = { lang: "", dir: "ltr", theme: "auto", site: "" };

  constructor(private readonly o: AppViewOptions) {}

  // hear answers whether it was a message of the list, at a time at which it is heard.
  hear(data: unknown): boolean {
    const m = readShell(data);
    if (m?.type === "shell") this.greeted(m);
    else if (m && this.core) this.told(m, this.core);
    else return false;
    return true;
  }

  private greeted(m: Extract<FromShell, { type: "shell" }>): void {
    this.turn = 0; // a shell that greets again counts anew
    const first = !this.core;
    const { platform, version } = m;
    this.app ??= version ? { platform, version } : { platform };
    const core = (this.core ??= new Core({
      channel: this.o.channel, host: "", storageLagMs: 250, app: this.app, send: (out) => this.relay(out),
    }));
    this.wear(m, core);
    // Nobody is not yet said: the visitor sees that something is on its way, and after a while that nothing came.
    if (first) core.hear({ type: "claim", turn: 0 });
    core.hear({ type: m.shown === false ? "close" : "open" });
    if (first) this.o.begun(core);
  }

  private told(m: Exclude<FromShell, { type: "shell" }>, core: Core): void {
    switch (m.type) {
      case "appearance":
        return this.wear(m, core);
      case "claim":
        return void this.claim(m.turn, core);
      case "identify":
        if (!this.claim(m.turn, core)) return;
        if (m.assertion === null) this.count();
        return core.hear({ ...m, type: "proof", turn: this.turn });
      case "logout":
        this.turn = Math.max(this.turn + 1, m.turn ?? 0);
        return core.hear({ type: "logout", turn: this.turn });
      case "open":
        core.hear({ type: "open" });
        if (m.conversation) core.hear({ type: "go", to: "thread", id: m.conversation });
        else if (m.text !== undefined) core.hear({ type: "go", to: "new" });
        if (m.text) core.hear({ type: "message", text: m.text });
        return;
      case "back":
        return this.o.back();
      case "hide":
        return core.hear({ type: "close" });
    }
  }

  // count reports a start that claims nobody, once an hour, as the loader does for a page. It carries no visitor.
  private count(): void {
    const kept = new Shelf("localStorage", "countersign:counted:");
    const { channel } = this.o;
    if (kept.get<number>(channel)! > Date.now() - 36e5) return;
    kept.set(channel, Date.now());
    client({ base: "/api/v1/widget", token: () => undefined })("POST", "/ping", { channel, ...this.app }).catch(() => undefined);
  }

  // claim says whether what is said under this turn still counts. A turn of its own is said to the core first.
  private claim(turn = this.turn + 1, core: Core): boolean {
    if (turn < this.turn) return false;
    if (turn > this.turn) core.hear({ type: "claim", turn: (this.turn = turn) });
    return true;
  }

  private wear(m: Appearance, core: Core): void {
    const { lang, dir, theme, accent, site } = { ...this.page, ...m };
    this.page = { lang, dir, theme, accent, site };
    core.hear({ type: "page", ...this.page });
    this.o.dress(this.page, m);
  }

  private relay(m: Outward): void {
    if (m.type in toShell && m.type !== "hello") this.o.send(m as ToShell);
  }
}
