// The keys of a channel, as a tab.

import type { JSX } from "preact";
import { KeysSection } from "../keys";
import type { TabProps } from "./tabs";

export function KeysTab({ channel, keys }: TabProps): JSX.Element {
  return <KeysSection channel={channel} resource={keys} />;
}
