// Who signs with a key, and how far the overlap of a retiring one is.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Notice } from "../../shared/ui";
import { t } from "../text";
import { ago, exact, isTime, minute } from "../time";
import type { Key, KeyImpact } from "../types";
import { dialectOf } from "../dialects";
import { When } from "../ui/when";

const k = t.keys;
const day = 86_400_000;
const few = 5;

/** The origins of a key's uses, without their scheme, one line each however many platforms. */
export function domainsOf(key: Key): number {
  return new Set((key.uses ?? []).filter((use) => use.sessions > 0).map((use) => use.origin ?? "")).size;
}

export function WhoSigns({ subject: key }: { subject: Key }): JSX.Element | null {
  const uses = (key.uses ?? []).filter((use) => key.state !== "retiring" || use.sessions > 0 || isTime(use.last_at));
  const [all, setAll] = useState(false);
  if (uses.length === 0) return null;
  const shown = all ? uses : uses.slice(0, few);
  return (
    <details class="fold key-uses" open={key.state === "retiring"}>
      <summary>{k.whoSigns}</summary>
      <p class="section__hint">
        {key.state === "retiring" && <>{k.whoSignsSince} </>}
        {k.whoSignsHint}
      </p>
      <div class="table-scroll">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{k.domain}</th>
              <th scope="col">{k.platform}</th>
              <th scope="col" class="num">
                {k.sessions}
              </th>
              <th scope="col">{k.lastSeen}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((use) => (
              <tr key={`${use.origin}/${use.platform}`}>
                <td dir="ltr" class="key-uses__domain">
                  {use.origin ? plain(use.origin) : <span class="dim">{k.noDomain}</span>}
                </td>
                <td>{t.platforms[use.platform] ?? use.platform}</td>
                <td class="num">{use.sessions.toLocaleString(t.locale)}</td>
                <td>
                  <When at={use.last_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {uses.length > shown.length && (
        <button type="button" class="button button--quiet" onClick={() => setAll(true)}>
          {k.impactMore(uses.length - shown.length)}
        </button>
      )}
    </details>
  );
}

export function plain(origin: string): string {
  return origin.replace(/^https?:\/\//, "");
}

/** From being put aside to the end, with what stands in between, and whether it can end now. */
export function Overlap({ subject: key }: { subject: Key }): JSX.Element {
  const now = minute.value;
  const from = Date.parse(key.retiring_at ?? key.created_at);
  const to = Date.parse(key.ends_at ?? "");
  const place = (at: number) => `${Math.round(Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from))) * 1000) / 10}%`;
  const signBy = isTime(key.sign_by) ? key.sign_by : "";
  const hash = dialectOf(key.dialect).proof === "hash";
  return (
    <div class="overlap">
      <div
        class="overlap__bar"
        role="progressbar"
        aria-label={k.overlapLabel}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(parseFloat(place(now)))}
      >
        <span class="overlap__gone" ref={(bar) => void bar?.style.setProperty("inline-size", place(now))} />
        {signBy && <span class="overlap__mark" title={k.signByMark} ref={(mark) => void mark?.style.setProperty("inset-inline-start", place(Date.parse(signBy)))} />}
      </div>
      <dl class="overlap__dates">
        <div>
          <dt>{k.putAside}</dt>
          <dd>
            <When at={key.retiring_at} />
          </dd>
        </div>
        {signBy && (
          <div>
            <dt>{k.signByMark}</dt>
            <dd>{exact(signBy)}</dd>
          </div>
        )}
        <div>
          <dt>{k.end}</dt>
          <dd>{isTime(key.ends_at) && exact(key.ends_at)}</dd>
        </div>
      </dl>
      {!hash && <p class="key__note">{signBy ? k.signBySet(exact(signBy)) : k.signByDefault}</p>}
      <Ready subject={key} now={now} from={from} />
    </div>
  );
}

/** Whether anybody would be turned away, as far as can be seen. */
function Ready({ subject: key, now, from }: { subject: Key; now: number; from: number }): JSX.Element {
  const used = isTime(key.last_used_at) ? Date.parse(key.last_used_at) : 0;
  const sessions = (key.uses ?? []).reduce((n, use) => n + use.sessions, 0);
  const quiet = now - Math.max(used, from);
  if (sessions > 0 && quiet < day)
    return (
      <Notice kind="warn" icon="alert">
        {k.stillSigns(sessions, domainsOf(key))} {key.live_sessions > 0 && k.stillLive(key.live_sessions)}
      </Notice>
    );
  if (used > from && quiet < day)
    return (
      <Notice kind="warn" icon="alert">
        {k.stillUsed(ago(new Date(used).toISOString(), now))} {key.live_sessions > 0 && k.stillLive(key.live_sessions)}
      </Notice>
    );
  if (quiet < day) return <Notice icon="info">{k.neverUsed}</Notice>;
  return (
    <Notice kind="good" icon="check">
      {k.idle(ago(new Date(Math.max(used, from)).toISOString(), now).replace(/\s*ago$/, ""))} {key.live_sessions > 0 && k.stillLive(key.live_sessions)}
    </Notice>
  );
}

/** What ends with a key, in numbers. */
export function ImpactLine({ impact }: { impact: KeyImpact }): JSX.Element {
  const origins = impact.origins ?? [];
  const named = origins.filter((one) => one.origin);
  const shown = origins.slice(0, few);
  return (
    <div class="impact">
      <p class="impact__total">
        <strong>{k.impact(impact.live_sessions, named.length)}</strong>
      </p>
      {origins.length > 0 && (
        <ul class="impact__list">
          {shown.map((one) => (
            <li key={one.origin ?? ""}>
              <span dir="ltr">{one.origin ? plain(one.origin) : k.impactNowhere}</span> <span class="dim">{one.live_sessions.toLocaleString(t.locale)}</span>
            </li>
          ))}
          {origins.length > shown.length && <li class="dim">{k.impactMore(origins.length - shown.length)}</li>}
        </ul>
      )}
    </div>
  );
}
