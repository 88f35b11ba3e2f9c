// Names that several pages look up by id: teammates, channels, keys. Each is asked
// for once and kept; what an answer brings along by the way is kept too.

import { signal } from "@preact/signals";
import * as api from "./api";
import { may, phase } from "./session";
import { t } from "./text";
import type { Agent, Channel, ContactLabel, Named } from "./types";

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

const keyNames = signal<ReadonlyMap<string, string>>(new Map());

/** Remember what keys are called: a stream names them by id alone. */
export function learnKeys(keys: (Named | null | undefined)[]): void {
  const fresh = keys.filter((key): key is Named => !!key?.name && keyNames.peek().get(key.id) !== key.name);
  if (fresh.length) keyNames.value = new Map([...keyNames.peek(), ...fresh.map((key) => [key.id, key.name] as const)]);
}

/** A key as a person would name it, or its id. */
export function keyName(key: Named | { id: string } | null | undefined): string {
  if (!key) return "";
  return ("name" in key && key.name) || keyNames.value.get(key.id) || key.id;
}

export function knowsKey(id: string): boolean {
  return keyNames.peek().has(id);
}

/**
 * What a person is called, apart from what was proved of them: beside a verified badge the
 * server puts it into brackets after the name. A name has none, so the first one is ours.
 */
export function personParts(contact: ContactLabel): { name: string; proved: string } {
  const label = personName(contact);
  const at = contact.verified && label.endsWith(")") ? label.indexOf(" (") : -1;
  return at > 0 ? { name: label.slice(0, at), proved: label.slice(at + 2, -1) } : { name: label, proved: "" };
}

/** A contact as lists call it; somebody without a name is told from others like them by the end of their id. */
export function personName(contact: { id: string; label: string }): string {
  return contact.label || t.inbox.visitorName(contact.id.slice(-4).toUpperCase());
}
