// Help Scout's Beacon: window.Beacon(method, options, data), one script for all of them; the page names its own in init.
// What it called before we came lies in Beacon.readyQueue as {method, options, data}.
//
// A signature proves an email. Without one that counts, the visitor is somebody who says who they are, or where proofs are
// enforced nobody in particular; the launcher is there in any case.
import { createMessenger, guard } from "../../loader/core";
import type { Outward } from "../../protocol/bridge";
import { byEmail, cut, named, naming } from "../page/email";
import { attributes, bare, read, said, word } from "../page/fields";
import { call, speak, type Global } from "../page/global";
import { drain } from "../page/queue";
import { absorb, launcherOf, settingsOf } from "./config";
import css from "./launcher.css?text";

type Beacon = Global & { readyQueue?: unknown };

interface Page {
  Beacon?: Beacon;
}

type Listener = [event: string, then: unknown, once?: boolean];

const live = Symbol.for("Beacon");

export function speakBeacon(messenger = createMessenger): void {
  const page = window as Page;
  const stub = page.Beacon;
  const replay = (api: Beacon): void => {
    api.readyQueue = drain(stub === api ? [] : guard(() => stub!.readyQueue), (item: { method: string; options: unknown; data: unknown }) => api(item.method, item.options, item.data));
    page.Beacon = api;
  };
  // A page that runs its snippet once more has put a new stub in our place; there is one messenger all the same.
  const holder = document as unknown as Record<symbol, Beacon | undefined>;
  if (holder[live]) return replay(holder[live]);

  // Not document's own property: an element of the page may bear its name.
  const chat = messenger(new URL((Reflect.get(Document.prototype, "currentScript", document) as HTMLScriptElement).src).origin);
  let listeners: Listener[] = [];
  let config = bare();
  let early: (() => void)[] = [];
  let given = bare(); // what the page says of its visitor
  let session = bare(); // and of the visit
  let somebody: unknown; // the page claims an identity
  let form: string | undefined; // what it filled in last
  let shut: boolean | undefined; // it was destroyed on this page
  let lingering: string | undefined; // destroyed, and not gone yet
  let id: string | undefined; // from init to destroy
  let forgottenAt = 0; // when nothing is left of the visitor who logged out last

  const emit = (event: string, about?: object): void => {
    const tell = (l: Listener): void => {
      if (l[0] !== event) return;
      if (l[2]) off(event, l[1]);
      call(l[1], about);
    };
    listeners.forEach(tell);
    const told = [...listeners];
    setTimeout(() => listeners.forEach((l) => told.includes(l) || tell(l))); // as the core's events
  };
  const on = (event: string, then: unknown, once?: boolean): void => {
    if (event === "ready" && id && chat.booted) setTimeout(() => call(then)); // told late, and never at once
    else listeners.push([event, then, once]);
  };
  const off = (event: string, then?: unknown): void => {
    listeners = listeners.filter((l) => l[0] !== event || (then && l[1] !== then));
  };
  // when runs what needs the messenger.
  const when = (run: () => void): unknown => (id ? run() : early.push(run));
  const look = (): unknown => id && chat("init", { channel: encodeURIComponent(id), ...settingsOf(config, shut) });
  const claim = (): void => {
    const was = somebody;
    forgottenAt = 0; // what is there now is nobody's leaving
    somebody = said(given.email);
    if (!somebody) return void (was && chat("logout"));
    const who = byEmail(given, given.signature);
    named(who.attributes, attributes(session, {}), "session.");
    chat("identify", who);
  };
  const fill = (text: string | undefined, email: unknown): void => {
    // Said again, it takes nothing from what the visitor has made of it.
    chat("say", { type: "message", text: text === form ? undefined : cut(text, 16_384), email: cut(word(email)), stay: true });
    form = text ?? form;
  };
  const lead = (to: string): unknown => chat("say", { type: "go", to: config.messagingEnabled === false ? "home" : to });
  const home = (): unknown =>
    when(() => {
      lead("home");
      chat("open");
    });
  const clean = (): void => {
    given = bare();
    session = bare();
    somebody = form = undefined;
  };

  chat("extra", {
    css,
    drawn(button: HTMLElement, open: boolean) {
      const [caption, closed, always] = launcherOf(config);
      const words = button.querySelector("b") ?? button.appendChild(document.createElement("b"));
      words.textContent = open ? "" : caption;
      button.className = (open ? "" : closed) + always;
    },
  });
  for (const event of ["ready", "open", "close"]) chat("on", event, () => emit(event));
  chat("on", "frame", (m: Outward) => {
    if (m.type === "began") emit(m.online ? "chat-started" : "email-sent", { name: word(given.name), email: word(given.email), subject: "", text: "" });
    if (m.type === "done") emit("chat-ended");
  });

  const api: Beacon = speak({
    __proto__: null,
    init(what: unknown) {
      const name = word(read(what).beaconId ?? what);
      if (!name || (id && id !== name)) return;
      absorb(config, what);
      if (lingering === name) setTimeout(() => emit("ready"));
      else if (lingering) chat("destroy");
      lingering = undefined;
      id = name;
      look();
      early.splice(0).forEach(guard);
    },
    destroy() {
      if (!id) return;
      chat("close");
      chat("hide");
      shut = true;
      lingering = id;
      id = undefined;
      config = bare();
      clean();
      // The frame alone can end the session of who has just logged out: it stays, unseen, until it has.
      const gone = (): void => {
        if (lingering) chat("destroy");
        lingering = undefined;
      };
      const left = forgottenAt - Date.now();
      if (left > 0) setTimeout(gone, left);
      else gone();
    },
    open: () => when(() => chat("open")),
    close: () => when(() => chat("close")),
    toggle: () => when(() => chat("toggle")),
    navigate: (route: string) => when(() => lead(/^\/?ask\b/.test(route) ? "new" : "home")),
    search: home,
    article: home,
    "ask-question": (text: unknown) =>
      when(() => {
        lead("new");
        chat("message", text ?? "");
      }),
    identify(who: unknown) {
      const names = guard(() => Object.keys(who as object)) ?? [];
      // Attributes alone describe whoever is there. Who is named, even by nothing, is somebody else.
      given = read(who, names[0] && !names.some((name) => name in naming) ? given : bare());
      claim();
    },
    "session-data"(about: unknown) {
      read(about, session);
      if (somebody) claim();
    },
    prefill(what: unknown) {
      const { subject, text, email } = read(what);
      fill([subject, text].filter(word).join("\n\n") || undefined, email);
    },
    reset: () => fill("", ""),
    logout() {
      clean();
      forgottenAt = Date.now() + 15_000; // by then a frame has heard of it, or never will
      chat("logout");
    },
    config(what: unknown) {
      absorb(config, what);
      look();
    },
    on,
    once: (event: string, then: unknown) => on(event, then, true),
    off,
    info: () => ({
      beaconId: id,
      status: { isOpened: (chat("info") as { open: boolean }).open, isReady: !!(id && chat.booted) },
      visitor: { name: word(given.name), email: word(given.email), sessionData: { ...session } },
    }),
  });
  api.booted = true;
  holder[live] = api;
  replay(api);
}
