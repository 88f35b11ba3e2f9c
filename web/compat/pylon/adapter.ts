// Pylon: window.Pylon(command, ...), served as /widget/{app id}. Who is there lies in window.pylon.chat_settings, which a
// page may set, change or replace at any time, before or after we came, so it is looked at again and again.
import { createMessenger, guard } from "../../loader/core";
import { attributes, bare, read, said, word } from "../page/fields";
import { speak, type Global } from "../page/global";
import { claim, type Person } from "../page/person";
import { drain } from "../page/queue";
import { source } from "../page/script";

type Pylon = Global & { q?: unknown };

interface Page {
  Pylon?: Pylon;
  pylon?: { chat_settings?: unknown };
  intercomSettings?: unknown;
}

const live = Symbol.for("Pylon");
const lookMs = 1000;
// Neither identity nor attribute.
const settings = { __proto__: null, app_id: 1, primary_color: 1 };

export function speakPylon(): void {
  const page = window as Page;
  const stub = page.Pylon;
  const replay = (api: Pylon): void => {
    const taken = drain(guard(() => stub!.q), (item: never) => api.apply(0, item));
    guard(() => (stub!.q = taken)); // a page may have kept the stub
    page.Pylon = api;
  };
  // A page that runs its snippet once more has put a new stub in our place, or took away our name; there is one messenger all
  // the same.
  const holder = document as unknown as Record<symbol, Pylon | undefined>;
  if (holder[live]) return replay(holder[live]);
  if (page.intercomSettings && !stub && !page.pylon) return console.warn("No chat: no live key is Intercom's");
  const { origin, channel } = source();
  const chat = createMessenger(origin);
  let given = bare();
  let known = ""; // what was read last
  let somebody: unknown;
  let bubble = true;
  let theme: unknown = "auto";
  const callbacks: Record<string, unknown> = {};

  const person = (): Person => {
    given = read(guard(() => page.pylon!.chat_settings));
    return {
      // What can be nobody's address is not silence: the server shall see that something was said.
      email: /^(st|un)/.test(typeof given.email) ? given.email : !!given.email || "",
      name: word(given.name),
      hash: word(given.email_hash),
      jwt: word(given.jwt),
      attributes: attributes(given, settings),
    };
  };
  const dress = (): void => {
    const dialect = word(given.jwt) ? "pylon-jwt" : "pylon";
    const { primary_color: accent } = given;
    chat("init", { channel, dialect, theme, launcher: bubble, accent: CSS.supports("color", accent as string) ? accent : undefined });
  };
  // look sees whether the page speaks of somebody else now, or with another proof.
  const look = (): void => {
    const now = person();
    const text = JSON.stringify([now, given.primary_color]);
    if (text === known) return;
    known = text;
    dress();
    const was = somebody;
    somebody = said(now.email) || now.jwt;
    if (somebody) claim(chat, person);
    else if (was) chat("logout");
  };
  // One callback of a kind; null takes it away.
  const heard = (name: string) => (then: unknown) => void (callbacks[name] = then);
  const call = (then: unknown, n: unknown): void => void guard(() => (then as (n: unknown) => void)(n));
  const tell = (name: string) => (n: unknown) => {
    call(callbacks[name], n);
    const told = callbacks[name];
    setTimeout(() => callbacks[name] !== told && call(callbacks[name], n)); // as the core's events
  };
  const put = (change: () => void) => (): void => {
    change();
    dress();
  };

  const api = speak({
    __proto__: null,
    show() {
      look();
      chat("open");
    },
    hide: () => chat("close"),
    onShow: heard("show"),
    onHide: heard("hide"),
    showChatBubble: put(() => (bubble = true)),
    hideChatBubble: put(() => (bubble = false)),
    onChangeUnreadMessagesCount(then: unknown) {
      callbacks.unread = then;
      call(then, (chat("info") as { unread: number }).unread);
    },
    showNewMessage(text: unknown, options: unknown) {
      look();
      chat("go", { to: "new" });
      if (said(text)) chat("message", read(options).isHtml ? plain(`${text as string}`) : text);
    },
    setTheme(to: unknown) {
      if (to === "light" || to === "dark") put(() => (theme = to))();
    },
  });
  api.booted = true;
  guard(look);
  if (!known) dress(); // what the page says cannot be read
  chat("on", "open", () => {
    look();
    tell("show")(undefined);
  });
  chat("on", "close", tell("hide"));
  chat("on", "unread", tell("unread"));
  setInterval(() => guard(look), lookMs);
  holder[live] = api;
  replay(api);
}

// plain makes text of markup: what it says, in lines, and nothing that it would do. No element of the page's document is
// made on the way.
function plain(markup: string): string {
  const lines = markup.replace(/<(br|\/p|\/div|\/li|\/h\d)\b[^>]*>/gi, "\n$&").replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, "");
  const text = guard(() => new DOMParser().parseFromString(lines, "text/html").body.textContent);
  return (text ?? lines.replace(/<[^>]*>/g, "")).trim(); // a page may allow nobody to parse
}

