import type { ApiError } from "../../../web/shared/api";
import type { Backoff } from "../../../web/shared/backoff";

const longestPauseMs = 3_600_000;

// pause is how long to wait after a failure: as long as the server asks for, within reason. What a timer cannot hold it
// runs at once.
export function pause(backoff: Backoff, { retryAfterSeconds }: ApiError): number {
  return Math.min(Math.max(backoff.next(), retryAfterSeconds * 1000), longestPauseMs);
}

// limited runs what somebody else wrote: it may throw, reject or never answer.
export function limited<T>(ms: number, run: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), ms);
    new Promise<T>((done) => done(run())).then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
