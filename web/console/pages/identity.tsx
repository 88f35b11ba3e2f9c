// Keys and enforcement: of all channels in short, of one in full.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { takeChannel } from "../names";
import { go, href } from "../router";
import { may } from "../session";
import { t } from "../text";
import type { Channel, Enforcement, Key, Platform } from "../types";
import { ask } from "../ui/ask";
import { Choice, Select } from "../ui/forms";
import { Glyph } from "../ui/glyph";
import { ModeChips, platformsOf } from "../ui/modes";
import { Loaded, PageFrame, Section } from "../ui/page";
import { useResource, type Resource } from "../ui/resource";
import { KeysSection, verifies } from "./keys";

const i = t.identity;

export function IdentityPage({ channel }: { channel: string }): JSX.Element {
  const channels = useResource(async () => (await api.channels()).channels ?? [], []);
  const only = channels.data?.length === 1 ? channels.data[0] : undefined;
  useEffect(() => {
    if (!channel && only) go(href(`/identity/${only.id}`), { replace: true });
  }, [channel, only?.id]);
  const chosen = channels.data?.find((c) => c.id === channel);
  if (channels.data && channel && chosen) return <OneChannel key={chosen.id} channel={chosen} channels={channels} />;
  return (
    <PageFrame title={i.title} subtitle={i.subtitle}>
      <Loaded resource={channels} failed={i.failed}>
        {(list) => {
          if (channel) return <Empty icon="search" title={t.channels.notFound} />;
          if (list.length === 0)
            return (
              <Empty icon="verified" title={i.empty} text={i.emptyHint}>
                <a class="button button--primary" href={href("/channels")}>
                  {i.create}
                </a>
              </Empty>
            );
          return <Overview channels={list} />;
        }}
      </Loaded>
    </PageFrame>
  );
}

function Overview({ channels }: { channels: Channel[] }): JSX.Element {
  return (
    <ul class="cards">
      {channels.map((channel) => (
        <li key={channel.id}>
          <a class="card card--link" href={href(`/identity/${channel.id}`)}>
            <Glyph name="identity" />
            <span class="card__main">
              <span class="card__title" dir="auto">
                {channel.name || channel.slug}
              </span>
              <KeyCount channel={channel} />
            </span>
            <ModeChips channel={channel} />
          </a>
        </li>
      ))}
    </ul>
  );
}

function KeyCount({ channel }: { channel: Channel }): JSX.Element {
  const keys = useResource(async () => (await api.keys(channel.id)).keys ?? [], [channel.id]);
  const n = keys.data?.filter(verifies).length;
  return <span class="dim">{n === undefined ? "\u00a0" : n === 0 ? i.noKeys : i.liveKeys(n)}</span>;
}

function OneChannel({ channel, channels }: { channel: Channel; channels: Resource<Channel[]> }): JSX.Element {
  const keys = useResource(async () => (await api.keys(channel.id)).keys ?? [], [channel.id]);
  const all = channels.data ?? [];
  return (
    <PageFrame
      title={i.title}
      subtitle={i.subtitle}
      action={
        <div class="page__pick">
          {all.length > 1 && (
            <Select
              bare
              label={i.channel}
              value={channel.id}
              onValue={(id) => go(href(`/identity/${id}`))}
              options={all.map((c) => ({ value: c.id, label: c.name || c.slug }))}
            />
          )}
          <a class="button button--plain" href={href(`/channels/${channel.id}`)}>
            {i.toSettings}
          </a>
        </div>
      }
    >
      {all.length === 1 && (
        <p class="page__of dim" dir="auto">
          {i.channel}: {channel.name || channel.slug}
        </p>
      )}
      <EnforcementSection channel={channel} channels={channels} keys={keys.data} />
      <KeysSection channel={channel} resource={keys} />
    </PageFrame>
  );
}

function EnforcementSection({ channel, channels, keys }: { channel: Channel; channels: Resource<Channel[]>; keys: Key[] | null }): JSX.Element {
  const platforms = platformsOf(channel);
  const open = platforms.filter((platform) => channel.enforcement[platform] !== "enforce");
  const list = new Intl.ListFormat(t.locale).format(open.map((platform) => t.platforms[platform] ?? platform));
  return (
    <Section title={i.enforcement} hint={i.enforcementHint} id="enforcement">
      {open.length > 0 && (
        <Notice kind="warn" icon="alert">
          {i.notEnforcing(list)}
        </Notice>
      )}
      {!may("enforcement.set") && <Notice icon="info">{i.readOnly}</Notice>}
      <div class="platforms">
        {platforms.map((platform) => (
          <OnePlatform key={platform} channel={channel} platform={platform} channels={channels} keys={keys} />
        ))}
      </div>
    </Section>
  );
}

function OnePlatform({ channel, platform, channels, keys }: {
  channel: Channel;
  platform: Platform;
  channels: Resource<Channel[]>;
  keys: Key[] | null;
}): JSX.Element {
  const now = channel.enforcement[platform] ?? "off";
  const [wish, setWish] = useState<Enforcement>(now);
  useEffect(() => setWish(now), [now]);
  const [ended, setEnded] = useState<number | null>(null);
  const name = t.platforms[platform] ?? platform;
  const mayChange = may("enforcement.set");

  const apply = async () => {
    const answer = await api.setEnforcement(channel.id, platform, wish);
    const next = { ...channel, enforcement: { ...channel.enforcement, [platform]: wish } };
    takeChannel(next);
    channels.set((channels.data ?? []).map((c) => (c.id === channel.id ? next : c)));
    setEnded(wish === "enforce" ? answer.ended : null);
    toast(`${i.set(name, t.modes[wish] ?? wish)} ${wish === "enforce" ? i.ended(answer.ended) : ""}`);
  };
  const confirmThen = () => {
    const on = wish === "enforce";
    const unkeyed = on && keys !== null && !keys.some((key) => verifies(key) && (key.platforms ?? []).includes(platform));
    ask({
      title: on ? i.turnOn(name) : i.turnOff(name, t.modes[wish] ?? wish),
      body: (
        <>
          <p>{on ? i.turnOnBody : now === "enforce" ? i.turnOffBody : t.modeHints[wish]}</p>
          {unkeyed && (
            <Notice kind="warn" icon="alert">
              {i.turnOnNoKey}
            </Notice>
          )}
        </>
      ),
      action: i.confirm(t.modes[wish] ?? wish),
      run: apply,
    });
  };
  return (
    <div class="platform">
      <Choice
        legend={name}
        name={`mode-${platform}`}
        value={wish}
        disabled={!mayChange}
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
          <Button kind="primary" onClick={confirmThen}>
            {i.confirm(t.modes[wish] ?? wish)}
          </Button>
        </div>
      )}
    </div>
  );
}

