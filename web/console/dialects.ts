// The dialects that a key can be made for, as identity/dialect has them.

import { t } from "./text";
import type { Signs } from "./types";

export interface Dialect {
  id: string;
  proof: "hash" | "token";
  signs: Signs[]; // the first is the default
}

const any: Signs[] = ["user_id", "email", "either"];

export const DIALECTS: Dialect[] = [
  { id: "native", proof: "hash", signs: any },
  { id: "native-jwt", proof: "token", signs: any },
  { id: "native-v1", proof: "token", signs: any },
  { id: "intercom", proof: "hash", signs: any },
  { id: "intercom-jwt", proof: "token", signs: ["user_id"] },
  { id: "helpscout", proof: "hash", signs: ["email"] },
  { id: "pylon", proof: "hash", signs: ["email"] },
  { id: "pylon-jwt", proof: "token", signs: ["email"] },
  { id: "ensoras", proof: "hash", signs: ["email"] },
  // These vendors' backends sign as they did; the page calls our own API.
  { id: "chatwoot", proof: "hash", signs: ["user_id", "email"] },
  { id: "crisp", proof: "hash", signs: ["email"] },
  { id: "tawk", proof: "hash", signs: ["user_id", "email"] },
  { id: "front", proof: "hash", signs: ["email"] },
  { id: "plain", proof: "hash", signs: ["email"] },
  { id: "gleap", proof: "hash", signs: ["user_id"] },
  { id: "novu", proof: "hash", signs: ["user_id"] },
  { id: "featurebase", proof: "hash", signs: ["user_id", "email"] },
  { id: "zendesk-jwt", proof: "token", signs: ["user_id"] },
  { id: "freshchat-jwt", proof: "token", signs: ["user_id"] },
];

export function dialectOf(id: string): Dialect {
  return DIALECTS.find((dialect) => dialect.id === id) ?? { id, proof: "hash", signs: any };
}

export function dialectName(id: string): string {
  return t.dialects[id] ?? id;
}
