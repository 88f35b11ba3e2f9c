// What the server says of an installation, see internal/httpapi/wire/installation.go.

import type { Enforcement, Platform, Tier } from "./types";

export interface Sums {
  total: number;
  outcomes: Record<string, number>;
  missing: number;
  wrong: number;
  reasons: Record<string, number>;
  last_at?: string;
}

export interface Step {
  step: string;
  n: number;
  of: number;
  reason?: string;
  urgent: boolean;
}

export interface Place extends Sums {
  platform: Platform;
  origin?: string;
  standing: string;
  ignored?: boolean;
  dialects: string[];
  networks: Record<string, number>;
  steps: Step[];
}

export interface Version extends Sums {
  platform: Platform;
  version?: string;
  steps: Step[];
}

export interface Installation {
  since: string;
  places: Place[];
  versions: Version[];
}

export interface Seen {
  at: string;
  platform: Platform;
  origin?: string;
  version?: string;
  dialect?: string;
  outcome: string;
  reason?: string;
}

export interface Watched {
  now: string;
  arrivals: Seen[];
}

export interface Warning {
  warning: string;
  n?: number;
  of?: number;
  places?: number;
}

export interface Preview extends Sums {
  platform: Platform;
  enforcement: Enforcement;
  since: string;
  minimum_tier: Tier | "";
  from: string;
  broken: number;
  live: number;
  live_places: number;
  keys: number;
  networks: Record<string, number>;
  places: Place[];
  versions: Version[];
  warnings: Warning[];
}
