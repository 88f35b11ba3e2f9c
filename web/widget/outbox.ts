// Messages on their way. Each has an id of its own that the server knows again, so a repeat is never a second message; the
// queue lies on the lane's shelf, survives a reload, and dies with the lane: unsent text never changes its author.
import { signal, type Signal } from "@preact/signals";
import type { Core } from "../boot/core";
import type { Conversation, FileFacts, Message } from "../protocol/wire";
import type { ApiError } from "../shared/api";
import { Backoff } from "../shared/backoff";

export interface Unsent {
  client_id: string;
  thread: string; // a conversation's id, or a local one for a conversation that this message begins
  text: string;
  files?: FileFacts[]; // handed in already
  at: string;
  state: "sending" | "waiting" | "failed";
}

const localThread = "new-";

export function isLocal(thread: string): boolean {
  return thread.startsWith(localThread);
}

export function newThread(): string {
  return localThread + randomId();
}

export interface OutboxOptions {
  core: Core;
  delivered: (m: Message) => void;
  began: (local: string, c: Conversation) => void; // a local thread has become a conversation
}

export class Outbox {
  readonly entries: Signal<Unsent[]> = signal([]);
  private lane: string | undefined;
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly backoff = new Backoff();

  constructor(private readonly o: OutboxOptions) {
    addEventListener("online", () => this.pump());
  }

  // enter takes up what the lane had left unsent.
  enter(lane: string | undefined): void {
    if (this.lane === lane && lane !== undefined) return this.pump();
    this.lane = lane;
    this.entries.value = (this.o.core.shelf().get<Unsent[]>("queue") ?? []).map((u) => (u.state === "failed" ? u : { ...u, state: "sending" }));
    this.backoff.reset();
    this.pump();
  }

  add(thread: string, text: string, files?: FileFacts[]): void {
    this.keep([...this.entries.value, { client_id: randomId(), thread, text, ...(files && { files }), at: new Date().toISOString(), state: "sending" }]);
    this.pump();
  }

  retry(id: string): void {
    this.backoff.reset();
    this.change(id, { state: "sending" });
    this.pump();
  }

  discard(id: string): void {
    this.keep(this.entries.value.filter((u) => u.client_id !== id));
  }

  // pump sends one after the other, so that messages arrive in the order in which they were written.
  private pump(): void {
    clearTimeout(this.timer);
    if (this.running) return;
    // What cannot be sent holds back what was written after it in the same thread, and nothing else.
    const stuck = new Set<string>();
    const next = this.entries.value.find((u) => {
      if (u.state === "failed") stuck.add(u.thread);
      return !stuck.has(u.thread);
    });
    if (!next) return;
    this.running = true;
    const { lane } = this;
    const again = () => {
      this.running = false;
      this.pump();
    };
    this.send(next).then(
      (message) => {
        this.backoff.reset();
        this.turnAll("waiting", "sending");
        if (message && this.stillIn(lane, next)) {
          this.o.delivered(message);
          this.discard(next.client_id);
        }
        again();
      },
      (failure: ApiError) => {
        if (!this.stillIn(lane, next)) return again();
        this.running = false;
        this.failed(next, failure);
      },
    );
  }

  private async send(u: Unsent): Promise<Message | undefined> {
    const { core } = this.o;
    await core.begin();
    if (!this.entries.value.includes(u) && !this.entries.value.some((v) => v.client_id === u.client_id)) return undefined;
    const body = { text: u.text, client_id: u.client_id, files: u.files?.map((f) => f.id) };
    if (!isLocal(u.thread)) return core.call<Message>("POST", `/conversations/${u.thread}/messages`, body);
    const begun = await core.call<Conversation>("POST", "/conversations", body);
    const { message, ...conversation } = begun;
    core.keep(conversation);
    this.keep(this.entries.value.map((v) => (v.thread === u.thread ? { ...v, thread: conversation.id } : v)));
    this.o.began(u.thread, conversation);
    return message;
  }

  private failed(u: Unsent, failure: ApiError): void {
    const soon = failure.worthRetrying || failure.code === "session_ended" || failure.code === "aborted";
    if (!soon) {
      this.change(u.client_id, { state: "failed" });
      return this.pump();
    }
    this.turnAll("sending", "waiting");
    // A session that ended is the core's to renew; the queue goes on when it is entered again.
    if (failure.code !== "session_ended") this.timer = setTimeout(() => this.pump(), Math.max(this.backoff.next(), failure.retryAfterSeconds * 1000));
  }

  // stillIn: the lane did not change under the request, and the message was not deleted.
  private stillIn(lane: string | undefined, u: Unsent): boolean {
    const known = this.entries.value.some((v) => v.client_id === u.client_id);
    return known && (this.lane === lane || lane === undefined);
  }

  private change(id: string, to: Partial<Unsent>): void {
    this.keep(this.entries.value.map((u) => (u.client_id === id ? { ...u, ...to } : u)));
  }

  private turnAll(from: Unsent["state"], to: Unsent["state"]): void {
    if (this.entries.value.some((u) => u.state === from)) this.keep(this.entries.value.map((u) => (u.state === from ? { ...u, state: to } : u)));
  }

  private keep(entries: Unsent[]): void {
    this.entries.value = entries;
    this.o.core.shelf().set("queue", entries.length ? entries : undefined);
  }
}

export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
