/** What an attribute may be; anything else is dropped. */
export type Scalar = string | number | boolean | null;

/**
 * Who is logged in, with the proof that your backend made (`@countersign/sdk/server`). Every other member is an attribute of the
 * person, shown to your team as claimed.
 */
export interface Identity {
  /** A number is an integer within 2^53-1. */
  user_id?: string | number | undefined;
  email?: string | undefined;
  name?: string | undefined;
  /** userHash() or tokenV1() of your backend. */
  hash?: string | undefined;
  /** tokenJWT() of your backend. */
  jwt?: string | undefined;
  attributes?: Record<string, Scalar | undefined> | undefined;
  [attribute: string]: Scalar | undefined | Record<string, Scalar | undefined>;
}

/** Asked whenever a fresh proof is needed. null: nobody is logged in. */
export type IdentityProvider = () => Identity | null | PromiseLike<Identity | null>;
