// Ensoras: window.Ensoras(command, ...), served as /cdn/v1/widget/{slug}.js. Calls made before this script came lie in
// window.EnsorasQueue as arguments objects. A page that identifies nobody has an anonymous visitor.
import { createMessenger, guard, type Api } from "../loader/core";

type Call = ArrayLike<unknown>;

interface Page {
  Ensoras?: Api;
  EnsorasQueue?: ArrayLike<Call> | { push: (call: Call) => void };
}

guard(() => {
  const { src } = document.currentScript as HTMLScriptElement;
  const page = window as Page;
  if (page.Ensoras?.booted !== undefined) return; // a second copy of this script
  const chat = createMessenger(new URL(src).origin);
  const commands: Record<string, (...args: never[]) => unknown> = Object.assign(Object.create(null), {
    identify: (person: unknown) => chat("identify", person),
    open: () => chat("open"),
    close: () => chat("close"),
    logout: () => chat("logout"),
  });
  const api: Api = (command, ...args) => guard(() => commands[command]?.(...(args as never[])));
  api.booted = true;
  const queued = page.EnsorasQueue as ArrayLike<Call> | undefined;
  const push = (call: Call): void => void api.apply(0, call as never);
  page.Ensoras = api;
  page.EnsorasQueue = { push };
  const channel = /\/([^/]+?)(\.js)?$/.exec(new URL(src).pathname)?.[1];
  chat("init", { channel, dialect: "ensoras" });
  for (const call of Array.from(queued ?? [])) push(call);
});
