// What is kept between starts, as one text under one key: the visitor's own secret, whether they wrote as nobody in
// particular, and what is unsent with the lane it belongs to. A session's token is never in it. A storage that fails, hangs
// or holds nonsense is an empty one; what is kept then lasts as long as the process.
import type { Storage } from "../headless.js";
import { limited } from "./limited";
import { list, members } from "./shapes";

const patienceMs = 3000;

export interface Entry {
  client_id: string;
  conversation: string;
  text: string;
  at: string;
  files: string[];
  lane?: string;
  by?: string; // whom the author claimed to be, where there was no lane yet
}

export interface Kept {
  visitor?: string | undefined;
  guest?: boolean | undefined;
  pinged?: number | undefined; // ms
  queue?: Entry[] | undefined;
}

export class Vault {
  kept: Kept = {};
  private cleared = false;
  private closed = false;
  private loading: Promise<void> | undefined;
  private writing: Promise<unknown> | undefined;
  private dirty = false;

  constructor(
    private readonly storage: Storage | undefined,
    private readonly key: string,
  ) {}

  load(): Promise<void> {
    return (this.loading ??= this.read());
  }

  private async read(): Promise<void> {
    const { storage, key } = this;
    if (!storage) return;
    const text = await limited(patienceMs, () => storage.get(key)).catch(() => undefined);
    if (!this.cleared) this.kept = { ...keptOf(text), ...this.kept };
  }

  // close: another client may have the storage from now on. What was changed before is still written.
  close(): void {
    this.closed = true;
  }

  change(part: Kept): void {
    if (this.closed) return;
    this.kept = { ...this.kept, ...part };
    this.save();
  }

  clear(): void {
    this.cleared = true;
    this.kept = {};
    this.save();
  }

  // save writes the newest state after the write that is under way, so that an older one never comes last.
  private save(): void {
    this.dirty = true;
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  private async write(): Promise<void> {
    const { storage, key } = this;
    await this.load();
    while (this.dirty) {
      this.dirty = false;
      const text = JSON.stringify(this.kept);
      try {
        await (text === "{}" ? storage?.remove(key) : storage?.set(key, text));
      } catch {
        // full or forbidden
      }
    }
  }
}

function keptOf(text: unknown): Kept {
  try {
    const { visitor, guest, pinged, queue } = members(JSON.parse(String(text)));
    return {
      ...(typeof visitor === "string" ? { visitor } : {}),
      ...(guest === true ? { guest } : {}),
      ...(typeof pinged === "number" ? { pinged } : {}),
      queue: list(queue, entryOf),
    };
  } catch {
    return {};
  }
}

function entryOf(value: unknown): Entry | undefined {
  const { client_id, conversation, text, at, files, lane, by } = members(value);
  if (![client_id, conversation, text, at].every((member) => typeof member === "string")) return undefined;
  const entry: Entry = { client_id, conversation, text, at, files: list(files, (f) => (typeof f === "string" ? f : undefined)) } as Entry;
  if (typeof lane === "string") entry.lane = lane;
  if (typeof by === "string") entry.by = by;
  return entry;
}
