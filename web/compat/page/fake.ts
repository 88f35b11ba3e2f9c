// A host page small enough for tests: what the loader's core touches of a document, and a frame that takes its port as ours
// does, notes what it is told and says what a test lets it say.
import type { Inward, Outward } from "../../protocol/bridge";

type Handler = (e: unknown) => void;

// Timers of pages that a test is done with must not keep a run waiting.
const { setTimeout: wait, setInterval: every } = globalThis;
Object.assign(globalThis, {
  setTimeout: (run: () => void, ms?: number) => wait(run, ms).unref(),
  setInterval: (run: () => void, ms?: number) => every(run, ms).unref(),
});
const ports: MessagePort[] = [];

export class FakeFrame {
  readonly told: Inward[] = [];
  onload: (() => void) | undefined;
  src = "";
  title = "";
  private port: MessagePort | undefined;
  readonly contentWindow = {
    postMessage: (_greeting: string, _origin: string, [port]: MessagePort[]) => {
      this.port = port;
      port!.onmessage = (m) => this.told.push(JSON.parse(m.data as string) as Inward);
      ports.push(port!);
      this.say({ type: "hello" });
    },
  };
  focus(): void {}

  say(m: Outward): void {
    this.port!.postMessage(JSON.stringify(m));
  }

  of<T extends Inward["type"]>(type: T): Extract<Inward, { type: T }>[] {
    return this.told.filter((m) => m.type === type) as Extract<Inward, { type: T }>[];
  }

  // claims are the assertions that came, in their order; null for a page that claims nobody.
  get claims(): (Record<string, unknown> | null | undefined)[] {
    return this.of("proof").map((m) => m.assertion);
  }
}

class FakeElement {
  [name: string]: unknown;
  children: FakeElement[] = [];
  style: Record<string, string> = {};
  constructor(
    readonly name: string,
    private readonly page: FakePage,
  ) {}
  appendChild<T extends FakeElement>(child: T): T {
    this.children.push(child);
    if (child.name === "script") this.page.scripts.push(child);
    return child;
  }
  attachShadow(): FakeElement {
    return new FakeElement("shadow", this.page);
  }
  querySelector(name: string): FakeElement | null {
    return this.children.find((child) => child.name === name) ?? null;
  }
  replaceChildren(frame: FakeFrame): void {
    this.page.frames.push(frame);
    setTimeout(() => frame.onload?.());
  }
  remove(): void {
    this.page.hosts = this.page.hosts.filter((h) => h !== this);
  }
}

// FakePage is the global page of a test run. begin makes it new.
export class FakePage {
  frames: FakeFrame[] = [];
  scripts: FakeElement[] = [];
  hosts: FakeElement[] = [];
  warned: string[] = [];
  storage: Record<string, string> = {};
  private handlers: [string, Handler][] = [];
  private script: unknown;

  constructor() {
    const running = () => this.script;
    class Document {
      get currentScript(): unknown {
        return running();
      }
    }
    const root = new FakeElement("html", this);
    root.appendChild = ((host: FakeElement) => (this.hosts.push(host), host)) as never;
    const document = Object.assign(new Document(), {
      documentElement: root,
      head: new FakeElement("head", this),
      readyState: "complete",
      createElement: (name: string) => (name === "iframe" ? new FakeFrame() : new FakeElement(name, this)),
    });
    Object.assign(globalThis, {
      window: globalThis,
      document,
      Document,
      location: { origin: "https://shop.example" },
      getComputedStyle: () => ({ direction: "ltr" }),
      requestIdleCallback: (run: () => void) => setTimeout(run),
      addEventListener: (name: string, handler: Handler) => this.handlers.push([name, handler]),
      CSSStyleSheet: class {
        replaceSync(): void {}
      },
      CSS: { supports: (_: string, value: unknown) => /^#/.test(value as string) },
      VENDOR: "intercom",
    });
    console.warn = (...words: unknown[]) => void this.warned.push(words.join(" "));
  }

  // begin is another page: with the globals given, and a script that came from src.
  begin(globals: Record<string, unknown>, src: string): void {
    Object.assign(this, { frames: [], scripts: [], hosts: [], warned: [], handlers: [] });
    for (const name of ["Intercom", "intercomSettings", "Pylon", "pylon", "Beacon", "Ensoras", "EnsorasQueue"]) delete (globalThis as Record<string, unknown>)[name];
    Object.assign(globalThis, globals, { localStorage: {}, sessionStorage: {} });
    const document = globalThis.document as unknown as Record<string | symbol, unknown>;
    for (const kept of Object.getOwnPropertySymbols(document)) delete document[kept];
    delete document.currentScript;
    this.script = { src, dataset: {} };
  }

  // clobber puts an element with a name where pages look for what is the document's own.
  clobber(name: string, element: object): void {
    Object.defineProperty(document, name, { configurable: true, value: element });
  }

  // close lets the run end.
  close(): void {
    for (const port of ports.splice(0)) port.close();
  }

  get frame(): FakeFrame {
    return this.frames.findLast((f) => !f.src.includes("?ping="))!;
  }

  click(matches: (selector: string) => boolean): { prevented: boolean } {
    const e = { prevented: false, preventDefault: () => (e.prevented = true), target: { closest: matches } };
    for (const [name, handler] of this.handlers) if (name === "click") handler(e);
    return e;
  }
}

// soon waits for what has nothing to wait for but turns of the loop.
export async function soon(what: string, holds: () => unknown): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (holds()) return;
    await new Promise((next) => wait(next, 5));
  }
  throw new Error(`never happened: ${what}`);
}
