// The console's side of the HTTP contract. Everything that the server may leave
// out is optional here, so that a page never counts on a field it was not promised.

import type { FileFacts } from "../protocol/wire";

export type Tier = "anonymous" | "claimed" | "verified";
export type Status = "open" | "snoozed" | "closed";
export type ViewName = "open" | "mine" | "unassigned" | "snoozed" | "closed";
export type Role = "owner" | "security" | "admin" | "agent" | "auditor";
export type Enforcement = "off" | "observe" | "enforce";
export type Platform = "web" | "ios" | "android";
export type Side = "visitor" | "agent" | "system";
export type Provenance = "signed" | "agent" | "email" | "import" | "claimed";

export interface Named {
  id: string;
  name: string;
}

/** A key as a badge names it. */
export interface KeyNamed extends Named {
  compromised?: boolean; // what it proved here is in doubt
}

export interface Agent {
  id: string;
  email: string;
  name: string;
  role: Role;
  created_at?: string;
  joined?: boolean;
  second_factor?: boolean;
}

export interface Me {
  agent: Agent;
  workspace: string;
  rights: string[];
  expires_at: string;
  seq: number;
  /** What one file may have, in bytes; absent: files are not taken. */
  file_bytes?: number;
  /** Console and widget share an origin. */
  one_origin?: boolean;
  /** The workspace asks for a second factor; until there is one, some rights are withheld. */
  lacks_second_factor?: boolean;
}

export interface LinkFacts {
  email: string;
  name: string;
  role: Role;
  workspace: string;
  /** The address is made up: whoever uses the link chooses their own. */
  choose_email?: boolean;
}

export interface ContactLabel {
  id: string;
  kind: "verified" | "either" | "claimed" | "anonymous" | "imported";
  label: string;
  verified: boolean;
}

export interface ChannelLabel {
  id: string;
  slug: string;
  name: string;
}

export interface Row {
  id: string;
  status: Status;
  created_at: string;
  last_at: string;
  preview: string;
  last_author: Side;
  unread: number;
  seq: number;
  agents_read: number;
  visitor_read: number;
  tier: Tier;
  channel: ChannelLabel;
  contact: ContactLabel;
  assignee?: Named | null;
  snoozed_until?: string | null;
}

export interface Message {
  id: string;
  conversation_id: string;
  seq: number;
  author: { kind: Side; id?: string; name?: string };
  text: string;
  client_id?: string;
  tier?: Tier;
  at: string;
  method?: string;
  key?: KeyNamed | null;
  note?: boolean;
  session?: string;
  files?: FileFacts[];
}

export interface Counts {
  open: number;
  mine: number;
  unassigned: number;
  snoozed: number;
  closed: number;
}

export interface Identifier {
  kind: string;
  value: string;
  method?: string;
  key?: KeyNamed | null;
  at?: string;
}

/** What an imported person waits for. */
export interface Imported {
  source: string;
  names: { kind: string; value: string; shared?: boolean }[];
  opened_to?: string;
  opened_at?: string;
}

export interface Attribute {
  name: string;
  value: unknown;
  provenance: Provenance;
  method?: string;
  key?: KeyNamed | null;
  at?: string;
  ignored?: boolean; // only signed values of this name count
}

export interface Conflict {
  kind: string;
  value: string;
  holds: boolean; // by the person that it is shown with
  other: ContactLabel;
  held_since: string;
  held_by: string;
  held_key?: Named | null;
  method: string;
  key?: Named | null;
  at: string;
  last_at: string;
}

export interface Visit extends VisitorSession {
  contact: ContactLabel;
}

export interface Holdings {
  identifiers: number;
  attributes: number;
  sessions: number;
  live_sessions: number;
  browsers: number;
  conversations: number;
  messages: number;
  files: number;
}

export interface VisitorSession {
  id: string;
  tier: Tier;
  method?: string;
  key?: KeyNamed | null;
  platform: string;
  origin?: string;
  user_agent?: string;
  device?: string;
  dialect?: string;
  channel_id?: string;
  created_at: string;
  seen_at?: string;
  expires_at: string;
  ended_at?: string | null;
}

export interface Contact {
  id: string;
  kind: ContactLabel["kind"];
  label: string;
  created_at: string;
  seen_at?: string;
  blocked: boolean;
  identifiers: Identifier[] | null;
  attributes: Attribute[] | null;
  sessions: VisitorSession[] | null;
  conversations: Row[] | null;
  conflicts?: Conflict[] | null;
  imported?: Imported | null;
  not_before?: string;
  bare_hashes_refused_until?: string;
}

export interface Appearance {
  accent: string;
  team: string;
  greeting: string;
}

export interface Channel {
  id: string;
  slug: string;
  name: string;
  aliases: string[] | null;
  realm?: string;
  enforcement: Partial<Record<Platform, Enforcement>>;
  enforcement_since?: Partial<Record<Platform, string>>;
  minimum_tier: Tier | "";
  longest_life_seconds: number;
  origins: string[] | null;
  appearance: Appearance;
  created_at: string;
}

export type RegistrationState = "open" | "expired" | "waiting" | "lapsed" | "confirmed" | "refused" | "ended";

/** A token with which a site registers itself, and what became of it. What the site says of itself is a stranger's text. */
export interface Registration {
  id: string;
  state: RegistrationState;
  created_by: string;
  created_at: string;
  expires_at: string;
  site?: string;
  name?: string;
  software?: string;
  network?: string;
  used_at?: string;
  confirm_by?: string;
  channel_id?: string;
  channel?: string;
  decided_at?: string;
  decided_by?: string;
}

export type KeyState = "pending" | "active" | "retiring" | "retired" | "revoked";
export type Signs = "user_id" | "email" | "either";

export interface KeyUse {
  origin?: string;
  platform: Platform;
  sessions: number;
  last_at: string;
}

/** What a key verifies with, if that is no secret. */
export interface PublicHalf {
  algorithm: string;
  public_key?: string;
  jwks_url?: string;
  issuer?: string;
  kids?: Kid[] | null;
  fetched_at?: string | null;
  problem?: string;
}

/** One key of an issuer's set. */
export interface Kid {
  kid: string;
  published: boolean;
  revoked_at?: string | null;
}

export interface KeyImpact {
  live_sessions: number;
  origins: { origin?: string; live_sessions: number }[] | null;
  cut?: KeyForecast;
}

/** What calling a key compromised would take apart; there may be more of it. */
export interface KeyForecast {
  links: number;
  claims: number;
  attributes: number;
  conversations: number;
  messages: number;
  at_least: boolean;
}

export interface KeyCut {
  links: number;
  claims: number;
  attributes: number;
  conversations: number;
  messages: number;
  done: boolean;
}

export type FindingKind = "links" | "claims" | "attributes" | "conversations";

export interface KeyFinding {
  contact: { id: string; label?: string; kind?: ContactLabel["kind"]; blocked?: boolean };
  conversation_id?: string;
  name?: string;
  value?: string;
  fate: string;
  messages?: number;
  at: string;
  last_at?: string;
}

export interface KeyCompromise {
  since: string;
  cut: KeyCut;
  findings: KeyFinding[] | null;
  next?: string;
}

export interface Key {
  id: string;
  name: string;
  state: KeyState;
  dialect: string;
  signs: Signs;
  platforms: Platform[] | null;
  fingerprint: string;
  created_at: string;
  created_by: string;
  last_used_at?: string | null;
  retiring_at?: string | null;
  ends_at?: string | null;
  sign_by?: string | null;
  revoked_at?: string | null;
  compromised_since?: string | null;
  reveal?: "once" | "request";
  public?: PublicHalf | null;
  uses?: KeyUse[] | null;
  live_sessions: number;
  imported?: boolean;
  confirms_email?: boolean;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  actor_name?: string; // of an agent or a token, to readers of the team
  action: string;
  channel?: string;
  subject?: string;
  subject_name?: string; // whom a pseudonym stands for, to readers of conversations
  subject_contact?: string;
  detail?: Record<string, string> | null;
}

export interface AuditStatus {
  entries: number;
  pruned: number;
  checkpoint?: { number: number; at: string; since: number };
  checked: number;
  intact: boolean;
  faults?: string[];
}

export interface Login {
  id: string;
  user_agent?: string;
  created_at: string;
  seen_at?: string;
  expires_at: string;
  current?: boolean;
}

export interface ApiToken {
  id: string;
  name: string;
  scopes: string[] | null;
  created_at: string;
  created_by?: string;
  expires_at?: string | null;
  revoked_at?: string | null;
  last_used_at?: string | null;
  last_used_from?: string;
}

export interface KnownPasskey {
  id: string;
  transports?: string[];
}

/** What a browser needs to make a passkey or to answer by one. */
export interface PasskeyChallenge {
  step: string;
  challenge: string;
  host: string;
  user?: string;
  email?: string;
  name?: string;
  algorithms?: number[];
  known?: KnownPasskey[] | null;
}

export interface PasskeyAnswer {
  id: string;
  client_data: string;
  authenticator_data?: string;
  signature?: string;
  user_handle?: string;
  attestation?: string;
  transports?: string[];
}

/** The second step of a sign-in. */
export interface Second {
  step: string;
  app: boolean;
  passkey?: PasskeyChallenge;
}

export interface Passkey {
  id: string;
  name: string;
  site: string;
  created_at: string;
  used_at?: string | null;
}

export interface Factors {
  required: boolean;
  app_since?: string | null;
  passkeys: Passkey[] | null;
  recovery_left: number;
  passkeys_here: boolean;
}

export interface NewApp {
  secret: string;
  uri: string;
  qr: { size: number; path: string };
}

export interface RoleRights {
  role: Role;
  rights: string[] | null;
  second_factor: boolean;
}

/** A channel's word on emailed codes. */
export interface EmailCode {
  allowed: boolean;
  mail: "" | "smtp" | "mailbox"; // how mail leaves; empty: it does not
  live_sessions: number; // opened by a code
  ended?: number;
}

/** Mail on its way out, without what it says. */
export interface Letter {
  id: string;
  kind: string;
  recipient: string; // cut
  state: string;
  attempts: number;
  last_error?: string;
  created_at: string;
  next_at?: string;
  done_at?: string;
}
