// limited runs what somebody else wrote: it may throw, reject or never answer.
export function limited<T>(ms: number, run: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), ms);
    new Promise<T>((done) => done(run())).then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
