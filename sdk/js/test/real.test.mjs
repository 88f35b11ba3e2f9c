// The headless client against a real server, over wires that break.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from '@countersign/sdk/headless';
import { tokenJWT, userHash } from '@countersign/sdk/server';
import { agent, serve, shop, store, until, wire } from './server.mjs';

const after_ = [];
let server;
let key;
let grace;
before(async () => {
  server = await serve({ after: (end) => after_.push(end) });
  key = shop(server);
  grace = await agent(server);
});
after(async () => {
  for (const end of after_) await end();
});

const proof = (user) => ({ user_id: user, hash: userHash(key.secret, { userId: user }) });

function client(t, options) {
  const c = createClient({ url: server.url, channel: 'shop', platform: 'ios', ...options });
  t.after(() => c.close());
  return c;
}

function heard(c, event) {
  const list = [];
  c.on(event, (value) => list.push(value));
  return list;
}

test('a customer writes, an agent answers, and both are told once', async (t) => {
  const c = client(t, { identity: proof('u-chat'), version: '1.2.3' });
  const messages = heard(c, 'message');
  const unread = heard(c, 'unread');
  assert.equal((await c.connect()).tier, 'verified');
  const first = await c.send('Where is my parcel?');
  assert.equal(first.author.kind, 'visitor');
  await grace.answer(first.conversation_id, 'In Bristol');
  await until('the answer is heard', () => messages.length === 2);
  assert.deepEqual(messages.map((m) => m.text), ['Where is my parcel?', 'In Bristol']);
  await until('it is unread', () => unread.at(-1) === 1);
  await c.markRead(first.conversation_id);
  await until('it is read', () => unread.at(-1) === 0);
  await c.typing(first.conversation_id);
  const { conversations } = await c.conversations();
  assert.equal(conversations[0].preview, 'In Bristol');
  assert.deepEqual((await c.messages(first.conversation_id)).messages.map((m) => m.text), messages.map((m) => m.text));
  assert.equal((await c.conversation(first.conversation_id)).id, first.conversation_id);
});

test('a hundred answers and twenty questions over five cuts: none lost, none twice, all in order', async (t) => {
  const road = await wire(t, server);
  const c = client(t, { url: road.url, identity: proof('u-cuts') });
  const messages = heard(c, 'message');
  const links = heard(c, 'stream');
  const lives = () => links.filter((link) => link === 'live').length;
  await c.connect();
  const { conversation_id: thread } = await c.send('question 0');
  const sent = [];
  await until('the stream is live', () => lives() === 1);
  for (let i = 0; i < 100; i++) {
    if (i % 20 === 10) road.drop();
    if (i % 20 === 19) await until('the stream is live again', () => lives() === 2 + (i - 19) / 20);
    if (i % 5 === 0 && i > 0) sent.push(c.send(`question ${i / 5}`, { conversation: thread }));
    await grace.answer(thread, `answer ${i}`);
  }
  await Promise.all(sent);
  await until('all is heard', () => messages.length >= 120);
  assert.equal(lives(), 6);
  const told = (kind) => messages.filter((m) => m.author.kind === kind).map((m) => m.text);
  assert.deepEqual(told('agent'), Array.from({ length: 100 }, (_, i) => `answer ${i}`));
  assert.deepEqual(told('visitor'), Array.from({ length: 20 }, (_, i) => `question ${i}`));
  assert.ok(messages.every((m, i) => i === 0 || m.seq > messages[i - 1].seq));
});

test('an answer that was lost on the way makes no second message', async (t) => {
  const road = await wire(t, server);
  const c = client(t, { url: road.url, identity: proof('u-swallow') });
  await c.connect();
  const { conversation_id: thread } = await c.send('one');
  road.swallow();
  const two = c.send('two', { conversation: thread });
  await until('the server has it', async () => (await texts('u-swallow')).includes('two'));
  road.mend();
  assert.equal((await two).text, 'two');
  assert.deepEqual(await texts('u-swallow'), ['one', 'two']);
});

// texts is what the server holds of a person, over another connection.
async function texts(user) {
  const c = createClient({ url: server.url, channel: 'shop', platform: 'ios', identity: proof(user) });
  try {
    await c.connect();
    const { conversations } = await c.conversations();
    const pages = await Promise.all(conversations.map((one) => c.messages(one.id, { limit: 100 })));
    return pages.flatMap((page) => page.messages.map((m) => m.text));
  } finally {
    c.close();
  }
}

test('what was written offline survives the end of the app, in order and in one conversation', async (t) => {
  const road = await wire(t, server);
  const storage = store();
  const first = client(t, { url: road.url, identity: proof('u-off'), storage });
  await first.connect();
  road.cut();
  const thread = first.newConversation();
  const lost = ['a', 'b', 'c'].map((text) => first.send(text, { conversation: thread }));
  assert.deepEqual(first.unsent.map((m) => m.text), ['a', 'b', 'c']);
  await until('it is stored', () => [...storage.kept.values()].some((text) => text.includes('"c"')));
  first.close();
  for (const one of lost) await assert.rejects(one, { code: 'closed' });
  assert.ok(![...storage.kept.values()].some((text) => text.includes(proof('u-off').hash)), 'a proof was stored');
  road.mend();
  const second = client(t, { url: road.url, identity: () => proof('u-off'), storage });
  await second.connect();
  await until('all is sent', () => second.unsent.length === 0);
  // The last try of an app that ended may have reached the server: it is known again.
  assert.deepEqual(await texts('u-off'), ['a', 'b', 'c']);
  assert.equal((await second.conversations()).conversations.length, 1);
});

test('what was written before the first session ever survives too, for the one who wrote it', async (t) => {
  const road = await wire(t, server);
  road.cut();
  const storage = store();
  const first = client(t, { url: road.url, identity: proof('u-fresh'), storage });
  assert.equal((await first.connect()).phase, 'offline');
  first.send('written on the train').catch(() => undefined);
  await until('it is stored', () => [...storage.kept.values()].some((text) => text.includes('train')));
  first.close();
  road.mend();
  const kept = store();
  for (const [name, value] of storage.kept) kept.kept.set(name, value);
  const second = client(t, { url: road.url, identity: proof('u-fresh'), storage });
  await second.connect();
  await until('it is sent', () => second.unsent.length === 0);
  assert.deepEqual(await texts('u-fresh'), ['written on the train']);
  const other = client(t, { url: road.url, identity: proof('u-fresh-other'), storage: kept });
  await other.connect();
  assert.deepEqual(other.unsent, []);
  assert.deepEqual(await texts('u-fresh-other'), []);
});

test('another person: the first one\'s stream, calls and unsent text are gone at once, and are never the second one\'s', async (t) => {
  const road = await wire(t, server);
  const storage = store();
  let lost = 0;
  const counts = (url, init) => fetch(url, init).catch((e) => {
    if (init.method === 'POST') lost++;
    throw e;
  });
  const c = client(t, { url: road.url, identity: proof('u-ada'), storage, fetch: counts });
  await c.connect();
  const messages = heard(c, 'message');
  const { conversation_id: thread } = await c.send('I am Ada');
  await until('Ada is heard', () => messages.splice(0).length === 1);
  road.cut();
  const unsent = c.send('a secret of Ada', { conversation: thread });
  const reading = assert.rejects(c.messages(thread), (e) => ['offline', 'overtaken'].includes(e.code));
  const refused = assert.rejects(unsent, { code: 'discarded' });
  await until('the first try is lost', () => lost === 1); // what is on the wire is Ada's, and goes as hers
  const changed = c.identify(proof('u-bob'));
  assert.deepEqual(c.unsent, []);
  await refused;
  await reading;
  const own = c.send('I am Bob');
  await changed;
  await grace.answer(thread, 'for Ada alone');
  road.mend();
  assert.equal((await own).text, 'I am Bob');
  await until('Bob is heard', () => messages.length === 1);
  assert.deepEqual(messages.map((m) => m.text), ['I am Bob']);
  await assert.rejects(c.messages(thread), { code: 'not_found' });
  assert.deepEqual(await texts('u-ada'), ['I am Ada', 'for Ada alone']);
  assert.deepEqual(await texts('u-bob'), ['I am Bob']);
  assert.ok(![...storage.kept.values()].some((text) => text.includes('secret')));
});

test('log-out ends the session on the server and leaves nothing here', async (t) => {
  const road = await wire(t, server);
  const storage = store();
  let token;
  const spy = (url, init) => {
    token = new Headers(init?.headers).get('Authorization') ?? token;
    return fetch(url, init);
  };
  const c = client(t, { url: road.url, identity: () => proof('u-leaves'), storage, fetch: spy });
  await c.connect();
  const { conversation_id: thread } = await c.send('before');
  const stolen = token;
  const ask = () => fetch(`${server.url}/api/v1/widget/conversations`, { headers: { Authorization: stolen } });
  assert.equal((await ask()).status, 200);
  road.cut();
  const messages = heard(c, 'message');
  const unsent = assert.rejects(c.send('unsent', { conversation: thread }), { code: 'discarded' });
  const left = c.logout();
  assert.equal(c.state.phase, 'idle');
  await unsent;
  await until('the storage is empty', () => storage.kept.size === 0);
  road.mend();
  await left;
  assert.equal((await ask()).status, 401);
  await grace.answer(thread, 'too late');
  assert.deepEqual(await c.conversations(), { conversations: [] });
  assert.deepEqual(messages, []);
});

test('a revoked key ends everything within a moment, and a provider with a better one goes on', async (t) => {
  const road = shop(server, { slug: 'revoked' });
  const by = (secret) => ({ user_id: 'u-1', hash: userHash(secret, { userId: 'u-1' }) });
  const fixed = client(t, { channel: 'revoked', identity: by(road.secret) });
  let secret = road.secret;
  let asked = 0;
  const asks = client(t, { channel: 'revoked', identity: async () => ((asked += 1), by(secret)) });
  await Promise.all([fixed.connect(), asks.connect()]);
  await fixed.send('under the old key');
  const ended = heard(fixed, 'identityEnded');
  ({ secret } = server.cli('keys', 'generate', '--channel', 'revoked'));
  server.cli('keys', 'revoke', '--key', road.id);
  await until('the fixed one has ended', () => fixed.state.phase === 'ended');
  assert.equal(ended.length, 1);
  await assert.rejects(fixed.conversations(), { code: 'session_ended' });
  await until('the other one goes on', () => asked === 2 && asks.state.phase === 'open');
  await asks.send('under the new key');
  const { conversations } = await asks.conversations();
  assert.equal(conversations.length, 2);
  assert.equal((await fixed.identify(by(road.secret))).phase, 'refused');
  assert.equal((await fixed.identify(by(secret))).phase, 'open');
});

test('a token is renewed by its provider before it ends, and nobody notices', async (t) => {
  server.cli('channel', 'create', '--slug', 'tokens', '--platform', 'android', '--enforcement', 'enforce');
  const { secret } = server.cli('keys', 'generate', '--channel', 'tokens', '--dialect', 'native-jwt', '--platform', 'android');
  let asked = 0;
  const identity = async () => ((asked += 1), { jwt: tokenJWT(secret, { channel: 'tokens', userId: 'u-1', life: 4 }) });
  const c = client(t, { channel: 'tokens', platform: 'android', identity });
  const messages = heard(c, 'message');
  const phases = heard(c, 'state');
  await c.connect();
  const first = await c.send('with the first token');
  await until('the provider was asked twice more', () => asked >= 3);
  await grace.answer(first.conversation_id, 'still here?');
  await until('the answer is heard', () => messages.length === 2);
  assert.deepEqual(phases.filter((s) => ['ended', 'refused', 'offline'].includes(s.phase)), []);
});

test('a refused proof is asked for once more, then the app is told', async (t) => {
  let asked = 0;
  let hash = '00'.repeat(32);
  const c = client(t, { identity: () => ((asked += 1), { user_id: 'u-refused', hash }) });
  const state = await c.connect();
  assert.deepEqual([state.phase, state.error.code, asked], ['refused', 'identity_refused', 2]);
  await assert.rejects(c.conversations(), { code: 'identity_refused' });
  const waiting = c.send('kept meanwhile');
  ({ hash } = proof('u-refused'));
  assert.equal((await c.connect()).phase, 'open');
  assert.equal((await waiting).text, 'kept meanwhile');
});

test('a key for another platform proves nothing here', async (t) => {
  server.cli('channel', 'create', '--slug', 'webonly', '--platform', 'web', '--platform', 'ios', '--enforcement', 'enforce');
  const { secret } = server.cli('keys', 'generate', '--channel', 'webonly', '--platform', 'web');
  const identity = { user_id: 'u-1', hash: userHash(secret, { userId: 'u-1' }) };
  const on = async (platform) => (await client(t, { channel: 'webonly', platform, identity }).connect()).phase;
  assert.deepEqual([await on('web'), await on('ios')], ['open', 'refused']);
});

test('nobody in particular: no session before the first message, the same conversation after a restart, and not where a proof is asked for', async (t) => {
  shop(server, { slug: 'open', enforcement: 'observe' });
  const storage = store();
  const first = client(t, { channel: 'open', storage });
  assert.equal((await first.connect()).phase, 'idle');
  const { conversation_id: thread } = await first.send('hello');
  assert.equal(first.state.tier, 'anonymous');
  await until('the secret is kept', () => [...storage.kept.values()].some((text) => text.includes('visitor')));
  first.close();
  const second = client(t, { channel: 'open', storage });
  assert.equal((await second.connect()).phase, 'open');
  const messages = heard(second, 'message');
  await grace.answer(thread, 'hello you');
  await until('the answer is heard', () => messages.length === 1);
  assert.equal((await second.conversations()).conversations.length, 1);
  const { channels } = await grace.call('GET', '/channels');
  await grace.call('PUT', `/channels/${channels.find((one) => one.slug === 'open').id}`, { name: 'Open', appearance: {}, minimum_tier: 'verified' });
  server.cli('channel', 'set', '--slug', 'open', '--enforcement', 'enforce');
  const strict = client(t, { channel: 'open' });
  assert.equal((await strict.connect()).phase, 'idle');
  await assert.rejects(strict.send('let me in'), { code: 'identity_required' });
  assert.equal(strict.state.phase, 'refused');
  assert.equal((await client(t, { channel: 'nowhere', identity: proof('u-1') }).connect()).error.code, 'channel_unknown');
});

test('files go with a message, over a cut, and are read by their owner alone', async (t) => {
  const road = await wire(t, server);
  const c = client(t, { url: road.url, identity: proof('u-files') });
  await c.connect();
  road.cut();
  const sent = c.send('', { files: [{ name: 'note.txt', data: 'six by four' }, new Blob(['and a second'], { type: 'text/plain' })] });
  assert.equal(c.unsent[0].files, 2);
  road.mend();
  const { files, conversation_id: thread } = await sent;
  assert.deepEqual(files.map((f) => [f.name, f.size]), [['note.txt', 11], ['file', 12]]);
  assert.deepEqual((await c.messages(thread)).messages[0].files, files);
  const { url, expires_at } = await c.fileLink(files[0].id);
  assert.ok(Date.parse(expires_at) > Date.now() && url.startsWith(road.url));
  assert.equal(await (await fetch(url)).text(), 'six by four');
  const other = client(t, { identity: proof('u-files-other') });
  await other.connect();
  await assert.rejects(other.fileLink(files[0].id), { code: 'not_found' });
  const own = await other.upload({ name: 'own.txt', data: new TextEncoder().encode('mine') });
  await assert.rejects(c.send('with another\'s file', { files: [own.id] }), (e) => e.status >= 400 && e.status < 500);
  assert.equal((await other.send('', { files: [own.id] })).files.length, 1);
  await assert.rejects(other.send('twice', { files: [own.id] }), (e) => e.status >= 400 && e.status < 500);
  await assert.rejects(other.upload({ name: 'big.bin', data: new Uint8Array(40 << 20) }), (e) => ['file_too_large', 'offline'].includes(e.code));
});

test('an anonymous visitor may begin with a file', async (t) => {
  shop(server, { slug: 'files', enforcement: 'observe' });
  const c = client(t, { channel: 'files' });
  await c.connect();
  const { id } = await c.upload({ name: 'first.txt', data: 'hello' });
  assert.equal((await c.send('', { files: [id] })).files[0].id, id);
});
