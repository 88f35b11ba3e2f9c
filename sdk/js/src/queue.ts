// Messages on their way. Each has an id of its own that the server knows again, so a repeat is never a second message. They
// go out one after the other in each conversation. Each is marked with its author: whoever the session is for when it
// opens, what others wrote is dropped and never sent.
import { ApiError } from "../../../web/shared/api";
import { Backoff } from "../../../web/shared/backoff";
import type { Attachment, Conversation, File, Message, Unsent } from "../headless.js";
import { pause } from "./limited";
import type { Session } from "./session";
import { conversationOf, known, members, messageOf, sure } from "./shapes";
import type { Entry, Vault } from "./vault";

interface Waiting extends Omit<Entry, "files"> {
  author: string; // a lane, or the session's mark while the lane is not known
  restored?: boolean; // from before the process started: whose it is shows with the next session
  files: (string | Attachment)[];
}

interface Awaited {
  resolve: (message: Message) => void;
  reject: (failure: ApiError) => void;
}

export interface QueueHooks {
  changed(): void;
  began(conversation: Conversation): void;
  failed(entry: Unsent, failure: ApiError): void;
  upload(file: Attachment): Promise<File>;
}

const localPrefix = "new-";
// What the app, another call or the next session may still put right.
const passing = new Set(["session_ended", "overtaken", "aborted", "closed"]);

export class Queue {
  private entries: Waiting[] = [];
  private readonly awaited = new Map<string, Awaited>(); // :: client id → who waits for it
  private readonly begun = new Map<string, string>(); // :: local name → conversation
  private readonly busy = new Set<string>(); // conversations with a message under way
  private timer: ReturnType<typeof setTimeout> | undefined;
  private loaded = false;
  private readonly backoff = new Backoff();

  constructor(
    private readonly session: Session,
    private readonly vault: Vault,
    private readonly hooks: QueueHooks,
  ) {}

  // restore takes up what was left before the process started.
  async restore(): Promise<void> {
    await this.vault.load();
    const left = (this.vault.kept.queue ?? []).map((e) => ({ ...e, author: e.lane ?? `by ${e.by}`, restored: true }));
    this.loaded = true;
    this.keep([...left, ...this.entries]);
  }

  // mine lists what the present author has not sent: nobody sees what another wrote.
  get mine(): Waiting[] {
    const { author, lane, person } = this.session;
    return this.entries.filter((e) => e.author === author || (lane !== undefined && e.author === lane) || e.author === `?${person}`);
  }

  get unsent(): Unsent[] {
    return this.mine.map(shown);
  }

  add(text: string, conversation: string, files: (string | Attachment)[]): Promise<Message> {
    if (!isLocal(conversation)) known(conversation);
    const { author, claims } = this.session;
    const entry: Waiting = { client_id: randomId(), conversation: this.begun.get(conversation) ?? conversation, text, at: new Date().toISOString(), files, author };
    if (claims !== undefined) entry.by = claims;
    const sent = new Promise<Message>((resolve, reject) => this.awaited.set(entry.client_id, { resolve, reject }));
    this.keep([...this.entries, entry]);
    void this.session.begin().then(() => this.pump());
    return sent;
  }

  // enter is called when a session has opened: what its person wrote goes out, anything else goes.
  enter(lane: string): void {
    const { person, claims } = this.session;
    const own = (e: Waiting): boolean => e.author === lane || e.author === `?${person}` || (claims !== undefined && e.author === `by ${claims}`);
    this.drop(this.entries.filter((e) => !own(e)));
    for (const e of this.entries) Object.assign(e, { author: lane, restored: false });
    this.keep(this.entries);
    this.backoff.reset();
    this.pump();
  }

  // leave drops what the person wrote who is gone; what whoever comes next has written stays.
  leave(everything: boolean): void {
    const next = `?${this.session.person}`;
    this.drop(this.entries.filter((e) => e.author !== next && (everything || !e.restored)));
  }

  // deny: whoever wrote this may not come in without saying who they are.
  deny(failure: ApiError): void {
    for (const e of this.mine) this.refused(e, failure);
  }

  discard(id: string): void {
    this.drop(this.mine.filter((e) => e.client_id === id));
  }

  stop(): void {
    clearTimeout(this.timer);
    for (const id of [...this.awaited.keys()]) this.reject(id, new ApiError({ code: "closed" }));
  }

  pump(): void {
    clearTimeout(this.timer);
    if (this.session.state.phase !== "open") return;
    for (const e of this.mine) {
      if (this.busy.has(e.conversation)) continue;
      this.busy.add(e.conversation);
      void this.run(e);
    }
  }

  private async run(e: Waiting): Promise<void> {
    const thread = e.conversation;
    try {
      const message = await this.send(e);
      this.backoff.reset();
      this.awaited.get(e.client_id)?.resolve(message);
      this.awaited.delete(e.client_id);
      this.keep(this.entries.filter((x) => x.client_id !== e.client_id));
    } catch (thrown) {
      const failure = thrown instanceof ApiError ? thrown : new ApiError({ code: "request_invalid", detail: String(thrown) });
      if (failure.worthRetrying || passing.has(failure.code)) {
        this.busy.delete(thread);
        clearTimeout(this.timer);
        if (this.session.closed) return;
        this.timer = setTimeout(() => this.pump(), pause(this.backoff, failure));
        return;
      }
      this.refused(e, failure);
    }
    this.busy.delete(thread);
    this.pump();
  }

  private async send(e: Waiting): Promise<Message> {
    const files: string[] = [];
    for (const file of e.files) {
      const id = typeof file === "string" ? file : (await this.hooks.upload(file)).id;
      files.push(id);
      // Not sent again after a cut.
      e.files = e.files.map((f) => (f === file ? id : f));
      this.keep(this.entries);
    }
    this.alive(e);
    const body = { text: e.text, client_id: e.client_id, ...(files.length ? { files } : {}) };
    if (!isLocal(e.conversation)) return this.message(await this.session.call("POST", `/conversations/${known(e.conversation)}/messages`, body));
    const answer = await this.session.call("POST", "/conversations", body);
    const conversation = sure(conversationOf(answer));
    const message = this.message(members(answer).message);
    this.begun.set(e.conversation, conversation.id);
    const local = e.conversation;
    for (const x of this.entries) if (x.conversation === local) x.conversation = conversation.id;
    this.hooks.began(conversation);
    return message;
  }

  private message(value: unknown): Message {
    return sure(messageOf(value));
  }

  // alive: the message was not taken back, nor its author replaced, while its files went up.
  private alive(e: Waiting): void {
    if (!this.mine.some((x) => x.client_id === e.client_id)) throw new ApiError({ code: "discarded" });
  }

  private refused(e: Waiting, failure: ApiError): void {
    if (!this.entries.some((x) => x.client_id === e.client_id)) return;
    this.keep(this.entries.filter((x) => x.client_id !== e.client_id));
    this.reject(e.client_id, failure);
    this.hooks.failed(shown(e), failure);
  }

  private drop(gone: Waiting[]): void {
    const ids = new Set(gone.map((e) => e.client_id));
    this.keep(this.entries.filter((e) => !ids.has(e.client_id)));
    for (const id of ids) this.reject(id, new ApiError({ code: "discarded" }));
  }

  private reject(id: string, failure: ApiError): void {
    this.awaited.get(id)?.reject(failure);
    this.awaited.delete(id);
  }

  private keep(entries: Waiting[]): void {
    this.entries = entries;
    const queue = entries.flatMap(durable);
    if (this.loaded) this.vault.change({ queue: queue.length ? queue : undefined });
    this.hooks.changed();
  }
}

// durable is what may lie in a storage: text whose author will be known again, with files that have gone up.
function durable({ author, files, restored: _, ...e }: Waiting): Entry[] {
  const lane = author.startsWith("?") || author.startsWith("by ") ? undefined : author;
  if ((lane === undefined && e.by === undefined) || files.some((f) => typeof f !== "string")) return [];
  return [{ ...e, files: files as string[], ...(lane === undefined ? {} : { lane }) }];
}

function shown(e: Waiting): Unsent {
  return { client_id: e.client_id, conversation: e.conversation, text: e.text, at: e.at, files: e.files.length };
}

export function isLocal(conversation: string): boolean {
  return conversation.startsWith(localPrefix);
}

export function newLocal(): string {
  return localPrefix + randomId();
}

// randomId names a message, and opens nothing: a phone without a secure generator may name messages too.
function randomId(): string {
  const bytes = new Uint8Array(16);
  if (typeof crypto !== "undefined") crypto.getRandomValues(bytes);
  else bytes.forEach((_, i) => (bytes[i] = Math.random() * 256));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
