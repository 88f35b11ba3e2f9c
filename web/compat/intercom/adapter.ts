// Intercom: window.Intercom(command, ...), served as /widget/{app id}. What the page says lies in window.intercomSettings
// or comes with boot and update; what it called before we came lies in Intercom.q.
//
// Settings stand until shutdown, or until the page speaks of another person: then nothing of the first one's is kept but
// how the messenger looks. Whoever claims an identity sees no launcher before the verdict, and none after a refusal.
import { createMessenger, guard } from "../../loader/core";
import type { Outward } from "../../protocol/bridge";
import { attributes, bare, number, read, said, word, type Fields } from "../page/fields";
import { speak, type Global } from "../page/global";
import { leaver } from "../page/leave";
import { claim, claims, type Person } from "../page/person";
import { drain } from "../page/queue";
import { source } from "../page/script";
import { away, browserId, forgetBrowser } from "./browser";

interface Page {
  Intercom?: Global & { q?: unknown };
  intercomSettings?: unknown;
  Pylon?: unknown;
  pylon?: { chat_settings?: { app_id?: unknown } };
}

declare const VENDOR: string;

// What says how the messenger looks :: setting → ours, if it is that alone. Whatever is neither here nor names the person is
// an attribute.
const looks = {
  __proto__: null,
  app_id: "",
  language_override: "lang",
  alignment: "side",
  horizontal_padding: "horizontal",
  vertical_padding: "vertical",
  z_index: "zIndex",
  background_color: "accent",
  action_color: "accent",
  hide_default_launcher: "",
  custom_launcher_selector: "",
  session_duration: "",
} as unknown as Record<string, string>;

export function speakIntercom(): void {
  const page = window as Page;
  const stub = page.Intercom;
  const { origin, channel } = source();
  if (page.pylon?.chat_settings?.app_id === channel || (page.Pylon && !stub && !page.intercomSettings)) {
    if (VENDOR === "widget") document.head.appendChild(document.createElement("script")).src = `${origin}/widget/${channel}?for=pylon`;
    else console.warn("No chat: no live key is Pylon's");
    return;
  }
  if (stub?.booted !== undefined) return; // a second copy of this script
  const chat = createMessenger(origin);
  const visit = leaver(chat, channel);
  let given = bare(); // what stands of all that the page has said
  let shown = false; // the messenger is there
  let told = ""; // whom the messenger was told of, if anybody
  let left = false;
  let supplied = false; // the visitor proved an address
  let heard: unknown; // window.intercomSettings, as they were when we last looked
  let later: unknown[][] = []; // waits for the messenger to be there

  const settings = (said?: unknown): Fields => read(said ?? guard(() => page.intercomSettings));
  // who names the person, to tell one from another: a token's, else by user id, else by address.
  const who = (of: Fields): string => {
    const token = of.intercom_user_jwt;
    const id = token ? claims(token).user_id : of.user_id;
    return token || said(id) ? `=${id as string}` : said(of.email) ? `@${of.email as string}` : "";
  };
  const absorb = (more: Fields): void => {
    // A proof that is not sent again still stands; absent, empty and no text are one.
    for (const name of ["user_hash", "intercom_user_jwt"]) if (!word(more[name])) delete more[name];
    // What can be nobody's id is not silence: the server shall see that something was said.
    for (const name of ["user_id", "email"]) if (name in more && !/^(st|nu)/.test(typeof more[name])) more[name] = !!more[name] || "";
    const was = who(given);
    const now = who(more);
    // An address beside a user id describes the same person; so does the address by which somebody was known before.
    if (was && now && was !== now && (was[0] === "=" ? now[0] === "=" : more.email !== given.email)) {
      for (const name of Object.keys(given)) if (!(name in looks)) delete given[name];
    }
    read(more, given);
  };
  const claimed = (): Person => {
    // The page may hold a newer token of the same person by now.
    const mine = claims(given.intercom_user_jwt);
    const { intercom_user_jwt: token } = settings();
    const fresh = claims(token);
    if (fresh.exp! > mine.exp! && fresh.user_id === mine.user_id) given.intercom_user_jwt = token;
    return {
      user_id: given.user_id,
      email: given.email,
      name: word(given.name),
      hash: given.user_hash,
      jwt: given.intercom_user_jwt,
      attributes: { ...attributes(given, looks), ...ofCompany(given) },
    };
  };
  const look = (): void => {
    const ours: Fields = {};
    for (const [name, our] of Object.entries(looks)) ours[our] = number(given[name]) ?? word(given[name]) ?? ours[our];
    if (!CSS.supports("color", ours.accent as string)) ours.accent = undefined; // the launcher would have none
    chat("init", { ...ours, channel, dialect: given.intercom_user_jwt ? "intercom-jwt" : "intercom", launcher: shown && !given.hide_default_launcher });
  };
  const show = (to: boolean): void => {
    if (to !== shown) {
      shown = to;
      look();
    }
    for (const command of later.splice(0)) if (to) chat(...(command as [string]));
  };
  const settle = (): void => {
    visit.stay();
    look();
    silent();
    if (away(number(given.session_duration))) {
      forgetBrowser();
      told = "";
      chat("logout");
    }
    const now = who(given) && JSON.stringify(claimed());
    // Said again, a claim would only overtake itself.
    if (now !== told) {
      if (now) claim(chat, claimed);
      else chat("logout");
    }
    told = now;
    if (!now) show(true);
  };
  // silent: the page's own settings say nothing new. They go on naming whoever was there when they were written, so taking
  // them anew would put that person back into the place of the one whom boot or update named since.
  const silent = () => guard(() => heard === (heard = JSON.stringify(settings())));
  const boot = (more: Fields): void => {
    // Clients boot with the person alone, or with nobody, and leave the rest in the page's settings. Whom those name counts
    // once: later they still name whoever was there first.
    const page = settings();
    if (api.booted || left) for (const name of Object.keys(page)) if (!(name in looks)) delete page[name];
    given = bare();
    absorb(page);
    absorb(more);
    api.booted = true;
    settle();
  };
  // when says it to the messenger as soon as that is there.
  const when = (...command: [string, unknown?]): void => void (shown ? chat(...command) : later.push(command));
  const go = (to: string, id?: unknown): void => when("go", { to, id });
  const write = (text: unknown): void => {
    go("new");
    if (said(text)) when("message", text);
  };
  const on = (event: string) => (then: unknown) => void chat("on", event, then);

  chat("on", "frame", (m: Outward) => {
    if (m.type === "ended") told = "";
    if (m.type !== "state" || !api.booted) return;
    const refused = m.identity === "refused";
    if (refused) {
      chat("close");
      console.warn((m.code === "identity_required" ? "Missing" : "Invalid") + " user_hash");
    }
    show(!refused);
    if (told || m.identity !== "verified" || supplied) return;
    chat("emit", "supplied");
    supplied = true;
  });

  // By delegation, so that elements which the page adds later work as well.
  addEventListener(
    "click",
    (e) =>
      guard(() => {
        if (!shown || !(e.target as Element).closest(given.custom_launcher_selector as string)) return;
        e.preventDefault(); // such a link often mails to those who have no messenger
        chat("emit", "activated");
        chat("toggle");
      }),
    true,
  );

  const api = speak({
    __proto__: null,
    boot: (more?: unknown) => boot(settings(more)),
    update(more?: unknown) {
      const next = settings(more);
      if (api.booted) {
        if (more || !silent()) absorb(next);
        settle();
      } else if (said(next.app_id) && (more || !left)) boot(next);
    },
    shutdown() {
      left = true;
      api.booted = shown = supplied = false;
      later = [];
      told = "";
      given = bare();
      forgetBrowser();
      visit.leave();
    },
    show: () => when("open"),
    hide() {
      later = []; // what was asked for before is not wanted any more
      chat("close");
    },
    showSpace: () => go("home"),
    showMessages: () => go("home"),
    showNewMessage: write,
    startConversation: write,
    showConversation: (id: unknown) => said(id) && go("thread", id),
    onShow: on("open"),
    onHide: on("close"),
    onUnreadCountChange(then: (n: number) => void) {
      chat("on", "unread", then);
      then((chat("info") as { unread: number }).unread);
    },
    onUserEmailSupplied(then: () => void) {
      chat("on", "supplied", then);
      if (supplied) then();
    },
    onActivatorClick: on("activated"),
    ready: on("ready"),
    getVisitorId: browserId,
    whoami: () => ({ type: told ? "user" : "visitor", user_id: given.user_id, email: given.email, anonymous_id: browserId() }),
  });
  api.booted = false;
  const taken = drain(guard(() => stub?.q), (item: never) => api.apply(0, item));
  guard(() => ((stub as { q: unknown }).q = taken)); // a page may have kept the stub
  page.Intercom = api;
  if (!api.booted) api("update");
}

// ofCompany are the fields of the company that somebody belongs to, or of the first one.
function ofCompany({ company, companies }: Fields): Fields {
  const out = bare();
  for (const [name, value] of Object.entries(attributes(read(company ?? guard(() => (companies as unknown[])[0])), bare()))) out[`company.${name}`] = value;
  return out;
}
