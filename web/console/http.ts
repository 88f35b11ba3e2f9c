// The console's one way to its API: same origin, cookie session. An answer that
// says the session is gone signs the person out, wherever it came from.

import { ApiError, client } from "../shared/api";

export { ApiError };

const raw = client({ base: "/api/v1/console" });
let onEnded: () => void = () => undefined;
let onForbidden: () => void = () => undefined;

/** `ended`: this browser is signed in no more. `forbidden`: the role is not what it was. */
export function whenRightsChange(ended: () => void, forbidden: () => void): void {
  onEnded = ended;
  onForbidden = forbidden;
}

/** Calls that ask for a session, rather than use one: their 401 is an answer. */
const openDoors = new Set(["/sign-in", "/sign-in/second", "/sign-in/passkey", "/sign-in/passkey/begin", "/setup", "/setup/check", "/me"]);

export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  try {
    return await raw<T>(method, path, body, { signal });
  } catch (failure) {
    if (failure instanceof ApiError && !openDoors.has(path)) {
      if (failure.status === 401) onEnded();
      if (failure.code === "forbidden" || failure.code === "second_factor_required") onForbidden();
    }
    throw failure;
  }
}

export function problemOf(failure: unknown): ApiError {
  return failure instanceof ApiError ? failure : new ApiError({ code: "internal", detail: String(failure) });
}
