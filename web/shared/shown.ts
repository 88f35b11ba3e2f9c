// Bytes that a page shows under an address of its own. The address holds them in memory until it is taken back: so it is
// when whoever looks at them leaves, and where they come only after that there never is one.
import { signal } from "@preact/signals";

export class Shown {
  readonly url = signal(""); // empty until they are there
  readonly failed = signal(false);
  private left = false;

  constructor(private readonly load: () => Promise<Blob>) {}

  get(): void {
    this.failed.value = false;
    this.load().then(
      (bytes) => !this.left && (this.url.value = URL.createObjectURL(bytes)),
      () => (this.failed.value = true),
    );
  }

  leave(): void {
    this.left = true;
    if (this.url.value) URL.revokeObjectURL(this.url.value);
  }
}
