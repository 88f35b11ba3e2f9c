// What the bindings for React and Vue share: one messenger per page, whatever is mounted, unmounted or mounted twice.
import { Countersign, load } from './page.js';

const blank = Object.freeze({ ready: false, isOpen: false, unread: 0, identity: 'anonymous', error: undefined });
let state = blank;
let heard = false;
const watchers = new Set();

export const initial = () => blank;
export const current = () => state;

export function watch(changed) {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

function set(part) {
  state = Object.freeze({ ...state, ...part });
  for (const changed of [...watchers]) changed();
}

function listen() {
  if (heard) return;
  heard = true;
  Countersign('on', 'ready', () => set({ ready: true }));
  Countersign('on', 'open', () => set({ isOpen: true }));
  Countersign('on', 'close', () => set({ isOpen: false }));
  Countersign('on', 'unread', (unread) => set({ unread }));
  for (const identity of ['anonymous', 'claimed', 'verified', 'refused']) Countersign('on', identity, () => set({ identity }));
}

// start loads the messenger and gives it its settings; failed hears why it cannot be had.
export function start({ origin, nonce, timeout, trust, ...settings }, failed) {
  listen();
  Countersign('init', settings);
  return load({ origin, nonce, timeout, trust }).then(
    () => set({ error: undefined }),
    (error) => {
      set({ error });
      failed?.(error);
    },
  );
}

// The person that was last named to the messenger; it lives as long as the page, since the messenger does.
let named; // { key, identity, user }

// identify follows whoever is logged in. identity: undefined, not known yet; null, nobody; an object, or a function to ask, of
// which only a change of user makes another person, since a page makes a new function whenever it renders.
export function identify(identity, user) {
  if (identity === undefined) return;
  if (identity === null) return named && logout();
  const asks = typeof identity === 'function';
  const key = asks ? `user ${JSON.stringify(user ?? null)}` : JSON.stringify(identity);
  if (named?.key === key) {
    named.identity = identity;
    return;
  }
  // Who that is shows when the backend has answered: until then nothing of the one before is there.
  if (asks && (named?.user ?? null) !== null) logout();
  const person = { key, identity, user };
  named = person;
  Countersign('identify', asks ? () => person.identity() : identity);
}

// logout ends it for whoever is there, also for who proved an address in the messenger and was never named here.
function logout() {
  named = undefined;
  Countersign('logout');
}

let mounted = 0;

// hold counts what is mounted. Its end logs out if that is wanted and nothing was mounted again in the same breath, as React's strict mode does.
export function hold() {
  mounted++;
  return (logout) => {
    mounted--;
    if (logout) setTimeout(() => mounted === 0 && identify(null));
  };
}

export const messenger = Object.freeze({
  show: () => Countersign('show'),
  hide: () => Countersign('hide'),
  open: () => Countersign('open'),
  close: () => Countersign('close'),
  toggle: () => Countersign('toggle'),
  message: (text) => Countersign('message', text),
  logout,
  on: (event, call) => {
    Countersign('on', event, call);
    return () => Countersign('off', event, call);
  },
});
