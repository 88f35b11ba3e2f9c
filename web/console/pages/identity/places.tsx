// One place that carries the messenger: what arrives from there, and what to do next.
// The table of the installation and the preview both show them.

import type { JSX } from "preact";
import { Icon } from "../../../shared/ui";
import { dialectName } from "../../dialects";
import type { Place, Step, Sums } from "../../installation";
import { href } from "../../router";
import { t } from "../../text";
import { tabHref } from "./tabs";

const i = t.installation;

export function placeName(place: { origin?: string | undefined; platform: string }): string {
  if (place.origin && place.origin !== "other") return place.origin;
  if (place.origin === "other") return i.names.other ?? "";
  return place.platform === "web" ? (i.names.unknown ?? "") : i.app(t.platforms[place.platform] ?? place.platform);
}

const bars = ["verified", "anonymous", "claimed", "made_anonymous", "refused", "blocked"];

/** What became of whoever came, as one bar and in words. */
export function Outcomes({ sums }: { sums: Sums }): JSX.Element {
  const shown = bars.filter((outcome) => (sums.outcomes[outcome] ?? 0) > 0);
  return (
    <div class="outcomes">
      <div class="outcomes__bar" aria-hidden="true">
        {shown.map((outcome) => (
          <span key={outcome} class={`outcomes__part outcomes__part--${outcome}`} style={{ flexGrow: sums.outcomes[outcome] }} />
        ))}
      </div>
      <ul class="outcomes__words">
        {shown.map((outcome) => (
          <li key={outcome}>
            <span class={`outcomes__dot outcomes__part--${outcome}`} aria-hidden="true" />
            {sums.outcomes[outcome]} {i.outcomes[outcome] ?? outcome}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Where the next step is taken. */
function stepHref(step: Step, channel: string): string | undefined {
  switch (step.step) {
    case "sign":
    case "update":
      return tabHref(channel, "code");
    case "identify":
      return href(`/channels/${channel}`);
    case "signs":
    case "key":
      return tabHref(channel, "keys");
    case "diagnose":
    case "clock":
      return tabHref(channel, "diagnosis");
  }
  return undefined;
}

export function Steps({ steps, channel }: { steps: Step[]; channel: string }): JSX.Element | null {
  if (steps.length === 0) return null;
  return (
    <ul class="steps">
      {steps.map((step) => {
        const to = stepHref(step, channel);
        const reason = step.reason && step.step !== "sign" ? (t.audit.reasons[step.reason] ?? step.reason) : "";
        return (
          <li key={step.step} class={step.urgent ? "steps__one steps__one--urgent" : "steps__one"}>
            <Icon name={step.urgent ? "alert" : "info"} />
            <span>
              {i.steps[step.step]?.(i.share(step.n, step.of)) ?? step.step} {reason && i.reason(reason)}{" "}
              {to && <a href={to}>{i.links[step.step]}</a>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

export function dialectsOf(place: Place): string {
  return place.dialects.length ? i.dialects(place.dialects.map(dialectName).join(", ")) : "";
}
