// Files that somebody adds to a message: each goes up by itself, two at a time, waits out a lost connection, and says how
// far it is. The message is theirs to send once all of them are there.
import { signal, type Signal } from "@preact/signals";
import type { FileFacts } from "../protocol/wire";
import { ApiError } from "./api";
import { Backoff } from "./backoff";
import type { Upload } from "./upload";

export const maxFiles = 10; // of one message

export interface Item {
  key: number;
  name: string;
  size: number;
  state: "coming" | "waiting" | "failed" | "there";
  part: number; // of it that has gone up, 0 to 1
  code: string; // why it failed, or what it waits for
  facts?: FileFacts;
  preview?: string | undefined; // address of the picture as it lies here
}

export interface IntakeOptions {
  limit: () => number; // bytes of one file
  send: (file: File, progress: (part: number) => void) => Promise<Upload<FileFacts>>;
  // The session was over: resolves to whether another one is there, so that it may be tried again.
  renewed: () => Promise<boolean>;
}

const atOnce = 2;

export class Intake {
  readonly items: Signal<Item[]> = signal([]);
  readonly over = signal(false); // more were added than a message carries
  private readonly files = new Map<number, File>();
  private readonly running = new Map<number, () => void>();
  private readonly backoff = new Backoff();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next = 1;
  private readonly online = () => this.again();

  constructor(private readonly o: IntakeOptions) {
    addEventListener("online", this.online);
  }

  // ready is what the message may carry; undefined while something is on its way.
  ready(): FileFacts[] | undefined {
    const items = this.items.value;
    if (items.some((i) => i.state === "coming" || i.state === "waiting")) return undefined;
    return items.flatMap((i) => (i.facts ? [i.facts] : []));
  }

  // resume takes up what was handed in before, as after a reload.
  resume(list: FileFacts[]): void {
    if (list.length) this.put(list.map((facts) => ({ key: this.next++, name: facts.name, size: facts.size, state: "there", part: 1, code: "", facts })));
  }

  add(list: Iterable<File>): void {
    const items = [...this.items.value];
    this.over.value = false;
    for (const file of list) {
      if (items.filter((i) => i.state !== "failed").length >= maxFiles) {
        this.over.value = true;
        break;
      }
      const code = file.size > this.o.limit() ? "file_too_large" : file.size ? "" : "empty";
      const item: Item = { key: this.next++, name: file.name || "file", size: file.size, state: code ? "failed" : "coming", part: 0, code };
      if (!code) this.files.set(item.key, file);
      if (!code && /^image\/(jpeg|png|gif|webp)$/.test(file.type)) item.preview = URL.createObjectURL(file);
      items.push(item);
    }
    this.put(items);
    this.pump();
  }

  retry(key: number): void {
    this.change(key, { state: "coming", part: 0, code: "" });
    this.pump();
  }

  remove(key: number): void {
    this.forget(key);
    this.over.value = false;
    this.put(this.items.value.filter((i) => i.key !== key));
    this.pump();
  }

  // clear lets go of everything: it was sent, or its owner has gone.
  clear(): void {
    for (const i of this.items.value) this.forget(i.key);
    this.over.value = false;
    this.items.value = [];
  }

  close(): void {
    removeEventListener("online", this.online);
    clearTimeout(this.timer);
    this.clear();
  }

  private forget(key: number): void {
    this.running.get(key)?.();
    this.running.delete(key);
    this.files.delete(key);
    const { preview } = this.items.value.find((i) => i.key === key) ?? {};
    if (preview) URL.revokeObjectURL(preview);
  }

  private again(): void {
    clearTimeout(this.timer);
    this.put(this.items.value.map((i) => (i.state === "waiting" ? { ...i, state: "coming", code: "" } : i)));
    this.pump();
  }

  private pump(): void {
    for (const i of this.items.value) {
      if (this.running.size >= atOnce) return;
      const file = this.files.get(i.key);
      if (i.state === "coming" && file && !this.running.has(i.key)) this.run(i.key, file);
    }
  }

  private run(key: number, file: File, repeated = false): void {
    let stopped = false;
    this.running.set(key, () => (stopped = true));
    const going = this.o.send(file, (part) => stopped || this.change(key, { part }));
    going
      .then((u) => {
        if (stopped) u.stop();
        this.running.set(key, () => ((stopped = true), u.stop()));
        return u.done;
      })
      .then(
        (facts) => {
          if (stopped) return;
          this.backoff.reset();
          this.running.delete(key);
          this.change(key, { state: "there", part: 1, facts, name: facts.name, size: facts.size });
          this.pump();
        },
        async (e: unknown) => {
          if (stopped) return;
          const failure = e instanceof ApiError ? e : new ApiError({ code: "internal" });
          const again = failure.code === "session_ended" && !repeated && (await this.o.renewed());
          if (stopped) return;
          if (again) return this.run(key, file, true);
          this.running.delete(key);
          this.failed(key, failure);
        },
      );
  }

  private failed(key: number, failure: ApiError): void {
    if (failure.worthRetrying && failure.code !== "storage_full" && failure.code !== "too_many") {
      this.change(key, { state: "waiting", part: 0, code: failure.code });
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.again(), Math.max(this.backoff.next(), failure.retryAfterSeconds * 1000));
    } else {
      this.change(key, { state: "failed", part: 0, code: failure.code });
      this.pump();
    }
  }

  private change(key: number, to: Partial<Item>): void {
    this.put(this.items.value.map((i) => (i.key === key ? { ...i, ...to } : i)));
  }

  private put(items: Item[]): void {
    this.items.value = items;
  }
}
