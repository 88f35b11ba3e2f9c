// What enforcing a platform would break, in numbers, and the warnings that come of it.

import type { JSX } from "preact";
import { Notice } from "../../../shared/ui";
import type { Preview, Warning } from "../../installation";
import { t } from "../../text";
import type { Channel } from "../../types";
import { Versions } from "./installation";
import { placeName, Steps } from "./places";
import { brokenText } from "./refused";

const e = t.enforce;

export function warningText(warning: Warning): string {
  return e.warnings[warning.warning]?.(warning.n ?? 0, warning.of ?? 0, warning.places ?? 0) ?? warning.warning;
}

export function Warnings({ warnings }: { warnings: Warning[] }): JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <Notice kind="warn" icon="alert">
      <ul class="warnings">
        {warnings.map((warning) => (
          <li key={warning.warning}>{warningText(warning)}</li>
        ))}
      </ul>
    </Notice>
  );
}

const facts = ["verified", "missing", "wrong", "anonymous"] as const;

export function PreviewBody({ preview, channel, enforcedSince }: { preview: Preview; channel: Channel; enforcedSince: number | null }): JSX.Element {
  const n = {
    verified: preview.outcomes.verified ?? 0, missing: preview.missing, wrong: preview.wrong, anonymous: preview.outcomes.anonymous ?? 0,
  };
  const broken = preview.places.filter((place) => place.missing + place.wrong > 0);
  const strict = preview.minimum_tier !== "" && preview.minimum_tier !== "anonymous";
  return (
    <div class="preview">
      <dl class="preview__facts">
        {facts.map((fact) => (
          <div key={fact} class={`preview__fact preview__fact--${fact}`}>
            <dt>{e.facts[fact]}</dt>
            <dd>{n[fact]}</dd>
            <dd class="dim">{(preview.networks[fact] ?? 0) > 0 && fact !== "anonymous" ? e.from(preview.networks[fact] ?? 0) : "\u00a0"}</dd>
          </div>
        ))}
      </dl>
      {preview.total === 0 ? (
        <p class="dim">{brokenText(preview, enforcedSince)}</p>
      ) : broken.length === 0 && !strict ? (
        <p class="dim">{e.clean}</p>
      ) : (
        <p>{brokenText(preview, enforcedSince)}</p>
      )}
      {strict && n.anonymous > 0 && <p class="dim">{e.anonymousToo(n.anonymous)}</p>}
      {broken.length > 0 && (
        <ul class="places places--plain">
          {broken.map((place) => (
            <li key={place.origin ?? ""} class="place">
              <div class="place__main">
                <div class="place__head">
                  <h4 class="place__name" dir="auto">
                    {placeName(place)}
                  </h4>
                  <span class="dim">
                    {[place.missing && e.missing(place.missing), place.wrong && e.wrong(place.wrong)].filter(Boolean).join(", ")} {e.ofLoads(place.total)}
                  </span>
                </div>
                <Steps steps={place.steps.filter((step) => !["allow", "know", "identify"].includes(step.step))} channel={channel.id} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {preview.versions.length > 0 && (
        <details class="fold">
          <summary>{t.installation.versions}</summary>
          <Versions versions={preview.versions} channel={channel} />
        </details>
      )}
    </div>
  );
}
