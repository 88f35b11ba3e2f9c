// The way between the messenger and the app around its web view: three kinds of it, each with its own end in the page.
// Whoever opened this page in an ordinary browser has none of them, and no page can make one.
import { writeShell, type ToShell } from "../protocol/shell";

interface Port {
  postMessage: (text: string) => void;
  onmessage?: unknown;
}

interface Holder {
  webkit?: { messageHandlers?: { countersign?: Port } };
  CountersignAndroid?: Port;
  ReactNativeWebView?: Port;
  CountersignShell?: { receive: (text: unknown) => boolean };
}

export interface Shell {
  send: (message: ToShell) => void;
  // listen gives the app its way in. What it calls answers whether it was one of our messages.
  listen: (heard: (text: unknown) => boolean) => void;
}

export function findShell(view: unknown): Shell | undefined {
  const holder = view as Holder;
  const port = holder.webkit?.messageHandlers?.countersign ?? holder.CountersignAndroid ?? holder.ReactNativeWebView;
  if (typeof port?.postMessage !== "function") return undefined;
  return {
    send: (message) => {
      const text = writeShell(message);
      // As a method of the port: a function of a native object is none without it.
      if (text) port.postMessage(text);
    },
    listen: (heard) => {
      holder.CountersignShell = Object.freeze({ receive: heard });
      try {
        if (port === holder.CountersignAndroid) port.onmessage = (e: MessageEvent) => void heard(e.data);
      } catch {
        // An object of addJavascriptInterface may refuse properties; its app calls receive.
      }
    },
  };
}
