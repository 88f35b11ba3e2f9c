// Who is signed in. Everything else in the console hangs below this signal, so
// that signing out drops all that was loaded for the person before.

import { computed, signal } from "@preact/signals";
import * as api from "./api";
import { problemOf, whenRightsChange, type ApiError } from "./http";
import type { Me } from "./types";

export type Phase = "asking" | "out" | "in" | "failed";

export const me = signal<Me | null>(null);
export const phase = signal<Phase>("asking");
export const failure = signal<ApiError | null>(null);

/** Why the sign-in page is shown although nobody asked for it; empty otherwise. */
export const notice = signal<"" | "ended" | "signed_out">("");

export const rights = computed(() => new Set(me.value?.agent ? me.value.rights : []));

export function may(right: string): boolean {
  return rights.value.has(right);
}

export function myId(): string {
  return me.value?.agent.id ?? "";
}

whenRightsChange(
  () => leave("ended"),
  () => void refreshMe(),
);

/** The server leaves a word beside the login's cookie, which no page can read: without it there is nobody to ask about. */
const mayBeIn = () => document.cookie.split("; ").includes("countersign_here=1");

export async function askWhoIAm(): Promise<void> {
  if (!mayBeIn()) {
    phase.value = "out";
    return;
  }
  phase.value = "asking";
  try {
    enter(await api.me());
  } catch (problem) {
    const known = problemOf(problem);
    if (known.status === 401) {
      phase.value = "out";
    } else {
      failure.value = known;
      phase.value = "failed";
    }
  }
}

let refreshed = 0;

/** Ask again who is here, and as what: a role may have changed under an open page. True if somebody still is. */
export async function refreshMe(): Promise<boolean> {
  if (Date.now() - refreshed < 2000) return phase.peek() === "in";
  refreshed = Date.now();
  try {
    const now = await api.me();
    if (phase.peek() !== "in") return false;
    me.value = now;
    return true;
  } catch (failure) {
    if (problemOf(failure).status === 401) leave("ended");
    return false;
  }
}

/** Rights have just changed by what this page did: ask until every part of the server has heard of it. */
export async function renewMe(done: (now: Me) => boolean): Promise<void> {
  for (const wait of [0, 300, 700, 1000]) {
    await new Promise((go) => setTimeout(go, wait));
    const now = await api.me().catch(() => null);
    if (!now || phase.peek() !== "in") return;
    me.value = now;
    if (done(now)) return;
  }
}

export function enter(who: Me): void {
  notice.value = "";
  failure.value = null;
  me.value = who;
  phase.value = "in";
}

/** The server no longer knows this browser, or its agent left on purpose. */
export function leave(why: "ended" | "signed_out"): void {
  if (phase.value === "out") return;
  notice.value = why;
  me.value = null;
  phase.value = "out";
}

export async function signOut(): Promise<void> {
  await api.signOut();
  leave("signed_out");
}
