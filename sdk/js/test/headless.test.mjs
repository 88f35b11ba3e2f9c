// The headless client, a clock that is turned by hand, and an app that changes its mind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { ada, bob, client, clock, facts, fake, heard, json, lane, message, problem, store, turns } from './fake.mjs';

test('it stays small', () => {
  const size = brotliCompressSync(readFileSync(new URL('../headless.js', import.meta.url))).length;
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, said] = /([\d.]+) KB after brotli/.exec(readme);
  assert.ok(size <= said * 1000 && size > said * 1000 - 500, `headless.js has ${size} bytes after brotli, the README says ${said} KB`);
});

// Time.

test('the provider is asked sixty seconds before the end, and its answer goes on without a gap', async (t) => {
  const tick = clock(t);
  let asked = 0;
  const server = fake({ 'GET /sessions/current': () => json({ ...facts(), expires_at: ends }) });
  const ends = new Date(Date.now() + 600_000).toISOString();
  const c = client(t, server, { identity: () => ((asked += 1), { ...ada, hash: `${asked}` }) });
  const expiring = heard(c, 'identityExpiring');
  const phases = heard(c, 'state');
  await c.connect();
  await tick(539_000);
  assert.equal(asked, 1);
  await tick(1_000);
  assert.equal(asked, 2);
  assert.equal(expiring.length, 1);
  assert.equal(server.last('POST /sessions').body.assertion.hash, '2');
  assert.ok(server.last('POST /sessions').body.replaces);
  assert.deepEqual([...new Set(phases.map((s) => s.phase))], ['connecting', 'open']);
});

test('a session that lives on by use is not asked a proof for', async (t) => {
  const tick = clock(t);
  let asked = 0;
  const server = fake();
  const c = client(t, server, { identity: () => ((asked += 1), ada) });
  await c.connect();
  for (let i = 0; i < 20; i++) await tick(300_000);
  assert.equal(asked, 1);
  assert.equal(c.state.phase, 'open');
});

test('a fixed token cannot renew itself: the app is told in time, and again at the end', async (t) => {
  const tick = clock(t);
  const ends = new Date(Date.now() + 600_000).toISOString();
  const server = fake({ 'POST /sessions': () => json(facts({ expires_at: ends }), 201), 'GET /sessions/current': () => json(facts({ expires_at: ends })) });
  const c = client(t, server, { identity: { jwt: 'a.b.c' } });
  const expiring = heard(c, 'identityExpiring');
  const ended = heard(c, 'identityEnded');
  await c.connect();
  await tick(541_000);
  assert.deepEqual([expiring.length, ended.length, c.state.phase], [1, 0, 'open']);
  await tick(60_000);
  assert.deepEqual([ended.length, c.state.phase, server.count('POST /sessions')], [1, 'ended', 1]);
});

test('a provider that fails while the session stands is asked again, and the session goes on until its end', async (t) => {
  const tick = clock(t);
  const ends = new Date(Date.now() + 600_000).toISOString();
  let fails = false;
  let asked = 0;
  const server = fake({ 'GET /sessions/current': () => json(facts({ expires_at: ends })) });
  const c = client(t, server, {
    identity: () => {
      asked++;
      if (fails) throw new Error('the backend is down');
      return ada;
    },
  });
  await c.connect();
  fails = true;
  await tick(541_000);
  assert.equal(c.state.phase, 'open');
  await tick(5_000);
  assert.ok(asked > 2 && c.state.phase === 'open');
  fails = false;
  await tick(30_000);
  assert.equal(server.count('POST /sessions'), 2);
  assert.equal(c.state.phase, 'open');
});

test('a provider that never answers holds nobody for ever', async (t) => {
  const tick = clock(t);
  const c = client(t, fake(), { identity: () => new Promise(() => undefined) });
  const connected = c.connect();
  await turns();
  await tick(20_000);
  assert.equal((await connected).error.code, 'proof_missing');
});

test('a storage that hangs or throws is an empty one', async (t) => {
  const tick = clock(t);
  const hang = () => new Promise(() => undefined);
  const hangs = client(t, fake(), { storage: { get: hang, set: hang, remove: hang } });
  const connected = hangs.connect();
  await turns();
  await tick(3000);
  assert.equal((await connected).phase, 'open');
  const fail = () => {
    throw new Error('forbidden');
  };
  const throws = client(t, fake(), { storage: { get: fail, set: fail, remove: fail } });
  assert.equal((await throws.connect()).phase, 'open');
});

test('a session that ends as soon as it is given is not asked for for ever', async (t) => {
  const server = fake({ 'GET /conversations': () => problem('session_ended', 401) });
  const c = client(t, server, { identity: () => ada });
  await c.connect();
  for (let i = 0; i < 6; i++) await c.conversations().catch(() => undefined);
  assert.equal(c.state.phase, 'ended');
  assert.ok(server.count('POST /sessions') <= 4);
});

// Races.

test('an answer of the provider that a later identify overtook counts for nothing', async (t) => {
  const server = fake({ 'POST /sessions': (body) => json(facts({ lane: lane(body.assertion.user_id), name: body.assertion.user_id }), 201) });
  let answer;
  const c = client(t, server, { identity: () => new Promise((done) => (answer = done)) });
  void c.connect();
  await turns();
  const second = c.identify(bob);
  answer(ada);
  assert.equal((await second).name, 'bob');
  await turns();
  assert.equal(server.count('POST /sessions'), 1);
  assert.equal(c.state.name, 'bob');
});

test('a session whose opening a later identify overtook is not the client\'s', async (t) => {
  const opened = [];
  const server = fake({ 'POST /sessions': (body) => new Promise((done) => opened.push(() => done(json(facts({ lane: lane(body.assertion.user_id), name: body.assertion.user_id }), 201)))) });
  const c = client(t, server);
  void c.connect();
  await turns();
  const second = c.identify(bob);
  await turns();
  opened[1]();
  await second;
  opened[0]();
  await turns();
  assert.equal(c.state.name, 'bob');
  assert.equal(server.streams.length, 1);
});

test('a session that was opened after the log-out is ended, and used by nobody', async (t) => {
  let open;
  const server = fake({ 'POST /sessions': () => new Promise((done) => (open = () => done(json(facts({ session: 'late' }), 201)))) });
  const c = client(t, server);
  void c.connect();
  await turns();
  await c.logout();
  open();
  await turns();
  assert.equal(server.last('DELETE /sessions/current').bearer, 'Bearer late');
  assert.equal(c.state.phase, 'idle');
  assert.equal(server.streams.length, 0);
});

test('a client that was closed neither sends nor stores, and its log-out still gets through', async (t) => {
  const kept = new Map();
  const storage = { get: (k) => kept.get(k), set: (k, v) => kept.set(k, v), remove: (k) => kept.delete(k) };
  let answer;
  let aborted = false;
  let left;
  const server = fake({
    'POST /conversations': (body, init) => {
      init.signal.addEventListener('abort', () => (aborted = true));
      return new Promise((done) => (answer = () => done(json({ id: 'cnv_1', message: message(2, { client_id: body.client_id }) }, 201))));
    },
    'DELETE /sessions/current': (_, init) => ((left = init.signal), new Promise(() => undefined)),
  });
  const c = client(t, server, { storage });
  await c.connect();
  const sent = assert.rejects(c.send('hello'), { code: 'closed' });
  await turns();
  c.close();
  assert.equal(aborted, true);
  answer();
  await sent;
  await turns();
  assert.match(kept.get('countersign:shop'), /hello/);
  clock(t);
  const other = client(t, server, { storage: store() });
  await other.connect();
  void other.logout();
  other.close();
  assert.equal(left.aborted, false);
});

test('what comes after a log-out has nothing to do with what was before', async (t) => {
  const server = fake({ 'POST /sessions': (body) => json(facts({ lane: lane(body.assertion.user_id), visitor_token: 'secret' }), 201) });
  const c = client(t, server);
  await c.connect();
  await c.logout();
  await c.identify(bob);
  const { replaces, visitor_token } = server.last('POST /sessions').body;
  assert.deepEqual([replaces, visitor_token], [undefined, undefined]);
});

test('a log-out while the storage is still being read leaves nothing of it', async (t) => {
  const removed = [];
  let answer;
  const stored = JSON.stringify({ visitor: 'secret', guest: true, queue: [{ client_id: 'a', conversation: 'new-1', text: 'x', at: '', files: [], by: 'nobody' }] });
  const server = fake();
  const c = client(t, server, { identity: null, storage: { get: () => new Promise((done) => (answer = () => done(stored))), set: () => undefined, remove: (key) => removed.push(key) } });
  const connected = c.connect();
  await turns();
  void c.logout();
  answer();
  await connected;
  await turns();
  assert.deepEqual([c.unsent, server.count('POST /sessions'), removed], [[], 0, ['countersign:shop']]);
});

test('while it is not known who comes next, nothing speaks for the one before', async (t) => {
  const server = fake({ 'GET /conversations': () => json({ conversations: [{ id: 'cnv_1', seq: 1 }] }) });
  const c = client(t, server);
  await c.connect();
  await turns();
  const fails = () => {
    throw new Error('the backend is down');
  };
  assert.equal((await c.identify(fails)).phase, 'offline');
  const before = server.count('GET /conversations');
  await assert.rejects(c.conversations(), { code: 'proof_missing' });
  assert.equal(server.count('GET /conversations'), before);
});

test('who is told of a session and changes their mind at once has no stream of it', async (t) => {
  const server = fake();
  const c = client(t, server);
  const stop = c.on('state', (state) => {
    if (state.phase !== 'open') return;
    stop();
    void c.identify(() => new Promise(() => undefined));
  });
  clock(t);
  void c.connect();
  await turns(10);
  assert.equal(server.streams.length, 0);
});

test('a provider that fails for the one before says nothing of the next', async (t) => {
  clock(t);
  let fail;
  const server = fake({ 'POST /sessions': () => new Promise(() => undefined) });
  const c = client(t, server, { identity: () => new Promise((_, no) => (fail = no)) });
  void c.connect();
  await turns();
  void c.identify(bob);
  fail(new Error('too late'));
  await turns();
  assert.equal(c.state.phase, 'connecting');
});

test('what lies unread in the stream when its person goes is not told any more', async (t) => {
  const server = fake();
  const c = client(t, server);
  const messages = heard(c, 'message');
  c.on('message', () => void c.logout());
  await c.connect();
  await turns();
  const both = [1, 2].map((seq) => `id: ${seq}\nevent: message.created\ndata: ${JSON.stringify(message(seq))}\n\n`).join('');
  server.streams[0].write(both);
  await turns();
  assert.deepEqual(messages.map((m) => m.seq), [1]);
});

test('text that was written just before a log-out opens no session for whoever comes next', async (t) => {
  const server = fake();
  const c = client(t, server);
  await c.connect();
  const sent = assert.rejects(c.send('mine'), { code: 'discarded' });
  void c.logout();
  await sent;
  await turns();
  assert.equal(server.count('POST /sessions'), 1);
});

test('an answer that was meant for the one before is not handed to the next', async (t) => {
  let answer;
  const server = fake({
    'POST /sessions': (body) => json(facts({ lane: lane(body.assertion.user_id) }), 201),
    'GET /conversations/cnv_1/messages': () => new Promise((done) => (answer = () => done(json({ messages: [message(1)], more: false })))),
  });
  const c = client(t, server);
  await c.connect();
  const reading = assert.rejects(c.messages('cnv_1'), { code: 'overtaken' });
  await turns();
  await c.identify(bob);
  answer();
  await reading;
});

test('the stream of the one before is shut at once, and what it still says is not heard', async (t) => {
  const server = fake({ 'POST /sessions': (body) => json(facts({ lane: lane(body.assertion.user_id) }), 201) });
  const c = client(t, server);
  const messages = heard(c, 'message');
  await c.connect();
  await turns();
  server.streams[0].event('message.created', message(1), 1);
  const changed = c.identify(() => bob);
  assert.equal(server.streams[0].aborted, true);
  await changed;
  await turns();
  assert.deepEqual(messages, []);
});

test('two tokens may name one person: nothing of theirs is lost, and nothing is shown until the lane says so', async (t) => {
  let who = 'ada';
  const server = fake({
    'POST /sessions': () => json(facts({ lane: lane(who), seq: 5 }), 201),
    'GET /conversations': () => json({ conversations: [{ id: 'cnv_1', unread: 2, seq: 4 }] }),
  });
  const c = client(t, server, { identity: { jwt: 'a.b.1' } });
  const unread = heard(c, 'unread');
  await c.connect();
  await turns();
  assert.deepEqual(unread, [2]);
  await c.identify({ jwt: 'a.b.2' });
  assert.deepEqual(unread, [2]);
  who = 'bob';
  await c.identify({ jwt: 'a.b.3' });
  assert.equal(unread[1], 0);
});

test('a provider that says nobody is logged in any more logs out', async (t) => {
  let who = ada;
  const server = fake();
  const c = client(t, server, { identity: () => who });
  await c.connect();
  who = null;
  server.streams[0].event('end', { code: 'session_ended' });
  await turns(10);
  assert.equal(c.state.phase, 'idle');
  assert.equal(server.count('POST /sessions'), 1);
});

test('the app may log out, close or throw inside of any callback', async (t) => {
  const errors = t.mock.method(console, 'error', () => undefined);
  for (const act of [(c) => c.logout(), (c) => c.close(), (c) => c.identify(bob)]) {
    const server = fake();
    const c = client(t, server);
    let once = true;
    c.on('state', (s) => {
      if (s.phase === 'open' && once) {
        once = false;
        act(c);
      }
      throw new Error('the app\'s own');
    });
    await c.connect();
    await turns();
    assert.ok(['idle', 'closed', 'open'].includes(c.state.phase));
    assert.ok(server.streams.filter((s) => !s.aborted).length <= 1);
  }
  assert.ok(errors.mock.callCount() > 3);
});

// The queue, and waking up.

test('what can never be sent is told once and holds nothing back', async (t) => {
  const server = fake({
    'POST /conversations/cnv_1/messages': (body, _, n) => (body.text === 'bad' ? problem('request_invalid', 422) : n === 2 ? problem('too_many', 429) : json(message(n, { text: body.text }), 201)),
  });
  const c = client(t, server);
  const failed = heard(c, 'failed');
  await c.connect();
  const sent = [c.send('bad', { conversation: 'cnv_1' }), c.send('good', { conversation: 'cnv_1' }), c.send('better', { conversation: 'cnv_1' })];
  await assert.rejects(sent[0], { code: 'request_invalid' });
  assert.equal((await sent[1]).text, 'good');
  assert.equal((await sent[2]).text, 'better');
  assert.deepEqual(failed.map((f) => f.message.text), ['bad']);
  assert.deepEqual(c.unsent, []);
});

test('a server that asks for a pause without an end is asked again within the hour, and not at once', async (t) => {
  const tick = clock(t);
  for (const pause of ['99999999999', '1e300']) {
    const busy = () => json({ code: 'too_many' }, 429, { 'Retry-After': pause });
    const server = fake({ 'POST /conversations': busy, 'DELETE /sessions/current': busy });
    const c = client(t, server);
    await c.connect();
    c.send('hello').catch(() => undefined);
    await turns();
    await tick(60_000);
    assert.equal(server.count('POST /conversations'), 1);
    await tick(3_600_000);
    assert.equal(server.count('POST /conversations'), 2);
    void c.logout();
    await turns();
    await tick(60_000);
    assert.equal(server.count('DELETE /sessions/current'), 1);
    c.close();
  }
});

test('a provider that hands over what cannot be read is a provider that failed', async (t) => {
  const trap = {
    get user_id() {
      throw new Error('trap');
    },
  };
  for (const answer of [trap, new Proxy({}, { ownKeys: () => assert.fail('trap'), get: (_, name) => (name === 'then' ? undefined : 'x') })]) {
    assert.equal((await client(t, fake(), { identity: () => answer }).connect()).error.code, 'proof_missing');
  }
});

test('a list that was lost on the way is read again when the stream is back', async (t) => {
  const tick = clock(t);
  let lost = true;
  const server = fake({
    'GET /conversations': () => {
      if (lost) throw new TypeError('no network');
      return json({ conversations: [{ id: 'cnv_1', seq: 1, unread: 3 }] });
    },
  });
  const c = client(t, server);
  const unread = heard(c, 'unread');
  await c.connect();
  await turns();
  lost = false;
  server.streams[0].end();
  await turns();
  await tick(2000);
  assert.deepEqual(unread, [3]);
});

test('what was taken back is not sent', async (t) => {
  clock(t);
  const server = fake();
  const c = client(t, server, { identity: () => new Promise(() => undefined) });
  void c.connect();
  const sent = assert.rejects(c.send('oops'), { code: 'discarded' });
  c.discard(c.unsent[0].client_id);
  await sent;
  assert.deepEqual(c.unsent, []);
});

test('an app that claims nobody is counted once an hour, and opens nothing', async (t) => {
  const kept = new Map();
  const storage = { get: (k) => kept.get(k), set: (k, v) => kept.set(k, v), remove: (k) => kept.delete(k) };
  const server = fake();
  for (let i = 0; i < 3; i++) {
    const c = client(t, server, { identity: null, storage, version: '1.0' });
    assert.equal((await c.connect()).phase, 'idle');
    assert.deepEqual(await c.conversations(), { conversations: [] });
    await turns();
    c.close();
  }
  assert.equal(server.count('POST /ping'), 1);
  assert.deepEqual(server.last('POST /ping').body, { channel: 'shop', platform: 'ios', version: '1.0' });
  assert.equal(server.count('POST /sessions'), 0);
});

test('waking up looks at once', async (t) => {
  const tick = clock(t);
  let down = true;
  const server = fake({
    'POST /sessions': () => {
      if (down) throw new TypeError('no network');
      return json(facts(), 201);
    },
  });
  const c = client(t, server);
  assert.equal((await c.connect()).phase, 'offline');
  down = false;
  c.wake();
  await turns();
  assert.equal(c.state.phase, 'open');
  server.streams[0].event('message.created', message(2), 2);
  await turns();
  c.wake();
  await turns();
  assert.deepEqual([server.streams.length, server.streams[0].aborted, server.last('GET /stream').search], [2, true, '?after=2']);
  await tick(0);
});
