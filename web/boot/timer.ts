// setTimer runs once, later. Waits of more than 24 days overflow the browser's timer; what waits so long is asked anew
// long before.
export function setTimer(ms: number, run: () => void): ReturnType<typeof setTimeout> {
  return setTimeout(run, Math.min(ms, 2 ** 31 - 1));
}
