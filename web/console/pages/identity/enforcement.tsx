// Enforcement: per platform, whether a proof is asked for.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Notice, toast } from "../../../shared/ui";
import * as api from "../../api";
import { takeChannel } from "../../names";
import { may } from "../../session";
import { t } from "../../text";
import type { Channel, Enforcement, Key, Platform } from "../../types";
import { ask } from "../../ui/ask";
import { Choice } from "../../ui/forms";
import { platformsOf } from "../../ui/modes";
import { Section } from "../../ui/page";
import type { Resource } from "../../ui/resource";
import { verifies } from "../keys";
import type { TabProps } from "./tabs";

const i = t.identity;

export function EnforcementTab({ channel, channels, keys }: TabProps): JSX.Element {
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
          <OnePlatform key={platform} channel={channel} platform={platform} channels={channels} keys={keys.data} />
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

