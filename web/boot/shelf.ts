// What the frame keeps in the browser, all of it under our own origin. Storage may be missing, full or forbidden: then a
// map in memory takes its place and lasts as long as the page.

const memory = new Map<string, string>();

function area(kind: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    return window[kind];
  } catch {
    return undefined; // reading the property alone throws where storage is forbidden
  }
}

export class Shelf {
  constructor(
    private readonly kind: "localStorage" | "sessionStorage",
    private readonly prefix: string,
  ) {}

  get<T>(name: string): T | undefined {
    const key = this.prefix + name;
    try {
      const text = memory.get(key) ?? area(this.kind)?.getItem(key);
      return text ? (JSON.parse(text) as T) : undefined;
    } catch {
      return undefined;
    }
  }

  // set with undefined removes.
  set(name: string, value: unknown): void {
    const key = this.prefix + name;
    memory.delete(key);
    try {
      const a = area(this.kind);
      if (value === undefined) a?.removeItem(key);
      else if (a) a.setItem(key, JSON.stringify(value));
      else memory.set(key, JSON.stringify(value));
    } catch {
      if (value !== undefined) memory.set(key, JSON.stringify(value));
    }
  }

  // clear removes everything under the prefix but the names given.
  clear(...keep: string[]): void {
    for (const name of this.names()) if (!keep.includes(name)) this.set(name, undefined);
  }

  moveTo(other: Shelf): void {
    for (const name of this.names()) {
      other.set(name, this.get(name));
      this.set(name, undefined);
    }
  }

  within(name: string): Shelf {
    return new Shelf(this.kind, `${this.prefix}${name}:`);
  }

  private names(): string[] {
    let stored: string[] = [];
    try {
      stored = Object.keys(area(this.kind) ?? {});
    } catch {
      // Forbidden storage holds nothing of ours.
    }
    const ours = [...memory.keys(), ...stored].filter((key) => key.startsWith(this.prefix));
    return ours.map((key) => key.slice(this.prefix.length));
  }
}
