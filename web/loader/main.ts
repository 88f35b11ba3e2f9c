// The native loader: the core under our own global, Countersign, and no other.
//
// A page that calls before this script is there leaves its calls in a queue:
//
//	window.Countersign = window.Countersign || function () { (Countersign.q = Countersign.q || []).push(arguments) }
//	Countersign('init', { channel: 'shop' })
//
// or, without any script of its own (data-accent, data-theme and data-lang as well): <script async src="https://chat.example/v1.js" data-channel="shop"></script>
import { createMessenger, doc, guard, type Api } from "./core";

interface Page {
  Countersign?: Api;
}

guard(() => {
  // Not document's own property: an element of the page may bear its name.
  const script = Reflect.get(Document.prototype, "currentScript", doc) as HTMLScriptElement;
  const page = window as Page;
  const stub = page.Countersign;
  if (stub?.booted !== undefined) return; // a second copy of this script
  const api = (page.Countersign = createMessenger(new URL(script.src).origin));
  // A page may have kept the stub: what it queues from now on runs at once.
  api.q = { push: (call) => void api.apply(0, call as never) };
  for (const call of (stub?.q as unknown as ArrayLike<unknown>[]) ?? []) api.q.push(call);
  api("init", script.dataset); // data-channel and the other settings
});
