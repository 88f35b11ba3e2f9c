import type { Events, Identity, IdentityProvider, IdentityState, Settings, Source } from './page.js';

export type Binding = Source & Settings;

export interface Who {
  /**
   * Who is logged in: undefined while that is not known, null for nobody, an identity with its proof, or a function that asks your
   * backend for one. When it becomes null the visitor is logged out.
   */
  identity?: Identity | IdentityProvider | null | undefined;
  /** Whom the function asks for: another value is another person. An identity that is an object says so itself. */
  user?: string | number | null | undefined;
  /** Log the visitor out when this goes away. Absent: a page that navigates keeps the conversation. */
  logoutOnUnmount?: boolean;
}

export interface BindingState {
  /** Whether the launcher is there. */
  readonly ready: boolean;
  readonly isOpen: boolean;
  /** How many messages wait to be read. */
  readonly unread: number;
  readonly identity: IdentityState;
  /** Why the script could not be loaded. */
  readonly error: Error | undefined;
}

export interface Messenger {
  open(): void;
  close(): void;
  toggle(): void;
  /** The launcher. */
  show(): void;
  hide(): void;
  /** Opens the messenger with this text in its composer. Only the visitor sends. */
  message(text: string): void;
  logout(): void;
  /** Returns the end of it. */
  on<E extends keyof Events>(event: E, call: (value: Events[E]) => void): () => void;
}
