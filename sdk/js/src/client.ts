// The messenger without a face: what an app calls, and what it is told.
import type { Link, StreamEvent } from "../../../web/shared/stream";
import { apply, merge, type Threads, unreadOf } from "../../../web/boot/threads";
import type { Attachment, Client, Conversation, Events, File, Identity, IdentityProvider, Message, Options, State, Unsent } from "../headless.js";
import { newLocal, Queue } from "./queue";
import { base, Session } from "./session";
import { changeOf, conversationOf, type Facts, fileOf, known, list, members, messageOf, readOf, sure, typingOf } from "./shapes";
import { bounded, Live } from "./transport";
import { Vault } from "./vault";

// What a stream may tell before the list is there that it changes.
const mostEarly = 1000;

export class Headless implements Client {
  private readonly o: Options & { fetching: typeof fetch; send: typeof fetch };
  private readonly vault: Vault;
  private readonly session: Session;
  private readonly queue: Queue;
  private readonly calls = new Map<string, Set<(value: never) => void>>(); // :: event → callbacks
  private threads: Threads | undefined;
  private early: StreamEvent[] = [];
  private unread = 0;
  private seq = 0;
  private reading = false; // the list of conversations is on its way
  private stream: Live | undefined;

  constructor(options: Options) {
    const url = options.url.replace(/\/+$/, "");
    if (!/^https?:\/\/[^/?#@\s]+$/i.test(url)) throw new TypeError("url is an origin, such as https://chat.example.com");
    if (!options.channel) throw new TypeError("channel is missing");
    const fetching = options.fetch ?? ((...call: Parameters<typeof fetch>) => fetch(...call));
    const native = typeof navigator !== "undefined" && (navigator as { product?: string }).product === "ReactNative";
    // React Native's own fetch hands out nothing of an answer before its end.
    const stream = options.stream ?? (native && !options.fetch ? "xhr" : "fetch");
    this.o = { ...options, url, stream, fetching, send: bounded(fetching) };
    this.vault = new Vault(options.storage, `countersign:${options.channel}`);
    this.session = new Session(this.o, this.vault, {
      changed: (state) => this.emit("state", state),
      adopted: (facts, same) => this.adopted(facts, same),
      paused: () => this.pause(),
      dropped: (everything) => this.dropped(everything),
      denied: (failure) => this.queue.deny(failure),
      expiring: () => this.emit("identityExpiring", undefined),
      ended: () => this.emit("identityEnded", undefined),
    });
    this.queue = new Queue(this.session, this.vault, {
      changed: () => this.emit("queue", this.unsent),
      began: (c) => this.keep(c),
      failed: (message, error) => this.emit("failed", { message, error }),
      upload: (file) => this.upload(file),
    });
    void this.queue.restore();
  }

  get state(): State {
    return this.session.state;
  }

  get unsent(): Unsent[] {
    return this.queue.unsent;
  }

  connect(): Promise<State> {
    return this.session.connect();
  }

  identify(identity: Identity | IdentityProvider | null): Promise<State> {
    return this.session.identify(identity);
  }

  async conversations({ cursor }: { cursor?: string } = {}): Promise<{ conversations: Conversation[]; next?: string }> {
    if ((await this.session.settled()).phase === "idle") return { conversations: [] };
    const page = members(await this.session.call("GET", `/conversations${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`));
    const conversations = list(page.conversations, conversationOf);
    if (!cursor) this.listed(conversations);
    return { conversations, ...(typeof page.next === "string" && page.next ? { next: page.next } : {}) };
  }

  async conversation(id: string): Promise<Conversation> {
    return sure(conversationOf(await this.session.call("GET", `/conversations/${known(id)}`)));
  }

  async messages(id: string, { before, limit }: { before?: number; limit?: number } = {}): Promise<{ messages: Message[]; more: boolean }> {
    const query = [before ? `before=${Number(before)}` : "", limit ? `limit=${Number(limit)}` : ""].filter(Boolean).join("&");
    const page = members(await this.session.call("GET", `/conversations/${known(id)}/messages${query && `?${query}`}`));
    return { messages: list(page.messages, (m) => messageOf(m)), more: page.more === true };
  }

  newConversation(): string {
    return newLocal();
  }

  async send(text: string, { conversation, files = [] }: { conversation?: string; files?: readonly (string | Attachment)[] } = {}): Promise<Message> {
    const { phase } = this.state;
    if (phase === "closed" || (phase === "refused" && this.session.claims === "nobody")) throw this.session.reason();
    return this.queue.add(text, conversation ?? newLocal(), [...files]);
  }

  discard(clientId: string): void {
    this.queue.discard(clientId);
  }

  async upload(file: Attachment): Promise<File> {
    const form = new FormData();
    const named = file as { name?: string; data?: BlobPart; type?: string; uri?: string };
    if (named.data !== undefined) form.append("file", new Blob([named.data], named.type ? { type: named.type } : {}), named.name ?? "file");
    else if (named.uri !== undefined) form.append("file", file as Blob); // React Native's own
    else form.append("file", file as Blob, named.name ?? "file");
    await this.session.begin();
    return sure(fileOf(await this.session.call("POST", "/files", form)));
  }

  async fileLink(id: string): Promise<{ url: string; expires_at: string }> {
    const { url, expires_at } = members(await this.session.call("POST", `/files/${known(id)}/link`, {}));
    const full = typeof url === "string" && url.startsWith("/") ? this.o.url + url : url;
    return { url: sure(typeof full === "string" && /^https?:\/\//i.test(full) ? full : undefined), expires_at: String(expires_at) };
  }

  async markRead(conversation: string, seq = this.threads?.get(conversation)?.seq): Promise<void> {
    const upTo = seq ?? (await this.conversation(conversation)).seq;
    await this.session.call("POST", `/conversations/${known(conversation)}/read`, { seq: upTo });
    this.change({ kind: "read.moved", data: { conversation_id: conversation, side: "visitor", seq: upTo } });
  }

  async typing(conversation: string): Promise<void> {
    await this.session.call("POST", `/conversations/${known(conversation)}/typing`, {});
  }

  on<E extends keyof Events>(event: E, call: (value: Events[E]) => void): () => void {
    const calls = this.calls.get(event) ?? new Set();
    this.calls.set(event, calls.add(call));
    return () => calls.delete(call);
  }

  wake(): void {
    this.session.wake();
    this.stream?.renew();
    this.queue.pump();
  }

  logout(): Promise<void> {
    return this.session.logout();
  }

  close(): void {
    this.session.close();
    this.queue.stop();
    this.vault.close();
  }

  // The person of the session.

  private adopted(facts: Facts, same: boolean): void {
    if (!same) {
      this.forget();
      this.seq = facts.seq;
    }
    this.listen();
    this.queue.enter(facts.lane);
    if (!this.threads || facts.claimed) this.read();
  }

  private read(): void {
    if (this.reading) return;
    this.reading = true;
    const done = () => void (this.reading = false);
    this.conversations().then(done, done);
  }

  private dropped(everything: boolean): void {
    this.forget();
    this.queue.leave(everything);
  }

  private forget(): void {
    this.threads = undefined;
    this.early = [];
    this.seq = 0;
    this.count();
  }

  private pause(): void {
    this.stream?.stop();
    this.stream = undefined;
  }

  // The stream.

  private listen(): void {
    this.pause();
    const { token, lane } = this.session;
    const { fetching, url } = this.o;
    const stream: Live = new Live({
      send: fetching,
      xhr: this.o.stream === "xhr",
      url: (after) => `${url}${base}/stream?after=${after}`,
      headers: () => ({ Authorization: `Bearer ${token}` }),
      after: this.seq,
      // What is under way when the person goes is not told any more.
      onEvent: (e) => stream === this.stream && lane === this.session.lane && this.heard(e),
      onLink: (link: Link) => stream === this.stream && this.linked(link),
      onEnd: () => void this.session.lost(token!),
    });
    this.stream = stream;
    stream.start();
  }

  private linked(link: Link): void {
    this.emit("stream", link);
    if (link === "live" && !this.threads) this.read();
  }

  private heard(e: StreamEvent): void {
    if (e.seq !== undefined) this.seq = Math.max(this.seq, e.seq);
    const told = this.shape(e);
    if (!told) return;
    if (this.threads) this.change(told);
    else if (this.early.length < mostEarly) this.early.push(told);
    if (told.kind === "message.created") this.emit("message", told.data as Message);
    else if (told.kind === "read.moved") this.emit("read", told.data as Events["read"]);
    else if (told.kind === "typing") this.emit("typing", told.data as Events["typing"]);
  }

  // shape is the event as it can be believed, or nothing.
  private shape({ kind, data, seq }: StreamEvent): StreamEvent | undefined {
    if (typeof kind !== "string") return undefined;
    const believed = kind.startsWith("conversation.")
      ? changeOf(data)
      : kind === "message.created"
        ? messageOf(data, seq)
        : kind === "read.moved"
          ? readOf(data)
          : kind === "typing"
            ? typingOf(data)
            : undefined;
    return believed && { kind, data: believed, ...(seq === undefined ? {} : { seq }) };
  }

  private change(e: StreamEvent): void {
    const before = this.threads;
    if (!before) return;
    this.threads = apply(before as never, e);
    if (this.threads === before) return;
    for (const [id, c] of this.threads) if (before.get(id) !== c) this.emit("conversation", c as Conversation);
    this.count();
  }

  private listed(conversations: Conversation[]): void {
    this.threads = merge(this.threads ?? new Map(), conversations as never);
    for (const e of this.early.splice(0)) this.threads = apply(this.threads, e);
    this.count();
  }

  private keep(c: Conversation): void {
    this.threads = merge(this.threads ?? new Map(), [c as never]);
    this.emit("conversation", c);
    this.count();
  }

  private count(): void {
    const now = this.threads ? unreadOf(this.threads) : 0;
    if (now !== this.unread) this.emit("unread", (this.unread = now));
  }

  private emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const call of [...(this.calls.get(event) ?? [])]) {
      try {
        (call as (value: Events[E]) => void)(value);
      } catch (thrown) {
        console.error(thrown); // the app's own mistake stops nothing of ours
      }
    }
  }
}
