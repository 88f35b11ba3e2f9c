// How a channel's platforms are enforced, told by word and shape.

import type { JSX } from "preact";
import { t } from "../text";
import type { Channel, Enforcement, Platform } from "../types";

export function platformsOf(channel: Channel): Platform[] {
  return (["web", "ios", "android"] as const).filter((platform) => channel.enforcement?.[platform]);
}

export function ModeChip({ mode, platform }: { mode: Enforcement; platform?: Platform }): JSX.Element {
  return (
    <span class={`mode mode--${mode}`} title={t.modeHints[mode]}>
      <span class="mode__dot" aria-hidden="true" />
      {platform && <>{t.platforms[platform]}: </>}
      {t.modes[mode] ?? mode}
    </span>
  );
}

export function ModeChips({ channel }: { channel: Channel }): JSX.Element {
  return (
    <span class="modes">
      {platformsOf(channel).map((platform) => (
        <ModeChip key={platform} platform={platform} mode={channel.enforcement[platform] ?? "off"} />
      ))}
    </span>
  );
}
