// Ensoras: window.Ensoras(command, ...), served as /cdn/v1/widget/{slug}.js. What the page called before we came lies in
// window.EnsorasQueue as arguments objects. A page that identifies nobody has an anonymous visitor, and an identity without
// a hash, or with an empty one, is one without a proof: its visitor chats all the same.
import { createMessenger, guard } from "../../loader/core";
import { byEmail } from "../page/email";
import { read, said } from "../page/fields";
import { speak, type Global } from "../page/global";
import { drain } from "../page/queue";
import { source } from "../page/script";

interface Page {
  Ensoras?: Global;
  EnsorasQueue?: { push?: (item: unknown) => void };
}

const live = Symbol.for("Ensoras");
const events = /^(ready|open|close)$/;

export function speakEnsoras(messenger = createMessenger): void {
  const page = window as Page;
  const queue = guard(() => page.EnsorasQueue);
  const replay = (api: Global): void => {
    page.Ensoras = api;
    const taken = drain(queue, (item: never) => api.apply(0, item));
    guard(() => (queue!.push = taken.push)); // a page may have kept the queue, or a stub that pushes into it
    page.EnsorasQueue = taken;
  };
  // A page that runs its snippet once more has put a stub in our place, and maybe a new queue; there is one messenger all the
  // same.
  const holder = document as unknown as Record<symbol, Global | undefined>;
  if (holder[live]) return replay(holder[live]);

  const { origin, channel } = source();
  const chat = messenger(origin);
  let somebody: unknown; // the page claims an identity
  const logout = (): void => {
    somebody = false;
    chat("logout");
  };
  const on = (kind: string) => (event: string, then: unknown) => void (events.test(event) && chat(kind, event, then));
  const api = speak({
    __proto__: null,
    identify(who: unknown) {
      const given = read(who);
      if (said(given.email)) {
        somebody = true;
        chat("identify", byEmail(given, given.hash));
      } else if (somebody) logout();
    },
    logout,
    open: () => void chat("open"),
    close: () => void chat("close"),
    toggle: () => void chat("toggle"),
    show: () => void chat("show"),
    hide: () => void chat("hide"),
    on: on("on"),
    once: on("once"),
    off: on("off"),
  });
  chat("init", { channel, dialect: "ensoras" });
  holder[live] = api;
  replay(api);
}
