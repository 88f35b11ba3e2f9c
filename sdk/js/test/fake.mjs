// A server that says whatever a test wants it to: fetch without a network; and a client of it.
import { mock } from 'node:test';
import { createClient } from '@countersign/sdk/headless';

export const lane = (name) => `lane_${name}`;

export function facts(over = {}) {
  return {
    session: `ses_${Math.random()}`, session_id: 'ses_1', tier: 'verified', method: 'hmac', expires_at: new Date(Date.now() + 600_000).toISOString(),
    lane: lane('ada'), visitor: 'v', notice: '', seq: 0, ...over,
  };
}

export const message = (seq, over = {}) => ({
  id: `msg_${seq}`, conversation_id: 'cnv_1', seq, author: { kind: 'agent', name: 'Grace' }, text: `text ${seq}`, client_id: '', tier: 'verified', at: new Date(0).toISOString(), ...over,
});

export const json = (value, status = 200, headers = {}) =>
  new Response(status === 204 ? null : JSON.stringify(value), { status, headers: { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers } });

export const problem = (code, status) => json({ code, status }, status);

// fake answers by "METHOD /path" below the API's base; a route is a function of the body and the request. Streams stay open.
export function fake(routes = {}) {
  const calls = [];
  const streams = [];
  const fallback = {
    'POST /sessions': () => json(facts(), 201),
    'GET /sessions/current': () => json({ ...facts(), session: undefined }),
    'DELETE /sessions/current': () => json(undefined, 204),
    'GET /conversations': () => json({ conversations: [] }),
    'POST /ping': () => json(undefined, 204),
    'GET /stream': (_, init) => {
      let out;
      const body = new ReadableStream({ start: (c) => (out = c) });
      const write = (text) => out.enqueue(new TextEncoder().encode(text));
      init.signal?.addEventListener('abort', () => {
        stream.aborted = true;
        try {
          out.error(new Error('aborted'));
        } catch {
          // closed already
        }
      });
      const stream = { aborted: false, write, end: () => out.close(), event: (kind, data, seq) => write(`${seq ? `id: ${seq}\n` : ''}event: ${kind}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`) };
      streams.push(stream);
      write(': open\n\n');
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    },
  };
  const send = async (url, init = {}) => {
    const { pathname, search } = new URL(url);
    const path = pathname.replace('/api/v1/widget', '');
    const name = `${init.method ?? 'GET'} ${path}`;
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : init.body;
    calls.push({ name, search, body, bearer: new Headers(init.headers).get('Authorization'), redirect: init.redirect, credentials: init.credentials });
    const answer = routes[name] ?? fallback[name];
    if (!answer) throw new TypeError(`no route ${name}`);
    return answer(body, init, calls.filter((c) => c.name === name).length);
  };
  return { fetch: send, calls, streams, count: (name) => calls.filter((c) => c.name === name).length, last: (name) => calls.findLast((c) => c.name === name) };
}

// turns lets everything run that waits for no clock.
export async function turns(n = 5) {
  for (let i = 0; i < n; i++) await new Promise((next) => setImmediate(next));
}

export const store = () => ({ get: () => undefined, set: () => undefined, remove: () => undefined });
export const ada = { user_id: 'ada', hash: 'aa' };
export const bob = { user_id: 'bob', hash: 'bb' };

export function client(t, server, options = {}) {
  const c = createClient({ url: 'https://chat.example.com/', channel: 'shop', platform: 'ios', fetch: server.fetch, identity: ada, ...options });
  t.after(() => c.close());
  return c;
}

export function heard(c, event) {
  const list = [];
  c.on(event, (value) => list.push(value));
  return list;
}

export function clock(t) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 });
  t.after(() => mock.timers.reset());
  return async (ms) => {
    mock.timers.tick(ms);
    await turns();
  };
}
