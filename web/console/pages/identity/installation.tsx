// Installation: which domains, apps and versions carry the messenger, how that goes, and
// what to do next about each.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Empty, Icon, Notice, toast } from "../../../shared/ui";
import * as api from "../../api";
import { problemOf } from "../../http";
import type { Installation, Place, Version } from "../../installation";
import { takeChannel } from "../../names";
import { href } from "../../router";
import { may } from "../../session";
import { t } from "../../text";
import type { Channel } from "../../types";
import { Select } from "../../ui/forms";
import { Loaded, Section } from "../../ui/page";
import { useResource, type Resource } from "../../ui/resource";
import { When } from "../../ui/when";
import { CheckSection } from "./check";
import { dialectsOf, Outcomes, placeName, Steps } from "./places";
import { tabHref, type TabProps } from "./tabs";

const i = t.installation;
const spans = ["1", "7", "30", "90"] as const;

export function InstallationTab({ channel, channels }: TabProps): JSX.Element {
  const [span, setSpan] = useState<(typeof spans)[number]>("7");
  const table = useResource(() => api.installation(channel.id, Number(span)), [channel.id, span]);
  return (
    <>
      <CheckSection channel={channel} onArrival={() => void table.reload()} />
      <Section
        title={i.where}
        hint={i.whereHint}
        id="places"
        action={<Select bare label={i.span} value={span} onValue={setSpan} options={spans.map((value) => ({ value, label: i.spans[value] ?? value }))} />}
      >
        <Loaded resource={table} failed={i.failed}>
          {(data) => <Places data={data} channel={channel} channels={channels} reload={() => void table.reload()} />}
        </Loaded>
      </Section>
      {(table.data?.versions.length ?? 0) > 0 && (
        <Section title={i.versions} hint={i.versionsHint} id="versions">
          <Versions versions={table.data?.versions ?? []} channel={channel} />
        </Section>
      )}
    </>
  );
}

function Places({ data, channel, channels, reload }: { data: Installation; channel: Channel; channels: Resource<Channel[]>; reload: () => void }): JSX.Element {
  if (data.places.length === 0)
    return (
      <Empty icon="search" title={i.empty} text={i.emptyHint}>
        <a class="button button--primary" href={tabHref(channel.id, "code")}>
          {i.toSnippet}
        </a>
      </Empty>
    );
  return (
    <>
      {(channel.origins?.length ?? 0) === 0 && channel.enforcement.web && (
        <Notice icon="info">
          {i.anyPage} <a href={href(`/channels/${channel.id}`)}>{i.listPages}</a>
        </Notice>
      )}
      <ul class="places">
        {data.places.map((place) => (
          <OnePlace key={`${place.platform} ${place.origin ?? ""}`} place={place} channel={channel} channels={channels} reload={reload} />
        ))}
      </ul>
    </>
  );
}

function OnePlace({ place, channel, channels, reload }: { place: Place; channel: Channel; channels: Resource<Channel[]>; reload: () => void }): JSX.Element {
  const urgent = place.steps.some((step) => step.urgent);
  const state = place.total === 0 || place.ignored ? "idle" : urgent ? "warn" : "good";
  const networks = Math.max(0, ...Object.values(place.networks));
  return (
    <li class={`place place--${state}`}>
      <span class="place__mark" title={state === "good" ? i.good : state === "warn" ? i.warned : i.hinted}>
        <Icon name={state === "good" ? "check" : state === "warn" ? "alert" : "info"} />
        <span class="sr-only">{state === "good" ? i.good : state === "warn" ? i.warned : i.hinted}</span>
      </span>
      <div class="place__main">
        <div class="place__head">
          <h3 class="place__name" dir="auto">
            {placeName(place)}
          </h3>
          {place.standing !== "other" && place.standing !== "unknown" && <span class="chip">{i.standings[place.standing] ?? place.standing}</span>}
          <span class="place__last dim">
            <When at={place.last_at} />
          </span>
        </div>
        {place.total === 0 ? (
          <p class="dim">{i.waiting}</p>
        ) : (
          <>
            <p class="place__facts dim">
              {i.loads(place.total)} {networks > 0 && <span title={i.fromTitle}>{i.from(networks)}</span>} {dialectsOf(place) && `· ${dialectsOf(place)}`}
            </p>
            <Outcomes sums={place} />
          </>
        )}
        {place.ignored ? <p class="dim">{i.ignored}</p> : <Steps steps={place.steps} channel={channel.id} />}
        <PlaceActions place={place} channel={channel} channels={channels} reload={reload} />
      </div>
    </li>
  );
}

function PlaceActions({ place, channel, channels, reload }: { place: Place; channel: Channel; channels: Resource<Channel[]>; reload: () => void }): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  if (place.standing !== "stranger" || !may("channels.manage")) return null;
  const origin = place.origin ?? "";
  const lists = (channel.origins?.length ?? 0) > 0;
  const act = async (run: () => Promise<string>) => {
    setBusy(true);
    try {
      const said = await run();
      if (said) toast(said);
      reload();
    } catch (failure) {
      toast(problemOf(failure).detail, "bad");
    }
    setBusy(false);
  };
  const allow = () =>
    act(async () => {
      // As it stands now: somebody else may have changed it since this page was loaded.
      const fresh = await api.channel(channel.id);
      const settings = api.settingsOf(fresh);
      const changed = await api.updateChannel(channel.id, { ...settings, origins: [...settings.origins, origin] });
      takeChannel(changed);
      channels.set((channels.data ?? []).map((c) => (c.id === changed.id ? changed : c)));
      return i.allowed(origin);
    });
  const ignore = (ignored: boolean) =>
    act(async () => {
      await api.ignoreDomain(channel.id, origin, ignored);
      return ignored ? i.ignoredToast(origin) : "";
    });
  return (
    <div class="place__actions">
      {lists && !place.ignored && (
        <Button disabled={busy} onClick={() => void allow()}>
          {i.allow}
        </Button>
      )}
      <Button kind="quiet" disabled={busy} onClick={() => void ignore(!place.ignored)}>
        {place.ignored ? i.unignore : i.ignore}
      </Button>
    </div>
  );
}

/** What share of a platform's loads each version has, and whether it proves anybody. */
export function Versions({ versions, channel }: { versions: Version[]; channel: Channel }): JSX.Element {
  const totals: Record<string, number> = {};
  for (const v of versions) totals[v.platform] = (totals[v.platform] ?? 0) + v.total;
  return (
    <ul class="places">
      {versions.map((v) => {
        const urgent = v.steps.some((step) => step.urgent);
        return (
          <li key={`${v.platform} ${v.version ?? ""}`} class={`place place--${urgent ? "warn" : "good"}`}>
            <span class="place__mark">
              <Icon name={urgent ? "alert" : "check"} />
              <span class="sr-only">{urgent ? i.warned : i.good}</span>
            </span>
            <div class="place__main">
              <div class="place__head">
                <h3 class="place__name">
                  {t.platforms[v.platform] ?? v.platform} {v.version || i.noVersion}
                </h3>
                <span class="chip">{i.share(v.total, totals[v.platform] ?? v.total)}</span>
                <span class="place__last dim">
                  <When at={v.last_at} />
                </span>
              </div>
              <Outcomes sums={v} />
              <Steps steps={v.steps} channel={channel.id} />
            </div>
          </li>
        );
      })}
    </ul>
  );
}
