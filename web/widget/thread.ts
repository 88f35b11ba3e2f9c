// One conversation as it is read: a window of messages that grows at both ends.
import { signal, type Signal } from "@preact/signals";
import type { Core } from "../boot/core";
import type { Message, MessagePage, Typing } from "../protocol/wire";
import type { ApiError } from "../shared/api";
import type { StreamEvent } from "../shared/stream";

const page = 30;
const typingMs = 6000;

export class Thread {
  readonly messages: Signal<Message[]> = signal([]); // oldest first
  readonly more = signal(false); // there are older ones
  readonly loading = signal(false);
  readonly loaded = signal(false);
  readonly error: Signal<ApiError | undefined> = signal(undefined);
  readonly typing: Signal<string | undefined> = signal(undefined); // who writes; empty: the team
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private readUpTo: number;

  constructor(
    readonly id: string,
    private readonly core: Core,
  ) {
    this.readUpTo = core.state.threads?.get(id)?.visitor_read ?? 0;
  }

  // load fetches the newest page, or the one before the oldest message that is here.
  async load(): Promise<void> {
    if (this.loading.value) return;
    this.loading.value = true;
    this.error.value = undefined;
    const oldest = this.loaded.value ? this.messages.value[0]?.seq : undefined;
    try {
      const query = oldest ? `?before=${oldest}&limit=${page}` : `?limit=${page}`;
      const got = await this.core.call<MessagePage>("GET", `/conversations/${this.id}/messages${query}`);
      this.messages.value = joined(this.messages.value, got.messages ?? []);
      this.more.value = got.more;
      this.loaded.value = true;
    } catch (failure) {
      this.error.value = failure as ApiError;
    } finally {
      this.loading.value = false;
    }
  }

  // begun: the conversation was made here and now, so there is nothing to fetch.
  begun(): void {
    this.loaded.value = true;
  }

  put(m: Message): void {
    this.messages.value = joined(this.messages.value, [m]);
    if (m.author.kind !== "visitor") this.typing.value = undefined;
  }

  hear(e: StreamEvent): void {
    if (e.kind === "message.created") {
      const m = e.data as Message;
      if (m.conversation_id === this.id) this.put({ ...m, seq: e.seq ?? m.seq });
    }
    if (e.kind === "typing") {
      const t = e.data as Typing;
      if (t.conversation_id === this.id && t.author.kind !== "visitor") this.writes(t.author.name ?? "");
    }
  }

  // read tells the server how far the visitor has looked, once for each step.
  async read(seq: number): Promise<void> {
    if (seq <= this.readUpTo) return;
    const before = this.readUpTo;
    this.readUpTo = seq;
    try {
      await this.core.call("POST", `/conversations/${this.id}/read`, { seq });
    } catch {
      this.readUpTo = before; // said again with the next look
    }
  }

  private writes(name: string): void {
    this.typing.value = name;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => (this.typing.value = undefined), typingMs);
  }
}

// joined holds each message once, in the order of the log.
export function joined(a: Message[], b: Message[]): Message[] {
  const byId = new Map(a.map((m) => [m.id, m]));
  for (const m of b) byId.set(m.id, m);
  return [...byId.values()].sort((x, y) => x.seq - y.seq);
}
