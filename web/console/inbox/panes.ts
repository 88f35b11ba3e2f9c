// Which of the inbox's panes are shown, and the addresses of what they show.

import { computed, signal } from "@preact/signals";
import { href, place } from "../router";
import { recall, remember } from "../shell/remembered";
import type { Tier, ViewName } from "../types";
import type { Query } from "./reconcile";

const wideQuery = matchMedia("(min-width: 1240px)");
export const wide = signal(wideQuery.matches);
wideQuery.addEventListener("change", () => (wide.value = wideQuery.matches));

const pinned = signal(recall("person") !== "off"); // beside the thread, where there is room
const drawer = signal(false); // over the thread, where there is none

export const personShown = computed(() => (wide.value ? pinned.value : drawer.value));

export function togglePerson(): void {
  if (wide.peek()) {
    pinned.value = !pinned.peek();
    remember("person", pinned.peek() ? "on" : "off");
  } else {
    drawer.value = !drawer.peek();
  }
}

export function closeDrawer(): void {
  drawer.value = false;
}

/** The contact that the person panel found to be blocked, if it is the one shown. */
export const blockedContact = signal("");

/** The snooze menu of the thread that stands, for the keyboard. */
export const openSnooze: { current: (() => void) | null } = { current: null };

export function queryOf(view: ViewName): Query {
  const search = place.value.query;
  const tier = search.get("tier") ?? "";
  return {
    view,
    tier: (["verified", "claimed", "anonymous", "imported"].includes(tier) ? tier : "") as Tier | "imported" | "",
    channel: search.get("channel") ?? "",
    q: search.get("q") ?? "",
  };
}

export function listHref(view: ViewName): string {
  const { tier, channel, q } = queryOf(view);
  return href(`/inbox/${view}`, { tier, channel, q });
}

export function conversationHref(view: ViewName, id: string): string {
  const { tier, channel, q } = queryOf(view);
  return href(`/inbox/${view}/${encodeURIComponent(id)}`, { tier, channel, q });
}
