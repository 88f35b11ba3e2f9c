/** What was passed cannot be signed. */
export class InputError extends TypeError {}

export type Reason = 'proof_missing' | 'proof_malformed' | 'proof_mismatch' | 'token_expired' | 'token_early';

/** A request is not from Countersign, or not from now. */
export class Refused extends Error {
  readonly reason: Reason;
  constructor(reason: Reason, message: string);
}

export type HashDialect = 'native' | 'intercom' | 'helpscout' | 'pylon' | 'ensoras'
  | 'chatwoot' | 'crisp' | 'tawk' | 'front' | 'plain' | 'gleap' | 'novu' | 'featurebase';
export type JWTDialect = 'native-jwt' | 'intercom-jwt' | 'pylon-jwt' | 'zendesk-jwt' | 'freshchat-jwt';

/** The customer who is logged in. A number is an integer within 2^53-1. */
export interface Identity {
  userId?: string | number | bigint | null;
  email?: string | null;
}

/** The identity hash, 64 hexadecimal digits, over the one field that the key signs. */
export function userHash(secret: string, options: Identity & { dialect?: HashDialect }): string;

export interface V1Options extends Identity {
  /** The channel's id or slug. */
  channel: string;
  /** Seconds since 1970; absent: now. */
  now?: number;
}

/** A v1 token; it lives as long as the channel says. */
export function tokenV1(secret: string, options: V1Options): string;

export interface JWTOptions extends Identity {
  /** Absent: native-jwt. */
  dialect?: JWTDialect;
  /** The channel's id or slug; only native-jwt and pylon-jwt must name it. */
  channel?: string;
  /** Seconds; absent: 600. */
  life?: number;
  /** Name and attributes. */
  claims?: Record<string, string | number | boolean | null>;
  /** Seconds since 1970; absent: now. */
  now?: number;
}

/** A JSON Web Token, HS256. */
export function tokenJWT(secret: string, options: JWTOptions): string;

/** A fetch Headers, node's request.headers, or pairs. */
export type RequestHeaders = Iterable<readonly [string, string]> | Record<string, string | readonly string[] | undefined>;

/** Checks the Standard Webhooks headers over the raw body. secrets: as they are shown (whsec_…), several during a rotation. */
export function verifyWebhook(secrets: readonly string[], headers: RequestHeaders, body: Uint8Array | string, options?: { now?: number }): void;

/**
 * Checks the raw query of a frame's address (the text after ?) and answers with the signed parameters in their order; believe no others.
 * own: the parameters that your app's own address has, which are not signed.
 */
export function verifyQuery(secrets: readonly string[], query: string, options?: { own?: readonly string[]; now?: number }): [string, string][];

/** Checks the header X-HelpScout-Signature over the raw body. It has no time: check verifyWebhook too where its headers are there. */
export function verifyBody(secrets: readonly string[], headers: RequestHeaders, body: Uint8Array | string): void;
