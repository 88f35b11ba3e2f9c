// A router on the history API. A place is a path under /console plus its query;
// pages match it by segments and never look at location themselves.

import { signal } from "@preact/signals";

export const BASE = "/console";

export interface Place {
  path: string; // below /console, always with a leading slash
  segments: string[];
  query: URLSearchParams;
}

function read(): Place {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) || "/" : "/";
  return {
    path,
    segments: path.split("/").filter(Boolean).map(decode),
    query: new URLSearchParams(location.search),
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a stray % is a wrong address, not an error of ours
  }
}

export const place = signal<Place>(read());

/** A page that holds unsaved work asks before it is left. */
let guard: (() => boolean) | null = null;

export function guardLeaving(mayLeave: (() => boolean) | null): void {
  guard = mayLeave;
}

export function href(path: string, query?: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value) search.set(name, value);
  const text = search.toString();
  return BASE + path + (text ? `?${text}` : "");
}

export function go(to: string, how: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  if (guard && !guard()) return;
  guard = null;
  if (how.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  place.value = read();
}

/** Follow a plain click on a link of ours without loading the page again. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null;
  if (!link || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || !(url.pathname === BASE || url.pathname.startsWith(BASE + "/"))) return;
  if (url.hash && url.pathname === location.pathname) return;
  event.preventDefault();
  go(url.pathname + url.search);
}

export function startRouter(): void {
  addEventListener("popstate", () => {
    guard = null;
    place.value = read();
  });
  document.addEventListener("click", followLink);
}
