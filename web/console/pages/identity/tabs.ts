// The tabs of a channel's identity pages, in the order in which they are shown. A new
// one is one line here; its words stand in its own catalogue.

import type { JSX } from "preact";
import { href } from "../../router";
import { t } from "../../text";
import type { Channel, Key } from "../../types";
import type { Resource } from "../../ui/resource";
import { CodeTab } from "./code";
import { DiagnosisTab } from "./diagnosis";
import { EnforcementTab } from "./enforcement";
import { InstallationTab } from "./installation";
import { KeysTab } from "./keys";
import { SessionsTab } from "./sessions";

/** What every tab is given. */
export interface TabProps {
  channel: Channel;
  channels: Resource<Channel[]>; // the list that the channel is from: set it after a change
  keys: Resource<Key[]>; // the channel's keys: loaded once for all tabs
}

export interface Tab {
  id: string; // in the address
  label: () => string;
  show: (props: TabProps) => JSX.Element;
}

export const TABS: [Tab, ...Tab[]] = [
  { id: "keys", label: () => t.identity.tabs.keys, show: KeysTab },
  { id: "enforcement", label: () => t.identity.tabs.enforcement, show: EnforcementTab },
  { id: "installation", label: () => t.installation.tab, show: InstallationTab },
  { id: "diagnosis", label: () => t.diagnosis.tab, show: DiagnosisTab },
  { id: "code", label: () => t.snippets.tab, show: CodeTab },
  { id: "sessions", label: () => t.sessions.tab, show: SessionsTab },
];

/** The tab that an address names; the first one if it names none. */
export function shownTab(id: string): Tab {
  return TABS.find((tab) => tab.id === id) ?? TABS[0];
}

export function tabHref(channel: string, tab: string): string {
  return href(tab === TABS[0].id ? `/identity/${channel}` : `/identity/${channel}/${tab}`);
}
