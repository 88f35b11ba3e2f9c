import type { Identity, IdentityProvider, Scalar } from './identity.js';

export type { Identity, IdentityProvider, Scalar };

/** What the client keeps between starts. Give it the phone's protected storage: the anonymous visitor's secret lies in it. */
export interface Storage {
  get(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  set(key: string, value: string): unknown;
  remove(key: string): unknown;
}

export interface Options {
  /** Where the server answers: https://chat.example.com */
  url: string;
  /** Slug or alias of the channel. */
  channel: string;
  platform: 'web' | 'ios' | 'android';
  /** Of your app: up to 32 of letters, digits and . _ + -, shown to your operators. */
  version?: string | undefined;
  /** Absent or null: nobody is logged in. */
  identity?: Identity | IdentityProvider | null | undefined;
  /** Absent: memory, which ends with the process. One client at a time on one storage. */
  storage?: Storage | undefined;
  fetch?: typeof fetch | undefined;
  /** The page's origin, where there is one: a hint for your operators. */
  origin?: string | undefined;
  /** How the live stream is read. Absent: xhr in React Native unless a fetch is given, else fetch. */
  stream?: 'fetch' | 'xhr' | undefined;
}

/**
 * - `new`: connect() was not called yet.
 * - `connecting`: a session is on its way.
 * - `open`: there is a session.
 * - `idle`: nobody is logged in, and nobody has written yet; the first message opens an anonymous session.
 * - `offline`: nothing answered, or the identity provider failed; tried again by itself.
 * - `refused`: the server does not take the proof, or there is no such channel. identify() or connect() tries again.
 * - `ended`: the session ended and no fresh proof came. identify() or connect() goes on.
 * - `closed`: close() was called.
 */
export type Phase = 'new' | 'connecting' | 'open' | 'idle' | 'offline' | 'refused' | 'ended' | 'closed';

export type Tier = 'anonymous' | 'claimed' | 'verified';

export interface State {
  readonly phase: Phase;
  /** Absent without a session. */
  readonly tier?: Tier;
  /** By what the identity was proved: jwt, v1, hmac, … */
  readonly method?: string;
  /** To greet by. */
  readonly name?: string;
  /** RFC 3339, by the server's clock. */
  readonly expiresAt?: string;
  /** Why offline, refused or ended. */
  readonly error?: Problem;
}

export interface File {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size: number;
  readonly width?: number;
  readonly height?: number;
}

export interface Message {
  readonly id: string;
  readonly conversation_id: string;
  /** Grows within a conversation and over all of them. */
  readonly seq: number;
  readonly author: { readonly kind: 'visitor' | 'agent' | 'bot' | 'system'; readonly name?: string };
  readonly text: string;
  /** Chosen by the sender. */
  readonly client_id: string;
  readonly tier: Tier;
  /** RFC 3339. */
  readonly at: string;
  readonly files?: readonly File[];
}

export interface Conversation {
  readonly id: string;
  readonly status: string;
  readonly created_at: string;
  readonly last_at: string;
  /** Of the last message, cut short. */
  readonly preview: string;
  readonly last_author: 'visitor' | 'agent' | 'system';
  /** Messages of the team that the visitor has not read. */
  readonly unread: number;
  /** Of the last message. */
  readonly seq: number;
  readonly agents_read: number;
  readonly visitor_read: number;
  readonly assignee?: { readonly name: string };
}

/** A message on its way. */
export interface Unsent {
  readonly client_id: string;
  /** A conversation's id, or what newConversation() answered. */
  readonly conversation: string;
  readonly text: string;
  /** RFC 3339: when send() was called. */
  readonly at: string;
  /** How many files go with it. */
  readonly files: number;
}

/** A Blob or File, bytes with their name, or what a picker of React Native hands out. */
export type Attachment = Blob | { name: string; data: Blob | ArrayBuffer | ArrayBufferView | string; type?: string } | { name: string; uri: string; type?: string };

export interface Events {
  state: State;
  /** Every message of this visitor's conversations, once, in order, their own included. */
  message: Message;
  /** A conversation as it now is. */
  conversation: Conversation;
  /** A read mark moved. */
  read: { readonly conversation_id: string; readonly side: 'visitor' | 'agent'; readonly seq: number };
  typing: { readonly conversation_id: string; readonly author: { readonly kind: string; readonly name?: string } };
  /** Over all conversations of the first page. */
  unread: number;
  /** What waits to be sent, whenever it changed. */
  queue: readonly Unsent[];
  /** A message of the queue was refused for good and is out of it: also one from before a restart, whose send() nobody awaits. */
  failed: { readonly message: Unsent; readonly error: Problem };
  /** The session ends soon: a provider is asked by itself, a fixed identity may be renewed by identify(). */
  identityExpiring: undefined;
  /** The session is over, and no fresh proof came. */
  identityEnded: undefined;
  /** The live stream. */
  stream: 'connecting' | 'live' | 'lost';
}

/**
 * What can go wrong. `code` is the server's (https://<server>/api/docs lists them), or one of ours: `offline` (nothing answered),
 * `not_ours` (another server answered, or nonsense), `overtaken` (identify() or logout() was called meanwhile), `discarded` (its author is
 * gone), `closed`, `proof_missing` (the identity provider failed).
 */
export interface Problem extends Error {
  readonly code: string;
  readonly detail: string;
  /** 0 when nothing answered. */
  readonly status: number;
  readonly requestId: string;
  readonly retryAfterSeconds: number;
  readonly worthRetrying: boolean;
}

export interface Client {
  readonly state: State;
  /** Messages that wait to be sent, oldest first. */
  readonly unsent: readonly Unsent[];
  /** Opens the session and the stream. Resolves with what came of it, offline included; calls made meanwhile wait for it. */
  connect(): Promise<State>;
  /** Somebody else is logged in, or has a fresh proof. What another person left here is gone at once. */
  identify(identity: Identity | IdentityProvider | null): Promise<State>;
  /** Newest first. */
  conversations(options?: { cursor?: string }): Promise<{ conversations: Conversation[]; next?: string }>;
  conversation(id: string): Promise<Conversation>;
  /** A page of up to 100, oldest first; before: the seq of the oldest one that you have. */
  messages(conversation: string, options?: { before?: number; limit?: number }): Promise<{ messages: Message[]; more: boolean }>;
  /** A name for a conversation that begins with the next message, so that two messages written offline are one conversation. */
  newConversation(): string;
  /**
   * Resolves when the server has the message, be it tomorrow. Order is kept within a conversation; a repeat is never a second message.
   * Without a conversation a new one begins. files: ids that upload() answered with, or what upload() takes; the latter are kept over
   * a restart only once they are uploaded.
   */
  send(text: string, options?: { conversation?: string; files?: readonly (string | Attachment)[] }): Promise<Message>;
  /** Takes a message out of the queue: its send() is rejected with `discarded`. */
  discard(clientId: string): void;
  /** The file belongs to this visitor, and to one message that is sent later. */
  upload(file: Attachment): Promise<File>;
  /** An address that gives the file to whoever asks within the next minute. */
  fileLink(id: string): Promise<{ url: string; expires_at: string }>;
  /** seq absent: up to the newest message known here. */
  markRead(conversation: string, seq?: number): Promise<void>;
  /** Say that the visitor is writing: every few seconds while they do. */
  typing(conversation: string): Promise<void>;
  /** What is thrown by a callback is reported to the console and stops nothing. Returns the end of it. */
  on<E extends keyof Events>(event: E, call: (value: Events[E]) => void): () => void;
  /** Call when the app comes to the front: looks at session, stream and queue at once. */
  wake(): void;
  /**
   * Ends every session of this person on this device and forgets all of it here at once. Resolves when the server has heard of it;
   * tried again while the process lives.
   */
  logout(): Promise<void>;
  /** Ends stream and timers. What is unsent stays in the storage for the same person's next start; send() is rejected with `closed`. */
  close(): void;
}

export function createClient(options: Options): Client;
