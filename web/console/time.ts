// Times that the console needs beside the shared ones, and one clock that ticks
// for every relative time on the page.

import { signal } from "@preact/signals";
import { language } from "../shared/i18n";
import { clock, full } from "../shared/time";
import { t } from "./text";

export { ago, clock, dayOf, full } from "../shared/time";

export const minute = signal(Date.now());

export function startClock(): void {
  setInterval(() => (minute.value = Date.now()), 30_000);
}

const day = 86_400_000;

/** The server writes an absent time as nothing, null or year 1. */
export function isTime(text: string | null | undefined): text is string {
  return !!text && !text.startsWith("0001-") && !Number.isNaN(Date.parse(text));
}

function form(at: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(language(), options).format(at);
}

/** "now", "4 min", "14:02", "Tue", "3 Nov": as short as a row of a list wants it. */
export function brief(text: string, now = minute.value): string {
  const at = Date.parse(text);
  const gone = Math.max(0, now - at);
  if (gone < 60_000) return t.time.now;
  if (gone < 60 * 60_000) return t.time.minutes(Math.floor(gone / 60_000));
  if (sameDay(at, now)) return clock(text);
  if (gone < 6 * day) return form(at, { weekday: "short" });
  const thisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return form(at, { day: "numeric", month: "short", ...(thisYear ? {} : { year: "numeric" }) });
}

/** "in 6 days", "in 3 hr": how long something still holds. */
export function left(text: string, now = minute.value): string {
  const ahead = Math.max(0, Date.parse(text) - now);
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: "always", style: "short" });
  if (ahead < 90 * 60_000) return relative.format(Math.max(1, Math.round(ahead / 60_000)), "minute");
  if (ahead < 2 * day) return relative.format(Math.round(ahead / 3_600_000), "hour");
  return relative.format(Math.round(ahead / day), "day");
}

/** "14:02" today, "Mon 9:00" within days, else with the date: when a snooze ends. */
export function moment(text: string, now = minute.value): string {
  const at = Date.parse(text);
  if (sameDay(at, now)) return clock(text);
  if (Math.abs(at - now) < 6 * day) return `${form(at, { weekday: "short" })} ${clock(text)}`;
  return full(text);
}

/** To the second and with the zone: for what is compared with a log. */
export function exact(text: string): string {
  return form(Date.parse(text), {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
  });
}

export function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

export interface Preset {
  name: "hours3" | "tomorrow" | "monday" | "week";
  at: Date;
}

/** The times that the snooze menu offers, in the agent's own time zone. */
export function snoozePresets(now = new Date()): Preset[] {
  const nine = (daysAhead: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + daysAhead, 9);
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const presets: Preset[] = [
    { name: "hours3", at: new Date(now.getTime() + 3 * 3_600_000) },
    { name: "tomorrow", at: nine(1) },
    { name: "monday", at: nine(toMonday) },
    { name: "week", at: new Date(now.getTime() + 7 * day) },
  ];
  return toMonday === 1 ? presets.filter((preset) => preset.name !== "monday") : presets;
}
