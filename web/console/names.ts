// Names that several pages look up by id: teammates, channels, keys. Each is asked
// for once and kept; what an answer brings along by the way is kept too.

import { signal } from "@preact/signals";
import * as api from "./api";
import { may, phase } from "./session";
import type { Agent, Channel, Named } from "./types";

export const agents = signal<Agent[] | null>(null);
export const channels = signal<Channel[] | null>(null);

let askedAgents = false;
let askedChannels = false;

phase.subscribe((now) => {
  if (now === "in") return;
  agents.value = null;
  channels.value = null;
  askedAgents = askedChannels = false;
});

export function needAgents(): void {
  if (askedAgents || !may("team.read")) return;
  askedAgents = true;
  api.agents().then(
    (page) => (agents.value = page.agents ?? []),
    () => (askedAgents = false),
  );
}

export function needChannels(): void {
  if (askedChannels || !may("channels.read")) return;
  askedChannels = true;
  api.channels().then(
    (page) => (channels.value = page.channels ?? []),
    () => (askedChannels = false),
  );
}

export function takeChannel(channel: Channel): void {
  const others = channels.peek() ?? [];
  const known = others.some((other) => other.id === channel.id);
  channels.value = known ? others.map((other) => (other.id === channel.id ? channel : other)) : [...others, channel];
}

const keyNames = new Map<string, string>();

/** A key as a person would name it. A stream names keys by id alone; a page has told the name before, mostly. */
export function keyName(key: Named | null | undefined): string {
  if (!key) return "";
  if (key.name) keyNames.set(key.id, key.name);
  return key.name || keyNames.get(key.id) || key.id;
}
