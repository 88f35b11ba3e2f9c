// The wire format of server-sent events, cut out of the chunks in which a response arrives. Lines end with \n, as our
// server writes them; \r before it is dropped, since a proxy may have added it.

export interface ServerEvent {
  id?: string;
  event: string;
  data: string;
}

export class EventParser {
  private rest = "";
  private id: string | undefined;
  private event = "";
  private data: string[] = [];

  // push returns the events that the chunk completed. A comment completes nothing: it only shows that somebody is there.
  push(chunk: string): ServerEvent[] {
    const done: ServerEvent[] = [];
    const lines = (this.rest + chunk).split("\n");
    this.rest = lines.pop()!;
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") this.finish(done);
      else this.field(line);
    }
    return done;
  }

  private field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") this.id = value;
    else if (name === "event") this.event = value;
    else if (name === "data") this.data.push(value);
  }

  private finish(done: ServerEvent[]): void {
    if (this.data.length) {
      const e: ServerEvent = { event: this.event || "message", data: this.data.join("\n") };
      if (this.id !== undefined) e.id = this.id;
      done.push(e);
    }
    this.id = undefined;
    this.event = "";
    this.data = [];
  }
}
