// The messenger in a page, typed. Importing this touches nothing: no window is needed, and nothing is loaded until load().

export class LoadError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'LoadError';
    this.code = code;
  }
}

const hasWindow = () => typeof window !== 'undefined' && typeof document !== 'undefined';

// stub is the three-line queue that every page may have; the script takes over what lies in it.
function stub() {
  // An element of that id would have the name, too.
  if (typeof window.Countersign !== 'function') {
    window.Countersign = function () {
      (window.Countersign.q = window.Countersign.q || []).push(arguments);
    };
  }
  return window.Countersign;
}

export function Countersign(...call) {
  if (hasWindow()) return stub()(...call);
}

let loading; // { origin, done }

export async function load({ origin, nonce, timeout = 20_000, trust = (url) => url }) {
  if (!hasWindow()) return;
  const at = originOf(origin);
  // A snippet in the page, or another copy of this module, was faster.
  if (stub().booted !== undefined) return;
  if (loading && loading.origin !== at) throw new TypeError(`Countersign is loaded from ${loading.origin}`);
  loading ??= { origin: at, done: fetchScript(`${at}/v1.js`, nonce, timeout, trust) };
  loading.done.catch(() => (loading = undefined)); // the next call tries again
  return loading.done;
}

function fetchScript(url, nonce, timeout, trust) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const fail = (code, message) => {
      clearTimeout(timer);
      script.remove();
      reject(new LoadError(code, message));
    };
    const timer = setTimeout(fail, timeout, 'script_timeout', `${url} did not answer in time`);
    script.onload = () => {
      clearTimeout(timer);
      // A proxy's page, or another script under this address.
      if (window.Countersign.booted === undefined) return fail('script_failed', `${url} is not Countersign`);
      resolve();
    };
    script.onerror = () => fail('script_failed', `${url} could not be loaded`);
    script.async = true;
    if (nonce) script.nonce = nonce;
    try {
      script.src = trust(url);
      document.head.append(script);
    } catch (refused) {
      fail('script_failed', String(refused));
    }
  });
}

// originOf refuses what would make a script of something else than an address.
function originOf(text) {
  const { protocol, origin } = new URL(text);
  if (!/^https?:$/.test(protocol)) throw new TypeError('origin is an http(s) address');
  return origin;
}
