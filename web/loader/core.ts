// The core of every loader: all of a messenger that runs inside somebody else's page. It draws the launcher, opens the frame
// on our origin and speaks to it through one port (protocol/bridge.ts). It never throws into the page, leaves no global of
// its own, evaluates nothing, writes no style that a policy could forbid, and needs of a content security policy only
// script-src and frame-src for our origin.
//
// main.ts makes the native loader of it and compat/ those that speak the globals of other systems. What only those need
// stands behind VENDOR, which the build sets: the native loader carries none of it.
import { decode, encode, portGreeting, type IdentityState, type Inward, type Outward, type PageSettings } from "../protocol/bridge";
import css from "./loader.css?text";

type Claim = object | (() => unknown);
type Callback = (value?: unknown) => void;

export interface Settings {
  channel: string;
  accent?: string;
  theme?: "light" | "dark" | "auto";
  lang?: string;
  dir?: "ltr" | "rtl";
  site?: string; // the name that the messenger shows as having confirmed who its visitor is
  launcher?: boolean;
  zIndex?: number;
  horizontal?: number; // distance of the launcher from the edges, in px
  vertical?: number;
  labels?: Partial<typeof labels>;
  // VENDOR only.
  dialect?: string; // that the proofs are in
  side?: "left" | "right";
  page?: Pick<PageSettings, "hide" | "sound" | "words" | "shut">;
}

// Extra is what an adapter adds to the launcher: rules for it, and what to do whenever it was drawn. VENDOR only.
export interface Extra {
  css: string;
  drawn: (button: HTMLButtonElement, open: boolean) => void;
}

export interface Api {
  (command: string, ...args: unknown[]): unknown;
  q?: { push: (call: ArrayLike<unknown>) => void };
  booted?: boolean;
  // VENDOR only: what the frame is told once it listens, through which port, and what dresses the launcher.
  more?: { later: Inward[]; line?: MessagePort; extra?: Extra };
}

declare const VENDOR: string; // the adapter's name; empty: the native loader

const labels = { open: "Open chat", close: "Close chat", title: "Chat", unread: "unread" };
const chattedFlag = "countersign";
export const doc = document;
const root = doc.documentElement;

type Listener = [event: string, call: Callback, once?: boolean];

// createMessenger makes the one messenger of a page, with its frame on the origin given. It shows nothing before init.
export function createMessenger(origin: string): Api {
  let settings: Settings | undefined;
  let accent = "";
  let turn = 0; // an answer counts only if no later identify or logout was called
  let host: HTMLElement | undefined;
  let leaving = false; // a log-out that the frame has not heard of yet
  let listeners: Listener[] = [];
  let prefill: string | undefined;
  let open = false;
  let badge: HTMLElement;
  let unread = 0;
  let identity: IdentityState = "anonymous";
  let claim: Claim | undefined;
  let panel: HTMLElement;
  let port: MessagePort | undefined; // set once the frame has greeted
  let button: HTMLButtonElement;
  let wanted = false; // the visitor is about to open
  let frame: HTMLIFrameElement | undefined;

  // Events.

  const emit = (event: string, value?: unknown): void => {
    const tell = (l: Listener): void => {
      if (l[0] !== event) return;
      if (l[2]) off(event, l[1]);
      guard(() => l[1](value));
    };
    listeners.forEach(tell);
    if (!VENDOR) return;
    // A page made for others may open first, and ask right after to hear of it.
    const told = [...listeners];
    setTimeout(() => listeners.forEach((l) => told.includes(l) || tell(l)));
  };
  const on = (event: string, call: Callback, once?: boolean): void => {
    // Who asks late is told all the same.
    if (event === "ready" && api.booted) setTimeout(() => guard(call));
    else listeners.push([event, call, once]);
  };
  const off = (event: string, call?: Callback): void => {
    listeners = listeners.filter((l) => l[0] !== event || (call && l[1] !== call));
  };

  // The port.

  const send = (message: Inward): void => {
    const text = encode(message);
    if (text) port?.postMessage(text);
    else if (message.type === "proof" && message.assertion) send({ type: "proof", turn });
  };
  const connect = (): void => {
    const { port1, port2 } = new MessageChannel();
    port = undefined;
    if (VENDOR) api.more!.line = port1;
    port1.onmessage = (e) =>
      guard(() => {
        if (VENDOR && port1 !== api.more!.line) return; // destroyed meanwhile
        const message = decode(e.data) as Outward | undefined;
        if (message?.type === "hello") greet(port1);
        else if (port === port1) receive(message!); // what is no message throws, into the guard
      });
    frame!.contentWindow!.postMessage(portGreeting, origin, [port2]);
    // What has loaded and says nothing is no messenger: the channel is unknown, or does not allow this page.
    setTimeout(() => {
      if (port || (VENDOR && port1 !== api.more!.line)) return;
      host!.remove();
      console.warn("No chat:", frame!.src);
    }, 10_000);
  };
  const describe = (): void => {
    const { lang = root.lang, theme, site } = settings!;
    if (VENDOR) send({ type: "page", lang, dir: direction() as "ltr", theme, site, accent: settings!.accent, ...settings!.page });
    else send({ type: "page", lang, dir: direction() as "ltr", theme, site });
  };
  const greet = (to: MessagePort): void => {
    port = to;
    describe();
    if (leaving) send({ type: "logout", turn });
    leaving = false;
    if (claim) present();
    else send({ type: "proof", turn: VENDOR ? 0 : turn, assertion: null }); // a frame after destroy has heard of no turn
    if (wanted) send({ type: "load" });
    if (open) send({ type: "open" });
    fill();
  };
  const receive = (message: Outward): void => {
    switch (message.type) {
      case "state":
        if (message.chatted !== undefined) remember(message.chatted);
        if (identity !== message.identity) emit((identity = message.identity));
        break;
      case "unread":
        if (unread !== message.n) emit("unread", (unread = message.n));
        break;
      case "look":
        accent = message.accent;
        break;
      case "open":
        open = wanted = true; // without taking the page's focus
        emit("open");
        break;
      case "close":
        toggle(false);
        break;
      case "prove":
        if (message.expiring) emit("identityExpiring");
        if (typeof claim === "function") present();
        break;
      case "ended":
        emit("identityEnded");
    }
    if (VENDOR) emit("frame", message);
    draw();
  };
  const present = (): void => {
    const mine = ++turn;
    const source = claim;
    if (!port) return;
    send({ type: "claim", turn });
    const answer = (assertion?: unknown): void => {
      if (mine !== turn) return;
      if (VENDOR) send({ type: "proof", turn, assertion: assertion as null, dialect: settings?.dialect });
      else send({ type: "proof", turn, assertion: assertion as null });
    };
    new Promise((done) => done(typeof source === "function" ? source() : source)).then(
      (assertion) => answer(assertion ?? null),
      () => answer(),
    );
  };
  const fill = (): void => {
    if (!port) return;
    if (VENDOR) {
      api.more!.later.forEach(send);
      api.more!.later = [];
    }
    if (prefill === undefined) return;
    send({ type: "message", text: prefill });
    prefill = undefined;
  };

  // What is drawn in the page.

  const direction = (): string => settings!.dir ?? getComputedStyle(root).direction;
  const add = <T extends keyof HTMLElementTagNameMap>(parent: Node, name: T): HTMLElementTagNameMap[T] =>
    parent.appendChild(doc.createElement(name));
  const build = (): void => {
    if (host) return;
    // Beside the body rather than in it: a page that swaps its body while navigating keeps the conversation.
    host = add(root, "countersign-messenger" as "div");
    const shadow = host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(VENDOR === "beacon" && api.more!.extra ? css + api.more!.extra.css : css);
    shadow.adoptedStyleSheets = [sheet];
    button = add(shadow, "button");
    panel = add(shadow, "div");
    badge = add(button, "span");
    button.onclick = () => api("toggle");
    button.onfocus = button.onpointerenter = () => guard(want);
    draw();
  };
  const draw = (): void => {
    if (!host) return;
    const { zIndex = 2147483000, horizontal = 20, vertical = 20, theme = "auto", launcher } = settings!;
    const words = { ...labels, ...settings!.labels };
    host.style.cssText = `--a:${(VENDOR && settings!.accent) || accent || settings!.accent || "#3451d1"};--z:${zIndex};--x:${horizontal}px;--y:${vertical}px`;
    host.dir = VENDOR && settings!.side ? (settings!.side === "left" ? "rtl" : "ltr") : direction();
    button.hidden = launcher === false;
    button.ariaExpanded = `${open}`;
    button.ariaLabel = open ? words.close : unread ? `${words.open}, ${unread} ${words.unread}` : words.open;
    badge.textContent = open || !unread ? "" : unread > 9 ? "9+" : (unread as never);
    panel.className = open ? "open" : "";
    if (VENDOR === "beacon") api.more!.extra?.drawn(button, open);
    panel.style.colorScheme = theme === "auto" ? "light dark" : theme;
    if (frame) frame.title = words.title;
  };
  const embed = (query = ""): HTMLIFrameElement => {
    const it = doc.createElement("iframe");
    it.src = origin + "/frame/" + settings!.channel + query;
    panel.replaceChildren(it);
    return it;
  };
  const mount = (): void => {
    build();
    if (frame) return;
    frame = embed();
    frame.onload = () => guard(connect);
    draw();
  };
  // A page that claims nobody says once an hour and tab that it is there, and nothing else. It asks for a document that is
  // none: of all requests this one alone needs no more of a policy than the messenger does.
  const ping = (): void => {
    if (sessionStorage[chattedFlag] > Date.now()) return;
    sessionStorage[chattedFlag] = Date.now() + 36e5;
    embed("?ping=" + location.origin);
  };
  const want = (): void => {
    if (wanted) return;
    wanted = true;
    mount();
    send({ type: "load" });
  };
  const toggle = (to: boolean): void => {
    if (!settings || to === open) return;
    want();
    const inside = doc.activeElement === host;
    open = to;
    draw();
    const type = open ? "open" : "close";
    send({ type });
    if (open) frame!.focus();
    else if (inside) button.focus();
    emit(type);
  };

  // The commands. Unknown ones are ignored.

  const logout = (): void => {
    claim = undefined;
    turn++;
    leaving = !port;
    send({ type: "logout", turn });
    if (api.booted) mount();
  };
  const commands = {
    __proto__: null,
    init(given: Settings) {
      const first = !settings;
      if (!given.channel || (!first && settings!.channel !== given.channel)) return;
      settings = { ...settings, ...given };
      if (!first) {
        draw();
        return describe();
      }
      whenIdle(() => {
        if (api.booted || (VENDOR && !settings)) return;
        build();
        if (frame || claim || leaving || remembered()) mount();
        else guard(ping);
        api.booted = true;
        emit("ready");
      });
    },
    identify(given: Claim) {
      if (!given) return logout();
      claim = given;
      present();
      if (api.booted) mount();
    },
    logout,
    open: () => toggle(true),
    close: () => toggle(false),
    toggle: () => toggle(!open),
    show() {
      settings!.launcher = true;
      draw();
    },
    hide() {
      settings!.launcher = false;
      draw();
    },
    on,
    once: (event: string, call: Callback) => on(event, call, true),
    off,
    // Fills the composer. Only the visitor sends.
    message(text: unknown) {
      prefill = `${text}`;
      toggle(true);
      fill();
    },
    info: () => ({ booted: api.booted, channel: settings?.channel, open, unread, identity }),
  } as unknown as Record<string, (...args: unknown[]) => unknown>;

  if (VENDOR) {
    // say tells the frame something now, or once it listens.
    commands.say = (message) => {
      api.more!.later = [...api.more!.later, message as Inward];
      fill();
    };
    if (VENDOR === "beacon") {
      commands.extra = (extra) => {
        api.more!.extra = extra as Extra;
      };
    }
    if (VENDOR !== "beacon") {
      commands.emit = emit as never;
      // go shows a place in the messenger.
      commands.go = (place) => {
        api("say", { type: "go", ...(place as object) });
        toggle(true);
      };
    }
    // destroy takes the messenger off the page, as if this script had not run; init brings it back, on any channel.
    commands.destroy = () => {
      toggle(false);
      host?.remove();
      turn++;
      host = frame = port = settings = claim = prefill = undefined;
      api.more = VENDOR === "beacon" ? { later: [], extra: api.more!.extra! } : { later: [] };
      accent = "";
      wanted = open = leaving = api.booted = false;
      unread = 0;
      identity = "anonymous";
    };
  }

  const api: Api = (command, ...args) => guard(() => commands[command]?.(...args));
  api.booted = false;
  if (VENDOR) api.more = { later: [] };
  return api;
}

export function guard<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined; // whatever it was, the page goes on without us
  }
}

// whenIdle waits for the page's own work: its load, then a quiet moment. A page that never finishes loading is not kept
// without its launcher for longer than a few seconds, so run may be called twice.
function whenIdle(run: () => void): void {
  const calm = () => guard(() => (window.requestIdleCallback ?? setTimeout)(() => guard(run), { timeout: 2000 } as never));
  if (doc.readyState === "complete") return calm() as never;
  addEventListener("load", calm);
  setTimeout(calm, 6000);
}

// What we keep in the page's own storage: that this browser has chatted, and in the tab the hour of the last ping.
function remember(chatted: boolean): void {
  guard(() => {
    if (chatted) localStorage[chattedFlag] = 1;
    else delete localStorage[chattedFlag];
  });
}

function remembered(): unknown {
  return guard(() => localStorage[chattedFlag] as unknown);
}
