// Every call that the console makes, once, by name. Pages never spell a path.

import { call } from "./http";
import type { Installation, Preview, Warning, Watched } from "./installation";
import type {
  Agent, ApiToken, Appearance, AuditEntry, Channel, Contact, Counts, EmailCode, Enforcement, Key, Letter, LinkFacts, Login, Me, Message,
  Platform, Role, Row, Signs, Status, Tier,
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
export const signIn = (email: string, password: string) => call<Me>("POST", "/sign-in", { email, password });
export const signOut = () => call<void>("POST", "/sign-out", {});
export const confirm = (password: string) => call<void>("POST", "/confirm", { password });
export const checkLink = (token: string) => call<LinkFacts>("POST", "/setup/check", { token });
export const useLink = (token: string, name: string, password: string, email?: string) =>
  call<Me>("POST", "/setup", { token, name, password, ...(email ? { email } : {}) });
export const logins = () => call<{ logins: Login[] }>("GET", "/logins");
export const endLogin = (id: string) => call<void>("DELETE", `/logins/${seg(id)}`);

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
export const endSessions = (id: string) => call<void>("DELETE", `/contacts/${seg(id)}/sessions`);
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
export interface ChannelSettings {
  name: string;
  appearance: Appearance;
  origins: string[];
  minimum_tier: Tier;
}
/** What of a channel a change of one part must say again. */
export const settingsOf = (channel: Channel): ChannelSettings => ({
  name: channel.name || channel.slug, appearance: channel.appearance, origins: channel.origins ?? [], minimum_tier: channel.minimum_tier || "anonymous",
});
export const updateChannel = (id: string, settings: ChannelSettings) => call<Channel>("PUT", `/channels/${seg(id)}`, settings);
export const setEnforcement = (id: string, platform: Platform, enforcement: Enforcement) =>
  call<{ ended: number; warnings?: Warning[] }>("PUT", `/channels/${seg(id)}/enforcement`, { platform, enforcement });
export const keys = (channel: string) => call<{ keys: Key[] | null }>("GET", `/channels/${seg(channel)}/keys`);
export interface NewKey {
  name: string;
  dialect: string;
  signs: Signs;
  platforms: Platform[];
  secret?: string;
  insist?: boolean;
}
export const createKey = (channel: string, key: NewKey) => call<{ key: Key; secret?: string }>("POST", `/channels/${seg(channel)}/keys`, key);
export const rotateKey = (id: string, overlapHours: number) =>
  call<{ key: Key; secret: string }>("POST", `/keys/${seg(id)}/rotate`, { overlap_hours: overlapHours });
export const finishKey = (id: string) => call<{ sessions_ended: number }>("POST", `/keys/${seg(id)}/finish`, {});
export const revokeKey = (id: string, compromisedSince?: string) =>
  call<{ sessions_ended: number }>("POST", `/keys/${seg(id)}/revoke`, compromisedSince ? { compromised_since: compromisedSince } : {});

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

// Installation; its types are in installation.ts.
export const installation = (channel: string, days: number) => call<Installation>("GET", `/channels/${seg(channel)}/installation${query({ days: String(days) })}`);
export const watch = (channel: string, since?: string) => call<Watched>("GET", `/channels/${seg(channel)}/installation/watch${query({ since })}`);
export const preview = (channel: string, platform: Platform) => call<Preview>("GET", `/channels/${seg(channel)}/preview${query({ platform })}`);
export const ignoreDomain = (channel: string, origin: string, ignored: boolean) =>
  call<void>("PUT", `/channels/${seg(channel)}/installation/ignored`, { origin, ignored });

// Team and audit.
export const agents = () => call<{ agents: Agent[] | null }>("GET", "/agents");
export const invite = (email: string, role: Role) => call<{ agent: Agent; link: string; mailed_to?: string }>("POST", "/agents", { email, role });
export const setRole = (id: string, role: Role) => call<void>("PATCH", `/agents/${seg(id)}`, { role });
export const removeAgent = (id: string) => call<void>("DELETE", `/agents/${seg(id)}`);
export const tokens = () => call<{ tokens: ApiToken[] | null }>("GET", "/tokens");
export const createToken = (name: string, scopes: string[]) => call<{ token: ApiToken; secret: string }>("POST", "/tokens", { name, scopes });
export const revokeToken = (id: string) => call<void>("DELETE", `/tokens/${seg(id)}`);
export const audit = (filter: { action?: string; channel?: string; cursor?: string }, signal?: AbortSignal) =>
  call<{ entries: AuditEntry[] | null; next?: string }>("GET", `/audit${query(filter)}`, undefined, signal);
