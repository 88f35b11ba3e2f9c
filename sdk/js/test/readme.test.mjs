// What the README shows runs as it is shown.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { userHash } from '@countersign/sdk/server';
import { example } from './examples.mjs';
import { agent, serve, shop, until } from './server.mjs';

// run executes code as a module of this package.
async function run(t, code) {
  const dir = mkdtempSync(fileURLToPath(new URL('.example-', import.meta.url)));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'example.mjs'), code);
  return import(join(dir, 'example.mjs'));
}

test('the headless example chats verified, with its file', async (t) => {
  const server = await serve(t);
  const { secret } = shop(server);
  const grace = await agent(server);
  const real = globalThis.fetch;
  t.after(() => (globalThis.fetch = real));
  globalThis.fetch = async (url, init) =>
    url === 'https://shop.example.com/chat-proof' ? Response.json({ user_id: 'u1', hash: userHash(secret, { userId: 'u1' }) }) : real(String(url).replace('https://chat.example.com', server.url), init);
  const log = t.mock.method(console, 'log', () => undefined);
  const { client } = await run(t, `${example('headless')}\nexport { client };`);
  t.after(() => client.close());
  assert.equal(client.state.tier, 'verified');
  await until('both messages are heard', () => log.mock.callCount() === 2);
  assert.deepEqual(log.mock.calls.map((call) => call.arguments), [['visitor', 'Where is my parcel?'], ['visitor', 'It was due on Monday']]);
  const { conversations } = await client.conversations();
  const { messages } = await client.messages(conversations[0].id);
  assert.deepEqual([conversations.length, messages[0].files[0].name], [1, 'receipt.txt']);
  await grace.answer(conversations[0].id, 'On Tuesday then');
  await until('the answer is heard', () => log.mock.calls.at(-1).arguments[1] === 'On Tuesday then');
});

test('the server example signs', async (t) => {
  process.env.COUNTERSIGN_SECRET = 'a secret of thirty-two bytes, say';
  const code = example('server').replace(/^(userHash|tokenV1|tokenJWT)/gm, 'proofs.push($1').replace(/\);( \/\/.*)?$/gm, '));$1');
  const { proofs } = await run(t, `export const proofs = [];\n${code}`);
  assert.deepEqual(proofs.map((proof) => proof.length > 60), [true, true, true, true]);
  assert.equal(proofs[0], createHmac('sha256', process.env.COUNTERSIGN_SECRET).update('42').digest('hex'));
});

test('the example of requests verifies what is signed, and nothing else', async (t) => {
  const id = randomUUID();
  const body = '{"hello":1}';
  const at = `${Math.floor(Date.now() / 1000)}`;
  const mac = (key, text, hash = 'sha256') => createHmac(hash, key).update(text).digest('base64');
  const key = Buffer.alloc(32, 7);
  const query = `customer-id=u1&issued-at=${at}`;
  globalThis.example = {
    newSecret: `whsec_${Buffer.alloc(32, 9).toString('base64')}`, oldSecret: `whsec_${key.toString('base64')}`, appSecret: 'app secret',
    request: {
      headers: { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${mac(key, `${id}.${at}.${body}`)}`, 'x-helpscout-signature': mac('app secret', body, 'sha1') },
      body,
      url: `/app?shop=1&${query}&X-HelpScout-Signature=${encodeURIComponent(mac('app secret', JSON.stringify({ 'customer-id': 'u1', 'issued-at': at }), 'sha1'))}`,
    },
  };
  t.after(() => delete globalThis.example);
  const code = `${example('requests')}\nexport { params };`.replace(/^(?=\/\/)/m, 'const { newSecret, oldSecret, appSecret, request } = globalThis.example;\n');
  assert.equal((await run(t, code)).params['customer-id'], 'u1');
  globalThis.example.request.body = '{"hello":2}';
  await assert.rejects(run(t, code), { name: 'Refused' });
});
