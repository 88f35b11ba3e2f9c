// Calls and streams over whatever network a phone has. An answer is bounded in size, and no redirect is followed: a session
// goes to the server that was named, and nowhere else.
import { Stream, type StreamOptions } from "../../../web/shared/stream";

const largestAnswer = 8 << 20;
const largestEvent = 1 << 20;

// bounded reads at most so much of an answer, for its JSON.
export function bounded(send: typeof fetch): typeof fetch {
  return async (url, init) => {
    const answer = await send(url, { ...init, redirect: "error" });
    const { status, ok, headers } = answer;
    return { status, ok, headers, json: async () => JSON.parse(await textOf(answer)) as unknown } as Response;
  };
}

async function textOf(answer: Response): Promise<string> {
  const reader = answer.body?.getReader?.();
  if (!reader) return within(await answer.text(), largestAnswer);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > largestAnswer) {
      void reader.cancel().catch(() => undefined);
      throw new RangeError("the answer is too large");
    }
  }
}

function within(text: string, most: number): string {
  if (text.length > most) throw new RangeError("the answer is too large");
  return text;
}

export interface LiveOptions extends StreamOptions {
  send: typeof fetch;
  xhr: boolean;
}

// Live is the stream without a window.
export class Live extends Stream {
  constructor(private readonly live: LiveOptions) {
    super(live);
  }

  protected override open(url: string, request: RequestInit): Promise<Response> {
    return this.live.xhr ? openByXhr(url, request) : this.live.send(url, { ...request, redirect: "error" });
  }

  protected override decoder(): Pick<TextDecoder, "decode"> {
    const decoder = this.live.xhr ? { decode: String } : new TextDecoder();
    let open = 0; // characters of an event that has not ended
    return {
      decode: (value, options) => {
        const text = decoder.decode(value, options);
        const end = Math.max(text.lastIndexOf("\n\n"), text.lastIndexOf("\n\r\n"));
        open = end < 0 ? open + text.length : text.length - end;
        if (open > largestEvent) throw new RangeError("the event is too large");
        return text;
      },
    };
  }

  // listen: a phone says by wake() what a window says by events.
  protected override listen(): void {}

  // again reads on over a new connection: the old one may have died in the sleep.
  renew(): void {
    this.stop();
    this.start();
  }
}

// openByXhr is for React Native, whose fetch hands out nothing before the end. What it read stays in its memory, so it
// ends after so much, and the stream goes on over another.
function openByXhr(url: string, { headers, signal }: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    let taken = 0;
    let over = false;
    let wake = (): void => undefined;
    const ended = (): void => {
      over = true;
      reject(new TypeError("the stream was not opened"));
      wake();
    };
    const read = async (): Promise<{ done: boolean; value?: string }> => {
      for (;;) {
        const { length } = x.responseText;
        if (length > taken) {
          const value = x.responseText.slice(taken);
          taken = length;
          return { done: false, value };
        }
        if (over || taken > largestAnswer) {
          x.abort();
          return { done: true };
        }
        await new Promise<void>((more) => (wake = more));
      }
    };
    x.open("GET", url);
    for (const [name, value] of Object.entries(headers as Record<string, string>)) x.setRequestHeader(name, value);
    x.onreadystatechange = () => {
      if (x.readyState > 1 && x.status) resolve({ status: x.status, ok: x.status === 200, body: { getReader: () => ({ read }) } } as unknown as Response);
      wake();
    };
    x.onprogress = () => wake();
    x.onload = x.onerror = x.onabort = x.ontimeout = ended;
    signal?.addEventListener("abort", () => x.abort());
    x.send();
  });
}
