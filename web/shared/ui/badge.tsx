import type { JSX } from "preact";
import { sharedText } from "../text";
import { Icon } from "./icons";

export type Tier = "verified" | "claimed" | "anonymous";

// TierBadge tells a tier by outline, word and colour, the same in every place. The title may add how it was proved.
export function TierBadge({ tier, title }: { tier: Tier; title?: string }): JSX.Element {
  return (
    <span class={`badge badge--${tier}`} title={title}>
      <Icon name={tier} />
      {sharedText().tiers[tier]}
    </span>
  );
}

// Count is a number that wants attention; the words for it are the caller's.
export function Count({ n, label }: { n: number; label: string }): JSX.Element | null {
  if (n <= 0) return null;
  return (
    <span class="count">
      <span aria-hidden="true">{n > 99 ? "99+" : n}</span>
      <span class="sr-only">{label}</span>
    </span>
  );
}
