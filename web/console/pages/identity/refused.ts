// What the preview says of arrivals without a proof that holds, which is not the same
// before enforcement, soon after it began and long after.

import type { Preview } from "../../installation";
import { t } from "../../text";

const e = t.enforce;
const week = 7 * 86_400_000; // what the preview looks back on

/** How many have no proof that holds: what would become of them, or what did since it is enforced. */
export function brokenText({ broken, total }: Pick<Preview, "broken" | "total">, enforcedSince: number | null, now = Date.now()): string {
  if (enforcedSince === null) return total === 0 ? e.none : e.broken(broken, total);
  if (total === 0) return e.refusedNone;
  // Of an arrival from before it was enforced, nobody was turned away.
  return now - enforcedSince < week ? e.refusedSince(broken, total) : e.refused(broken, total);
}
