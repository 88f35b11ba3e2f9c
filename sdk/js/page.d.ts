import type { Identity, IdentityProvider, Scalar } from './identity.js';

export type { Identity, IdentityProvider, Scalar };

export interface Settings {
  /** Slug or alias of the channel. The first one stays: init with another is ignored. */
  channel: string;
  /** #rrggbb; the channel's own, if it has one, goes before. */
  accent?: string;
  theme?: 'light' | 'dark' | 'auto';
  /** Absent: the page's. */
  lang?: string;
  dir?: 'ltr' | 'rtl';
  /** Named in the messenger as having confirmed who its visitor is. */
  site?: string;
  /** false: no button; open the messenger by the command. */
  launcher?: boolean;
  zIndex?: number;
  /** Distance of the launcher from the edges, in px. */
  horizontal?: number;
  vertical?: number;
  labels?: { open?: string; close?: string; title?: string; unread?: string };
}

/** What each event hands to its callback. */
export interface Events {
  ready: undefined;
  open: undefined;
  close: undefined;
  /** How many messages wait to be read. */
  unread: number;
  /** The four ways in which the visitor can stand; each is told when it begins. */
  anonymous: undefined;
  claimed: undefined;
  verified: undefined;
  refused: undefined;
  /** The session ends soon. An identity given as a function is asked by itself; otherwise call identify with a fresh proof. */
  identityExpiring: undefined;
  /** The session is over, and no fresh proof came. */
  identityEnded: undefined;
}

export type IdentityState = 'anonymous' | 'claimed' | 'verified' | 'refused';

export interface Info {
  /** Whether the launcher is there. */
  booted: boolean;
  channel: string | undefined;
  open: boolean;
  unread: number;
  identity: IdentityState;
}

type Callback<E extends keyof Events> = (value: Events[E]) => void;

/** The global of the page. Calls made before the script is there wait in a queue; where there is no window, they do nothing. */
export interface Command {
  (command: 'init', settings: Settings): void;
  /** Says who is logged in, or where to ask for it. A function is asked again whenever a fresh proof is needed. null is logout. */
  (command: 'identify', identity: Identity | IdentityProvider | null): void;
  (command: 'logout' | 'open' | 'close' | 'toggle' | 'show' | 'hide'): void;
  <E extends keyof Events>(command: 'on' | 'once', event: E, call: Callback<E>): void;
  /** Without a callback: all of that event's. */
  <E extends keyof Events>(command: 'off', event: E, call?: Callback<E>): void;
  /** Opens the messenger with this text in its composer. Only the visitor sends. */
  (command: 'message', text: string): void;
  /** Nothing until the script is there. */
  (command: 'info'): Info | undefined;
}

export const Countersign: Command;

export interface Source {
  /** Where Countersign answers: https://chat.example.com */
  origin: string;
  /** Of the page's content security policy. */
  nonce?: string | undefined;
  /** After so many milliseconds without the script load() gives up; absent: 20,000. */
  timeout?: number | undefined;
  /** Makes a TrustedScriptURL, where the policy asks for trusted types. */
  trust?: ((url: string) => unknown) | undefined;
}

/**
 * Loads <origin>/v1.js, once however often it is called. Rejects with a LoadError if the script cannot be had (blocked, offline): a later
 * call tries again, and what was queued meanwhile is kept. Without a window it resolves and does nothing.
 */
export function load(source: Source): Promise<void>;

export class LoadError extends Error {
  readonly code: 'script_failed' | 'script_timeout';
}

declare global {
  interface Window {
    Countersign?: Command;
  }
}
