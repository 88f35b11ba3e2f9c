// Identity: of all channels in short, of one in full, in tabs. What the tabs are is
// in identity/tabs.ts.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Empty } from "../../shared/ui";
import * as api from "../api";
import { go, href } from "../router";
import { t } from "../text";
import type { Channel } from "../types";
import { Select } from "../ui/forms";
import { Glyph } from "../ui/glyph";
import { ModeChips } from "../ui/modes";
import { Loaded, PageFrame } from "../ui/page";
import { useResource, type Resource } from "../ui/resource";
import { shownTab, TABS, tabHref } from "./identity/tabs";
import { verifies } from "./keys";

const i = t.identity;

export function IdentityPage({ channel, tab }: { channel: string; tab: string }): JSX.Element {
  const channels = useResource(async () => (await api.channels()).channels ?? [], []);
  const only = channels.data?.length === 1 ? channels.data[0] : undefined;
  useEffect(() => {
    if (!channel && only) go(href(`/identity/${only.id}`), { replace: true });
  }, [channel, only?.id]);
  const chosen = channels.data?.find((c) => c.id === channel);
  if (channels.data && channel && chosen) return <OneChannel key={chosen.id} channel={chosen} channels={channels} tab={tab} />;
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

function OneChannel({ channel, channels, tab }: { channel: Channel; channels: Resource<Channel[]>; tab: string }): JSX.Element {
  const keys = useResource(async () => (await api.keys(channel.id)).keys ?? [], [channel.id]);
  const all = channels.data ?? [];
  const shown = shownTab(tab);
  const Shown = shown.show;
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    const here = tabs.current?.querySelector<HTMLElement>("[aria-current]");
    if (tabs.current && here) tabs.current.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - tabs.current.clientWidth / 2; // on a phone the later ones lie beyond the edge
  }, [shown.id]);
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
              onValue={(id) => go(tabHref(id, shown.id))}
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
      <nav class="tabs" aria-label={i.title} ref={tabs}>
        {TABS.map((one) => (
          <a key={one.id} class="tabs__tab" href={tabHref(channel.id, one.id)} aria-current={one.id === shown.id ? "page" : undefined}>
            {one.label()}
          </a>
        ))}
      </nav>
      <Shown channel={channel} channels={channels} keys={keys} />
    </PageFrame>
  );
}
