// What stands in the core at a moment, as the messenger shows it.
import type { Outward, PageSettings, Place } from "../protocol/bridge";
import type { ChannelFacts, SessionFacts } from "../protocol/wire";
import type { ApiError } from "../shared/api";
import type { Link } from "../shared/stream";
import type { Threads } from "./threads";

export type Phase = "waiting" | "idle" | "open" | "refused" | "ended" | "failed";

export interface State {
  phase: Phase;
  session: SessionFacts | undefined;
  error: ApiError | undefined; // why refused or failed
  reason: "expired" | "elsewhere"; // why ended
  channel: ChannelFacts | undefined;
  page: PageSettings;
  host: string; // origin of the page around us
  link: Link;
  threads: Threads | undefined; // undefined until listed
  more: string | undefined; // cursor of the next page of threads
  shown: boolean; // the panel is open
  prefill: { text?: string | undefined; stay?: boolean; email?: string | undefined } | undefined; // what the page puts into the composer
  place: Place | undefined; // where the page leads the visitor
}

export interface CoreOptions {
  channel: string;
  host: string;
  app?: { platform: "ios" | "android"; version?: string }; // absent: a page of the web
  storageLagMs: number; // how much later than a lock another tab may learn of what was stored
  send: (message: Outward) => void;
}
