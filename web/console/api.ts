// Every call that the console makes, once, by name. Pages never spell a path.

import type { Diagnosis, Inquiry, Language, Snippets } from "./diagnosis";
import { call } from "./http";
import type { Installation, Preview, Warning, Watched } from "./installation";
import type {
  Agent, ApiToken, Appearance, AuditEntry, AuditStatus, Channel, Contact, ContactLabel, Counts, EmailCode, Enforcement, Factors, FindingKind,
  Holdings, Key, KeyCompromise, KeyCut, KeyImpact, Letter, LinkFacts, Login, Me, Message, NewApp, Passkey, PasskeyAnswer,
  PasskeyChallenge, Platform, Registration, Role, RoleRights, Row, Second, Signs, Status, Tier, Visit,
} from "./types";

const seg = encodeURIComponent;

function query(values: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== "") search.set(name, String(value));
  const text = search.toString();
  return text ? `?${text}` : "";
}

// Signing in.
export const me = () => call<Me>("GET", "/me");
export const signIn = (email: string, password: string) => call<{ me?: Me; second?: Second }>("POST", "/sign-in", { email, password });
export const signInByCode = (step: string, code: string) => call<Me>("POST", "/sign-in/second", { step, code });
export const signInSecond = (step: string, passkey: PasskeyAnswer) => call<Me>("POST", "/sign-in/second", { step, passkey });
export const beginPasskeySignIn = () => call<PasskeyChallenge>("POST", "/sign-in/passkey/begin", {});
export const passkeySignIn = (step: string, passkey: PasskeyAnswer) => call<Me>("POST", "/sign-in/passkey", { step, passkey });
export const signOut = () => call<void>("POST", "/sign-out", {});
export const confirm = (password: string) => call<void>("POST", "/confirm", { password });
export const beginConfirm = () => call<PasskeyChallenge>("POST", "/confirm/passkey", {});
export const confirmByPasskey = (step: string, passkey: PasskeyAnswer) => call<void>("POST", "/confirm", { step, passkey });
export const changePassword = (current: string, next: string) => call<void>("POST", "/password", { current, next });
export const checkLink = (token: string) => call<LinkFacts>("POST", "/setup/check", { token });
export const useLink = (token: string, name: string, password: string, email?: string) =>
  call<Me>("POST", "/setup", { token, name, password, ...(email ? { email } : {}) });
export const logins = () => call<{ logins: Login[] }>("GET", "/logins");
export const endLogin = (id: string) => call<void>("DELETE", `/logins/${seg(id)}`);

// Second factors.
export const factors = () => call<Factors>("GET", "/factors");
export const beginApp = () => call<NewApp>("POST", "/factors/app", {});
export const confirmApp = (code: string) => call<{ recovery_codes?: string[] }>("POST", "/factors/app/confirm", { code });
export const dropApp = () => call<void>("DELETE", "/factors/app");
export const beginPasskey = () => call<PasskeyChallenge>("POST", "/factors/passkeys/begin", {});
export const addPasskey = (step: string, name: string, passkey: PasskeyAnswer) =>
  call<{ passkey: Passkey; recovery_codes?: string[] }>("POST", "/factors/passkeys", { step, name, passkey });
export const dropPasskey = (id: string) => call<void>("DELETE", `/factors/passkeys/${seg(id)}`);
export const remakeRecovery = () => call<{ recovery_codes?: string[] }>("POST", "/factors/recovery", {});
export const resetFactors = (agent: string) => call<void>("DELETE", `/agents/${seg(agent)}/factors`);
export const teamRule = () => call<{ second_factor: boolean }>("GET", "/team-rule");
export const setTeamRule = (second_factor: boolean) => call<void>("PUT", "/team-rule", { second_factor });
export const roles = () => call<{ roles: RoleRights[] | null }>("GET", "/roles");

// Inbox.
export interface RowPage {
  conversations: Row[] | null;
  next?: string;
}
export interface MessagePage {
  messages: Message[] | null;
  more: boolean;
}
export const conversations = (filter: { view: string; tier?: string; channel?: string; q?: string; cursor?: string }, signal?: AbortSignal) =>
  call<RowPage>("GET", `/conversations${query(filter)}`, undefined, signal);
export const counts = () => call<Counts>("GET", "/counts");
export const conversation = (id: string) => call<Row>("GET", `/conversations/${seg(id)}`);
export const messages = (id: string, before?: number) => call<MessagePage>("GET", `/conversations/${seg(id)}/messages${query({ before, limit: 40 })}`);
export const post = (id: string, message: { text: string; client_id: string; note?: boolean }) =>
  call<Message>("POST", `/conversations/${seg(id)}/messages`, message);
export const markRead = (id: string, seq: number) => call<void>("POST", `/conversations/${seg(id)}/read`, { seq });
export const typing = (id: string) => call<void>("POST", `/conversations/${seg(id)}/typing`, {});
export interface RowChange {
  status?: Status;
  assignee?: string;
  snoozed_until?: string;
}
export const change = (id: string, patch: RowChange) => call<Row>("PATCH", `/conversations/${seg(id)}`, patch);

// People.
export const contact = (id: string, signal?: AbortSignal) => call<Contact>("GET", `/contacts/${seg(id)}`, undefined, signal);
export const block = (id: string, blocked: boolean) => call<void>("POST", `/contacts/${seg(id)}/block`, { blocked });
export const signOutContact = (id: string, bare_hashes: boolean) => call<{ ended: number }>("POST", `/contacts/${seg(id)}/sessions/end`, { bare_hashes });
export const setBareHashes = (id: string, refused: boolean) => call<void>("PUT", `/contacts/${seg(id)}/bare-hashes`, { refused });
export const setAttributes = (id: string, attributes: Record<string, unknown>) => call<void>("PATCH", `/contacts/${seg(id)}/attributes`, { attributes });
export const release = (id: string, kind: string, value: string) => call<{ ended: number }>("POST", `/contacts/${seg(id)}/identifiers/release`, { kind, value });
export const exportContact = (id: string, notes: boolean) => call<unknown>("GET", `/contacts/${seg(id)}/export${query({ notes: notes ? "true" : "" })}`);
export const holdings = (id: string) => call<Holdings>("GET", `/contacts/${seg(id)}/holdings`);
export const erase = (id: string, reason: string) => call<Holdings & { settled: boolean }>("POST", `/contacts/${seg(id)}/erase`, { reason });
export interface AttributePolicy {
  signed_only: { name: string; by: string; at: string }[] | null;
}
export const attributePolicy = () => call<AttributePolicy>("GET", "/attributes/policy");
export const setAttributePolicy = (name: string, only_signed: boolean) => call<void>("PUT", "/attributes/policy", { name, only_signed });

// Sessions of a channel.
export interface SessionFilter {
  tier?: string;
  key?: string;
}
export interface VisitPage {
  sessions: Visit[] | null;
  next?: string;
}
export const sessions = (channel: string, filter: SessionFilter & { cursor?: string }) =>
  call<VisitPage>("GET", `/channels/${seg(channel)}/sessions${query({ ...filter })}`);
export const countSessions = (channel: string, filter: SessionFilter) =>
  call<{ sessions: number; more?: boolean }>("GET", `/channels/${seg(channel)}/sessions/count${query({ ...filter })}`);
export interface ImportedFilter {
  q?: string;
  state?: string;
}
export interface ImportedPage {
  people: { contact: ContactLabel; source: string; opened_to?: string; at: string; conversations: number }[] | null;
  next?: string;
}
export const imported = (filter: ImportedFilter & { cursor?: string }) => call<ImportedPage>("GET", `/imported${query({ ...filter })}`);
export const endSessionsOf = (channel: string, filter: SessionFilter) => call<{ ended: number }>("POST", `/channels/${seg(channel)}/sessions/end`, filter);
export const logoutPolicy = (channel: string) => call<{ deny_tokens: boolean }>("GET", `/channels/${seg(channel)}/logout`);
export const setLogoutPolicy = (channel: string, deny_tokens: boolean) => call<{ deny_tokens: boolean }>("PUT", `/channels/${seg(channel)}/logout`, { deny_tokens });
export const endSession = (id: string, session: string) => call<void>("DELETE", `/contacts/${seg(id)}/sessions/${seg(session)}`);

// Channels and keys.
export const channels = () => call<{ channels: Channel[] | null }>("GET", "/channels");
export const channel = (id: string) => call<Channel>("GET", `/channels/${seg(id)}`);
export interface NewChannel {
  slug: string;
  name: string;
  platforms?: Platform[];
  aliases?: string[];
  enforcement?: Enforcement;
  same_people?: boolean;
}
export const createChannel = (channel: NewChannel) => call<Channel>("POST", "/channels", channel);
export const registrations = () => call<{ registrations: Registration[] | null }>("GET", "/registrations");
export const createRegistration = () => call<{ registration: Registration; token: string; url: string }>("POST", "/registrations", {});
export const confirmRegistration = (id: string, reason: string) => call<Registration>("POST", `/registrations/${seg(id)}/confirm`, { reason });
export const refuseRegistration = (id: string) => call<void>("POST", `/registrations/${seg(id)}/refuse`, {});
export interface ChannelSettings {
  name: string;
  appearance: Appearance;
  origins: string[];
  minimum_tier: Tier;
  longest_life_seconds?: number; // as it was if absent
}
/** What of a channel a change of one part must say again. */
export const settingsOf = (channel: Channel): ChannelSettings => ({
  name: channel.name || channel.slug, appearance: channel.appearance, origins: channel.origins ?? [], minimum_tier: channel.minimum_tier || "anonymous",
});
export const updateChannel = (id: string, settings: ChannelSettings) => call<Channel>("PUT", `/channels/${seg(id)}`, settings);
export const setEnforcement = (id: string, platform: Platform, enforcement: Enforcement) =>
  call<{ ended: number; warnings?: Warning[] }>("PUT", `/channels/${seg(id)}/enforcement`, { platform, enforcement });
export const keys = (channel: string) => call<{ keys: Key[] | null }>("GET", `/channels/${seg(channel)}/keys`);
/** Instead of a secret. */
export interface PublicHalf {
  public_key?: string;
  jwks_url?: string;
  issuer?: string;
  algorithm?: string;
}
export interface NewKey extends PublicHalf {
  name: string;
  dialect: string;
  signs: Signs;
  platforms: Platform[];
  reason: string;
  reveal?: "once" | "request";
  secret?: string;
  insist?: boolean;
}
export const createKey = (channel: string, key: NewKey) => call<{ key: Key; secret?: string }>("POST", `/channels/${seg(channel)}/keys`, key);
export const renameKey = (id: string, name: string) => call<void>("PATCH", `/keys/${seg(id)}`, { name });
export const rotateKey = (id: string, name: string, overlapHours: number, reason: string, half: PublicHalf) =>
  call<{ key: Key; secret?: string }>("POST", `/keys/${seg(id)}/rotate`, { overlap_hours: overlapHours, reason, ...(name ? { name } : {}), ...half });
export const revealKey = (id: string, reason: string) => call<{ secret: string }>("POST", `/keys/${seg(id)}/reveal`, { reason });
export const signKeyBy = (id: string, at: string) => call<void>("POST", `/keys/${seg(id)}/sign-by`, { at });
export const extendKey = (id: string, ends_at: string) => call<void>("POST", `/keys/${seg(id)}/extend`, { ends_at });
export const finishKey = (id: string) => call<{ sessions_ended: number }>("POST", `/keys/${seg(id)}/finish`, {});
export const revokeKey = (id: string, compromisedSince?: string) =>
  call<{ sessions_ended: number; cut?: KeyCut }>("POST", `/keys/${seg(id)}/revoke`, compromisedSince ? { compromised_since: compromisedSince } : {});
export const revokeKid = (id: string, kid: string) => call<{ sessions_ended: number }>("POST", `/keys/${seg(id)}/kids/revoke`, { kid });
export const keyImpact = (id: string, since?: string) =>
  call<KeyImpact>("GET", `/keys/${seg(id)}/impact${since ? `?since=${encodeURIComponent(since)}` : ""}`);
export const keyCompromise = (id: string, kind: FindingKind, cursor?: string) =>
  call<KeyCompromise>("GET", `/keys/${seg(id)}/compromise${query({ kind, cursor })}`);

// Why a proof fails, and the code that makes a right one; the types are in diagnosis.ts.
export const diagnose = (channel: string, asked: Inquiry) => call<Diagnosis>("POST", `/channels/${seg(channel)}/diagnose`, asked);
export const expectedHash = (channel: string, wish: { key: string; user_id?: string; email?: string; reason: string }) =>
  call<{ hash: string }>("POST", `/channels/${seg(channel)}/expected-hash`, wish);
export const snippets = (channel: string, language: Language | "", key: string, framework = "") =>
  call<Snippets>("GET", `/channels/${seg(channel)}/snippets${query({ language, framework, key })}`);

// Installation; its types are in installation.ts.
export const installation = (channel: string, days: number) => call<Installation>("GET", `/channels/${seg(channel)}/installation${query({ days: String(days) })}`);
export const watch = (channel: string, since?: string) => call<Watched>("GET", `/channels/${seg(channel)}/installation/watch${query({ since })}`);
export const preview = (channel: string, platform: Platform) => call<Preview>("GET", `/channels/${seg(channel)}/preview${query({ platform })}`);
export const ignoreDomain = (channel: string, origin: string, ignored: boolean) =>
  call<void>("PUT", `/channels/${seg(channel)}/installation/ignored`, { origin, ignored });

// Mail.
export const emailCode = (channel: string) => call<EmailCode>("GET", `/channels/${seg(channel)}/email-code`);
export const setEmailCode = (channel: string, allowed: boolean) => call<EmailCode>("PUT", `/channels/${seg(channel)}/email-code`, { allowed });
export const outbox = () => call<{ mail: EmailCode["mail"]; letters: Letter[] | null }>("GET", "/outbox");

// Team and audit.
export const agents = () => call<{ agents: Agent[] | null }>("GET", "/agents");
export const invite = (email: string, role: Role) => call<{ agent: Agent; link: string; until: string; mailed_to?: string }>("POST", "/agents", { email, role });
export const setRole = (id: string, role: Role) => call<void>("PATCH", `/agents/${seg(id)}`, { role });
export const removeAgent = (id: string) => call<void>("DELETE", `/agents/${seg(id)}`);
export const tokens = () => call<{ tokens: ApiToken[] | null }>("GET", "/tokens");
export interface NewToken {
  name: string;
  scopes: string[];
  expires_in_days?: number;
  reason?: string;
}
export const createToken = (token: NewToken) => call<{ token: ApiToken; secret: string }>("POST", "/tokens", token);
export const revokeToken = (id: string) => call<void>("DELETE", `/tokens/${seg(id)}`);
export const audit = (filter: Record<string, string | undefined>, signal?: AbortSignal) =>
  call<{ entries: AuditEntry[] | null; next?: string }>("GET", `/audit${query(filter)}`, undefined, signal);
export const auditStatus = (signal?: AbortSignal) => call<AuditStatus>("GET", "/audit/status", undefined, signal);
/** The address of a file: the browser itself fetches it, so that it need not fit into the page's memory. */
export const auditExport = (filter: Record<string, string | undefined>) => `/api/v1/console/audit/export${query(filter)}`;
