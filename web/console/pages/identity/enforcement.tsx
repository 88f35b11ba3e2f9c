// Enforcement: per platform, whether a proof is asked for; for the whole channel, who may
// begin a conversation.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Icon, Notice, toast } from "../../../shared/ui";
import * as api from "../../api";
import type { Preview } from "../../installation";
import { takeChannel } from "../../names";
import { may } from "../../session";
import { t } from "../../text";
import type { Channel, Enforcement, Platform, Tier } from "../../types";
import { ask } from "../../ui/ask";
import { Choice } from "../../ui/forms";
import { platformsOf } from "../../ui/modes";
import { Loaded, Section } from "../../ui/page";
import { useResource, type Resource } from "../../ui/resource";
import { PreviewBody, Warnings } from "./preview";
import { tabHref, type TabProps } from "./tabs";

const i = t.identity;
const e = t.enforce;

export function EnforcementTab({ channel, channels }: TabProps): JSX.Element {
  const platforms = platformsOf(channel);
  const change = (next: Channel) => {
    takeChannel(next);
    channels.set((channels.data ?? []).map((c) => (c.id === next.id ? next : c)));
  };
  return (
    <>
      <Section title={i.enforcement} hint={i.enforcementHint} id="enforcement">
        {!may("enforcement.set") && <Notice icon="info">{i.readOnly}</Notice>}
        {platforms.map((platform) => (
          <OnePlatform key={platform} channel={channel} platform={platform} onChange={change} />
        ))}
      </Section>
      <Audience channel={channel} onChange={change} />
    </>
  );
}

function OnePlatform({ channel, platform, onChange }: { channel: Channel; platform: Platform; onChange: (channel: Channel) => void }): JSX.Element {
  const now = channel.enforcement[platform] ?? "off";
  const [wish, setWish] = useState<Enforcement>(now);
  useEffect(() => setWish(now), [now]);
  const [ended, setEnded] = useState<number | null>(null);
  const preview = useResource(() => api.preview(channel.id, platform), [channel.id, platform, now]);
  const name = t.platforms[platform] ?? platform;

  const apply = async () => {
    const answer = await api.setEnforcement(channel.id, platform, wish);
    onChange(await api.channel(channel.id));
    setEnded(wish === "enforce" ? answer.ended : null);
    toast(`${i.set(name, t.modes[wish] ?? wish)} ${wish === "enforce" ? i.ended(answer.ended) : ""}`);
  };
  const confirmThen = async () => {
    const on = wish === "enforce";
    // The numbers are of this moment, not of when the page was opened.
    const fresh = on ? await api.preview(channel.id, platform).catch(() => null) : null;
    ask({
      title: on ? i.turnOn(name) : i.turnOff(name, t.modes[wish] ?? wish),
      body: (
        <>
          <p>{on ? i.turnOnBody : now === "enforce" ? i.turnOffBody : t.modeHints[wish]}</p>
          {fresh && <p>{e.ends(fresh.live, fresh.live_places)}</p>}
          {fresh && <Warnings warnings={fresh.warnings} />}
        </>
      ),
      action: fresh && fresh.warnings.length > 0 ? e.anyway : i.confirm(t.modes[wish] ?? wish),
      run: apply,
    });
  };
  return (
    <div class="platform">
      <Standing channel={channel} platform={platform} mode={now} preview={preview} />
      <Choice
        legend={name}
        name={`mode-${platform}`}
        value={wish}
        disabled={!may("enforcement.set")}
        onValue={setWish}
        options={(["off", "observe", "enforce"] as const).map((mode) => ({ value: mode, label: t.modes[mode] ?? mode, hint: t.modeHints[mode] ?? "" }))}
      />
      {ended !== null && (
        <Notice kind="good" icon="check">
          {i.ended(ended)}
        </Notice>
      )}
      {wish !== now && (
        <div class="platform__foot">
          <Button onClick={() => setWish(now)}>{t.common.cancel}</Button>
          <Button kind="primary" onClick={() => void confirmThen()}>
            {i.confirm(t.modes[wish] ?? wish)}
          </Button>
        </div>
      )}
      <h3 class="platform__title">{now === "enforce" ? e.previewOn : e.preview}</h3>
      <p class="section__hint">{e.previewHint}</p>
      <Loaded resource={preview} failed={e.failed} lines={3}>
        {(data) => <PreviewBody preview={data} channel={channel} enforcedSince={now === "enforce" ? setAt(channel, platform) : null} />}
      </Loaded>
    </div>
  );
}

const dayMs = 86_400_000;

/** Since when the platform is as it is. */
const setAt = (channel: Channel, platform: Platform) => Date.parse(channel.enforcement_since?.[platform] ?? channel.created_at);

/** Since when it is as it is, what that lets a forger do, and what comes next. */
function Standing({ channel, platform, mode, preview }: {
  channel: Channel;
  platform: Platform;
  mode: Enforcement;
  preview: Resource<Preview>;
}): JSX.Element {
  const since = setAt(channel, platform);
  const span = Math.floor((Date.now() - since) / dayMs);
  const fromStart = Math.abs(since - Date.parse(channel.created_at)) < 1000;
  const word = t.modes[mode] ?? mode;
  const sinceText = span < 1 ? e.sinceToday(word) : e.since(word, e.days(span));
  if (mode === "enforce")
    return (
      <Notice kind="good" icon="verified">
        <strong>
          {t.platforms[platform]}: {sinceText}
        </strong>{" "}
        {e.safe}
      </Notice>
    );
  return (
    <Notice kind="warn" icon="alert">
      <p>
        <strong>
          {t.platforms[platform]}: {sinceText}
        </strong>{" "}
        {fromStart && e.fromStart}
      </p>
      <p>{e.forger}</p>
      {preview.data && <Next preview={preview.data} channel={channel} mode={mode} />}
    </Notice>
  );
}

function Next({ preview, channel, mode }: { preview: Preview; channel: Channel; mode: Enforcement }): JSX.Element {
  const verified = preview.outcomes.verified ?? 0;
  const link = (to: string, words: string) => <a href={to}>{words}</a>;
  const step = (words: string, more?: JSX.Element) => (
    <p class="standing__next">
      <Icon name="info" />
      <span>
        {words} {more}
      </span>
    </p>
  );
  if (preview.keys === 0) return step(e.next.noKey, link(tabHref(channel.id, "keys"), e.toKeys));
  if (preview.total === 0) return step(e.next.noTraffic, link(tabHref(channel.id, "installation"), e.toInstallation));
  if (verified === 0) return step(e.next.noProof, link(tabHref(channel.id, "code"), e.toCode));
  if (mode === "off") return step(e.next.observe);
  if (preview.broken > 0)
    return step(e.next.fix(preview.broken, preview.total), link(tabHref(channel.id, "installation"), e.toInstallation));
  return step(e.next.ready);
}

function Audience({ channel, onChange }: { channel: Channel; onChange: (channel: Channel) => void }): JSX.Element {
  const now: Tier = channel.minimum_tier || "anonymous";
  const change = (tier: Tier) =>
    ask({
      title: e.audienceTitle(e.tiers[tier] ?? tier),
      body: (
        <>
          <p>{e.tierHints[tier]}</p>
          <p>{e.audienceBody}</p>
        </>
      ),
      action: e.audienceAction,
      run: async () => {
        // As it stands now: somebody else may have changed it since this page was loaded.
        const fresh = await api.channel(channel.id);
        onChange(await api.updateChannel(channel.id, { ...api.settingsOf(fresh), minimum_tier: tier }));
        toast(e.audienceSet(e.tiers[tier] ?? tier));
      },
    });
  return (
    <Section title={e.audience} hint={e.audienceHint} id="audience">
      <div class="platform">
        <Choice
          bare
          legend={e.audience}
          name="audience"
          value={now}
          disabled={!may("channels.manage") || !may("enforcement.set")}
          onValue={change}
          options={(["anonymous", "claimed", "verified"] as const).map((tier) => ({ value: tier, label: e.tiers[tier] ?? tier, hint: e.tierHints[tier] ?? "" }))}
        />
      </div>
    </Section>
  );
}
