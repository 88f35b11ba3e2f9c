// Times as a reader wants them: short when near, a date when far.
import { language } from "./i18n";

const minute = 60_000;
const day = 24 * 60 * minute;

// clock is the time of day: 14:05.
export function clock(at: string | Date): string {
  return format(at, { hour: "numeric", minute: "2-digit" });
}

// ago is "now", "5 min ago", "3 hr ago", then a weekday, then a date.
export function ago(at: string, now = Date.now()): string {
  const past = now - Date.parse(at);
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "narrow" });
  if (past < minute) return relative.format(0, "second");
  if (past < 60 * minute) return relative.format(-Math.floor(past / minute), "minute");
  if (past < day) return relative.format(-Math.floor(past / (60 * minute)), "hour");
  if (past < 6 * day) return format(at, { weekday: "short" });
  return dateOf(at, now);
}

// dayOf heads the messages of one day: Today, Yesterday, Monday, 3 March 2026.
export function dayOf(at: string, now = Date.now()): string {
  const days = Math.round((startOfDay(now) - startOfDay(Date.parse(at))) / day);
  if (days < 2) {
    const name = new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(-Math.max(0, days), "day");
    return name.charAt(0).toLocaleUpperCase(language()) + name.slice(1);
  }
  return days < 7 ? format(at, { weekday: "long" }) : dateOf(at, now);
}

// full is for titles: the whole date and time.
export function full(at: string): string {
  return format(at, { dateStyle: "medium", timeStyle: "short" });
}

function dateOf(at: string, now: number): string {
  const thisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(at, { day: "numeric", month: "short", ...(thisYear ? {} : { year: "numeric" }) });
}

function format(at: string | Date, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : new Intl.DateTimeFormat(language(), options).format(date);
}

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}
