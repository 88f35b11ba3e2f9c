// A time in the page: short to read, exact on hover and for machines.

import type { JSX } from "preact";
import { ago, brief, exact, isTime, left, minute } from "../time";
import { t } from "../text";

export function When({ at, as = "ago" }: { at: string | null | undefined; as?: "ago" | "brief" | "left" | "exact" }): JSX.Element {
  if (!isTime(at)) return <span class="dim">{t.common.never}</span>;
  const now = minute.value;
  const words = { ago: () => ago(at, now), brief: () => brief(at, now), left: () => left(at, now), exact: () => exact(at) }[as]();
  return (
    <time dateTime={at} title={exact(at)}>
      {words}
    </time>
  );
}
