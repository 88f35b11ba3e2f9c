// The frame's end of the bridge. A port is taken once, from the window that holds the frame and from an origin that the
// channel allows; everything that comes later, or from elsewhere, is not heard.
import { decode, encode, portGreeting, type Inward, type Outward } from "../protocol/bridge";

// allowedOrigins reads the list that the server wrote into the document, origins with blanks between; an empty list allows
// any page.
export function allowedOrigins(text: string | undefined): string[] | undefined {
  const list = (text ?? "").split(/\s+/).filter(Boolean);
  return list.length ? list : undefined;
}

export function mayEmbed(origin: string, allowed: string[] | undefined): boolean {
  if (!/^https?:\/\//.test(origin)) return false;
  return allowed === undefined || allowed.includes(origin);
}

export interface Bridge {
  send: (message: Outward) => void;
  origin: string; // of the host page
}

// awaitPort calls taken with the bridge; messages that arrive on it go to heard, one at a time and in order.
export function awaitPort(allowed: string[] | undefined, taken: (bridge: Bridge) => (message: Inward) => void): void {
  const listen = (e: MessageEvent): void => {
    const port = e.ports[0];
    if (e.source !== window.parent || window.parent === window || e.data !== portGreeting || !port) return;
    if (!mayEmbed(e.origin, allowed)) return;
    removeEventListener("message", listen);
    const send = (message: Outward): void => {
      const text = encode(message);
      if (text) port.postMessage(text);
    };
    const heard = taken({ send, origin: e.origin });
    port.onmessage = (m) => {
      const message = decode(m.data);
      if (message) heard(message as Inward);
    };
    send({ type: "hello" });
  };
  addEventListener("message", listen);
}
