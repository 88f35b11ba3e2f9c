// The messenger alone on the screen of an app's web view. It takes its visitor from the app, never from its address or from
// a page, and goes nowhere: a link that is tapped is the app's to open.
import type { PageSettings } from "../protocol/bridge";
import type { Appearance } from "../protocol/shell";
import { safeHref } from "../shared/links";
import type { Model } from "../widget/model";
import { AppView } from "./appview";
import type { Core } from "./core";
import { Cover } from "./cover";
import { fitScreen } from "./screen";
import css from "./mobile.css?text";
import { findShell, type Shell } from "./shell";

const { channel = "" } = document.documentElement.dataset;
const greetingMs = 15_000;

function start(shell: Shell): void {
  let core: Core;
  let model: Model | undefined;
  const messenger = import("../widget/main");
  const cover = new Cover(async () => {
    model = (await messenger).mount(core);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  });
  const view = new AppView({
    channel,
    send: shell.send,
    begun: (made) => {
      core = made;
      clearTimeout(waiting);
      cover.lift();
    },
    dress,
    back: () => back(model) || shell.send({ type: "close" }),
  });
  messenger.catch(() => undefined); // told by the cover
  const waiting = setTimeout(() => say("The app around this page has not introduced itself."), greetingMs);
  shell.listen((text) => view.hear(text));
  fitScreen();
  addEventListener("keydown", (e) => e.key === "Tab" && (document.documentElement.dataset.keys = ""));
  stayHere((url) => shell.send({ type: "link", url }));
  shell.send({ type: "hello", protocol: 1 });
}

// back closes what was opened last, or goes one step towards home; from there, and from a state without one, nowhere.
function back(model: Model | undefined): boolean {
  const inside = model && /open|idle/.test(model.state.value.phase);
  const opened = document.querySelector("dialog[open]");
  if (opened) opened.dispatchEvent(new Event("cancel", { cancelable: true }));
  else if (inside && model.step.value) model.step.value = undefined;
  else if (inside && model.route.value.view !== "home") model.home();
  else return false;
  return true;
}

function dress({ dir, theme }: PageSettings, { text_scale: scale, insets }: Appearance): void {
  const root = document.documentElement;
  const { style } = root;
  root.dir = dir;
  style.colorScheme = theme === "auto" ? "" : theme;
  if (scale) style.fontSize = `${scale * 100}%`;
  for (const [side, px] of Object.entries(insets ?? {})) style.setProperty(`--inset-${side}`, `${px}px`);
}

// stayHere: a web view that went elsewhere would take its bridge along.
function stayHere(leave: (url: string) => void): void {
  const go = (address: string): void => {
    try {
      const url = safeHref(new URL(address, location.href).href);
      if (url && url !== location.href) leave(url);
    } catch {
      // What is no address leads nowhere.
    }
  };
  const tapped = (e: MouseEvent): void => {
    const link = e.composedPath().find((n): n is HTMLAnchorElement => n instanceof HTMLAnchorElement && !!n.href);
    if (!link) return;
    e.preventDefault();
    if (e.button === 0) go(link.href);
  };
  addEventListener("click", tapped, true);
  addEventListener("auxclick", tapped, true);
  window.open = (address) => {
    go(String(address ?? ""));
    return null;
  };
  // What is dropped beside the place for it would be opened.
  for (const type of ["dragover", "drop"]) addEventListener(type, (e) => e.preventDefault());
}

function say(words: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("html{color-scheme:light dark}body{margin:0;padding:24px;display:grid;place-items:center;height:90vh;font:16px system-ui;text-align:center}");
  document.adoptedStyleSheets = [sheet];
  document.body.textContent = words;
}

const shell = window.parent === window ? findShell(window) : undefined;
if (shell) start(shell);
else say("This page is the messenger of an app. It opens inside that app.");
