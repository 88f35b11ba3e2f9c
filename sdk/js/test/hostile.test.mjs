// The headless client against a server that lies, and on a phone that has less than a browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { createClient } from '@countersign/sdk/headless';
import { ada, client, clock, fake, heard, json, message, turns } from './fake.mjs';

const huge = 'x'.repeat(9 << 20);
const lies = {
  'no JSON': () => new Response('<html>', { headers: { 'Content-Type': 'application/json' } }),
  'another server': () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } }),
  'null': () => json(null),
  'a number': () => json(7),
  'a list': () => json([[[]]]),
  'wrong types': () => json({ conversations: { length: 3 }, messages: 'abc', next: {}, session: {}, lane: 5, expires_at: [], id: {}, url: 'javascript:alert(1)' }),
  'members of wrong types': () => json({ conversations: [null, 7, { id: '../../sessions/current' }, { id: 'cnv_1', unread: 'many', seq: -1 }], messages: [null, {}, { ...message(1), author: null }], more: 'yes' }),
  'a prototype': () => new Response('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}', { headers: { 'Content-Type': 'application/json' } }),
  'nine megabytes': () => json({ conversations: [{ id: huge }] }),
  'nesting without an end': () => new Response('['.repeat(200_000), { headers: { 'Content-Type': 'application/json' } }),
};
for (const [name, lie] of Object.entries(lies)) {
  test(`a hostile answer, ${name}, is a problem and never a throw of another kind`, async (t) => {
    const routes = Object.fromEntries(['GET /conversations', 'GET /conversations/c', 'GET /conversations/c/messages', 'POST /files/f/link', 'POST /conversations/c/typing'].map((route) => [route, lie]));
    const c = client(t, fake(routes));
    await c.connect();
    for (const ask of [() => c.conversations(), () => c.conversation('c'), () => c.messages('c'), () => c.fileLink('f'), () => c.typing('c'), () => c.markRead('c')]) {
      const answer = await ask().catch((e) => e);
      if (answer instanceof Error) assert.match(String(answer.code), /^(not_ours|offline|overtaken)$/);
      else assert.ok(!JSON.stringify(answer ?? null).match(/\.\.|javascript|many/));
    }
    assert.equal({}.polluted, undefined);
    assert.equal(c.state.phase, 'open');
    const refused = client(t, fake({ 'POST /sessions': lie }));
    assert.equal((await refused.connect()).phase, 'offline');
  });
}

test('an answer of more than eight megabytes is not read to its end', async (t) => {
  let sent = 0;
  const endless = () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new TextEncoder().encode(' '.repeat((sent += 1 << 20) && 1 << 20))) }), { headers: { 'Content-Type': 'application/json' } });
  const c = client(t, fake({ 'GET /conversations/c': endless }));
  await c.connect();
  await assert.rejects(c.conversation('c'), { code: 'offline' });
  assert.ok(sent < 12 << 20, `${sent} bytes were read`);
});

test('a hostile stream says what it likes, and only what is ours is heard', async (t) => {
  const server = fake({ 'GET /conversations': () => json({ conversations: [{ id: 'cnv_1', seq: 1, unread: 0 }] }) });
  const c = client(t, server);
  const all = ['message', 'typing', 'unread'].map((event) => heard(c, event));
  await c.connect();
  await turns();
  const s = server.streams[0];
  for (const kind of ['message.created', 'conversation.changed', 'read.moved', 'typing', 'message', '__proto__', 'constructor']) {
    for (const data of [null, 7, 'x', [], {}, { id: {} }, { ...message(2), author: 'agent' }, { ...message(2), id: '../x' }, { conversation_id: 'cnv_1', seq: 'NaN' }, { conversation_id: ['cnv_1'], seq: 1 }]) {
      if (kind !== 'typing' || !(typeof data?.conversation_id === 'string')) s.event(kind, JSON.stringify(data));
    }
  }
  s.write('id\nevent\n\n:\n\nid: -1\nevent: message.created\ndata: {}\n\n');
  await turns();
  assert.deepEqual(all.map((list) => list.length), [0, 0, 0]);
  s.event('message.created', message(9), 9);
  s.event('message.created', message(9), 9);
  s.event('message.created', message(8), 8);
  await turns();
  assert.deepEqual(all[0].map((m) => m.seq), [9]);
});

test('a conversation that changes keeps its count of unread messages', async (t) => {
  const server = fake({ 'GET /conversations': () => json({ conversations: [{ id: 'cnv_1', status: 'open', seq: 4, unread: 2 }] }) });
  const c = client(t, server);
  const unread = heard(c, 'unread');
  const conversations = heard(c, 'conversation');
  await c.connect();
  await turns();
  server.streams[0].event('conversation.updated', { id: 'cnv_1', status: 'closed', seq: 4, preview: 'x', assignee: null }, 5);
  await turns();
  assert.deepEqual(unread, [2]);
  assert.deepEqual(conversations.map((one) => [one.status, one.unread]), [['closed', 2]]);
});

test('a stream of malformed JSON, or of an event without an end, is dropped and read again after what was heard', async (t) => {
  const tick = clock(t);
  for (const nonsense of ['event: message.created\ndata: {"id"\n\n', `data: ${'x'.repeat(2 << 20)}`, `${`data: ${'x'.repeat(99)}\n`.repeat(20_000)}`, 'event: end\ndata: null\n\n']) {
    const server = fake();
    const c = client(t, server);
    const messages = heard(c, 'message');
    await c.connect();
    await turns();
    server.streams[0].event('message.created', message(3), 3);
    await turns();
    server.streams[0].write(nonsense);
    await turns();
    assert.equal(c.state.phase, 'open');
    await tick(2000);
    assert.equal(server.last('GET /stream').search, '?after=3');
    server.streams[1].event('message.created', message(4), 4);
    await turns();
    assert.deepEqual(messages.map((m) => m.seq), [3, 4]);
    c.close();
  }
});

test('a stored text that is no text of ours is an empty storage', async (t) => {
  for (const text of ['', 'null', '7', '{', '{"queue":7}', '{"queue":[null,{"client_id":1}],"visitor":{}}', huge]) {
    const server = fake();
    const c = client(t, server, { storage: { get: () => text, set: () => undefined, remove: () => undefined } });
    assert.equal((await c.connect()).phase, 'open');
    assert.deepEqual(c.unsent, []);
    assert.equal(server.last('POST /sessions').body.visitor_token, undefined);
  }
});

test('an id never leads a session\'s token to another address', async (t) => {
  const server = fake();
  const c = client(t, server);
  await c.connect();
  const before = server.calls.length;
  for (const id of ['..', '../sessions/current', 'a/b', 'a?b', 'a#b', '', '%2e%2e', 'x'.repeat(200)]) {
    for (const ask of [c.conversation(id), c.messages(id), c.markRead(id, 1), c.typing(id), c.fileLink(id), c.send('x', { conversation: id })]) await assert.rejects(ask, { code: 'not_found' });
  }
  assert.deepEqual(server.calls.slice(before).map((call) => call.name), []);
});

test('credentials go to the server that was named, never on along a redirect, and never into an address', async (t) => {
  const server = fake();
  const c = client(t, server);
  await c.connect();
  await c.conversations();
  assert.ok(server.calls.every((call) => call.redirect === 'error' && call.credentials === 'omit'));
  assert.ok(server.calls.every((call) => !/ses_|aa/.test(call.search)));
  for (const url of ['chat.example.com', 'ftp://chat.example.com', 'javascript:alert(1)', 'https://user@chat.example.com', 'https://chat.example.com/path', 'https://chat.example.com?x', '']) {
    assert.throws(() => createClient({ url, channel: 'shop', platform: 'web' }), TypeError);
  }
});

// React Native: no window, no streaming fetch, no decoder of texts, no generator of secrets.

// phone is an XMLHttpRequest that a test speaks through.
function phone() {
  const requests = [];
  class XMLHttpRequest {
    readyState = 0;
    status = 0;
    responseText = '';
    headers = {};
    open(method, url) {
      Object.assign(this, { method, url });
    }
    setRequestHeader(name, value) {
      this.headers[name] = value;
    }
    send() {
      requests.push(this);
    }
    abort() {
      this.aborted = true;
      this.onabort?.();
    }
    say(text, status = 200) {
      Object.assign(this, { status, readyState: 3, responseText: this.responseText + text });
      this.onreadystatechange?.();
      this.onprogress?.();
    }
  }
  return { requests, XMLHttpRequest };
}

test('it stands on what React Native has, and reads its stream by XMLHttpRequest', async (t) => {
  const { requests, XMLHttpRequest } = phone();
  const server = fake({ 'POST /conversations': (body) => json({ id: 'cnv_1', message: message(2, { text: body.text, client_id: body.client_id }) }, 201) });
  const fetching = async (url, init) => {
    const answer = await server.fetch(url, init);
    const text = await answer.text();
    return { status: answer.status, ok: answer.ok, headers: answer.headers, text: async () => text, json: async () => JSON.parse(text) };
  };
  const context = vm.createContext({ fetch: fetching, XMLHttpRequest, navigator: { product: 'ReactNative' }, setTimeout, clearTimeout, AbortController, FormData, Blob, console });
  const code = readFileSync(new URL('../headless.js', import.meta.url), 'utf8').replace(/export\{(\w+) as createClient\}/, 'globalThis.createClient=$1');
  vm.runInContext(code, context);
  const c = context.createClient({ url: 'https://chat.example.com', channel: 'shop', platform: 'android', identity: ada });
  t.after(() => c.close());
  const messages = heard(c, 'message');
  assert.equal((await c.connect()).phase, 'open');
  await turns();
  assert.match(requests[0].headers.Authorization, /^Bearer ses_/);
  assert.equal((await c.send('hello')).text, 'hello');
  assert.match(server.last('POST /conversations').body.client_id, /^[0-9a-f]{32}$/);
  requests[0].say(`: open\n\nid: 2\nevent: message.created\ndata: ${JSON.stringify(message(2, { text: 'grüße 🙂' }))}\n\n`);
  await turns();
  assert.deepEqual(messages.map((m) => m.text), ['grüße 🙂']);
  assert.equal(server.count('GET /stream'), 0);
});

test('a stream over XMLHttpRequest goes on after a cut, before its memory fills, and not after its session', async (t) => {
  const { requests, XMLHttpRequest } = phone();
  globalThis.XMLHttpRequest = XMLHttpRequest;
  t.after(() => delete globalThis.XMLHttpRequest);
  const tick = clock(t);
  const c = client(t, fake(), { stream: 'xhr' });
  const messages = heard(c, 'message');
  await c.connect();
  await turns();
  requests[0].say(': open\n\n');
  requests[0].say(`id: 1\nevent: message.created\ndata: ${JSON.stringify(message(1))}\n`);
  await turns();
  assert.equal(messages.length, 0);
  requests[0].say('\n');
  await turns();
  assert.equal(messages.length, 1);
  requests[0].onerror();
  await turns();
  await tick(2000);
  assert.match(requests[1].url, /after=1$/);
  for (let i = 0; i < 90; i++) {
    requests[1].say(`: ${'x'.repeat(100_000)}\n\n`);
    await turns(1);
  }
  assert.equal(requests[1].aborted, true);
  await tick(2000);
  assert.match(requests[2].url, /after=1$/);
  requests[2].say('', 401);
  await turns(10);
  assert.equal(c.state.phase, 'ended');
  assert.equal(requests.length, 3);
});
