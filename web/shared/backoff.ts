// Backoff doubles from one second to half a minute, with jitter, so that a thousand clients of a node that died do not
// return in the same instant.
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs = 1000,
    private readonly mostMs = 30_000,
    private readonly random: () => number = Math.random,
  ) {}

  // next is the wait before the next attempt, between half and the whole of what the failures so far have earned.
  next(): number {
    const full = Math.min(this.mostMs, this.firstMs * 2 ** this.failures++);
    return full / 2 + (full / 2) * this.random();
  }

  reset(): void {
    this.failures = 0;
  }
}
