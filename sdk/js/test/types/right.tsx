// Every use that the declarations must take.
import { Countersign, load, LoadError, type Command, type Info } from '@countersign/sdk';
import { createClient, type Message, type Problem } from '@countersign/sdk/headless';
import { CountersignProvider, useCountersign } from '@countersign/sdk/react';
import { CountersignPlugin, useCountersign as useInVue } from '@countersign/sdk/vue';
import { userHash } from '@countersign/sdk/server';
import { createApp, ref } from 'vue';

Countersign('init', { channel: 'shop', theme: 'dark', labels: { open: 'Help' } });
Countersign('identify', { user_id: 42, email: 'ada@example.com', hash: userHash('secret', { userId: 42 }), plan: 'pro', attributes: { seats: 3, trial: null } });
Countersign('identify', async () => ({ jwt: 'e30.e30.' }));
Countersign('identify', () => null);
Countersign('identify', null);
Countersign('on', 'unread', (n) => n.toFixed());
Countersign('once', 'ready', () => undefined);
Countersign('on', 'identityExpiring', () => Countersign('identify', { user_id: 1, hash: '' }));
Countersign('off', 'unread');
Countersign('open');
const info: Info | undefined = Countersign('info');
info?.identity satisfies string | undefined;
const asGlobal: Command | undefined = window.Countersign;
asGlobal?.('message', 'hello');
load({ origin: 'https://chat.example.com', nonce: 'n' }).catch((e: unknown) => e instanceof LoadError && e.code satisfies string);

function Bell() {
  const { unread, open, on, identity } = useCountersign();
  on('verified', () => undefined)();
  return <button onClick={open}>{unread} {identity}</button>;
}
export const page = (
  <CountersignProvider origin="https://chat.example.com" channel="shop" user={42} identity={async () => null} onError={(e) => e.message} logoutOnUnmount>
    <Bell />
  </CountersignProvider>
);

createApp({}).use(CountersignPlugin, { origin: 'https://chat.example.com', channel: 'shop', identity: ref(null), theme: ref<'light' | 'dark'>('dark') });
useInVue().unread.value.toFixed();

export async function app(): Promise<Message> {
  const client = createClient({
    url: 'https://chat.example.com', channel: 'shop', platform: 'ios', identity: async () => null,
    storage: { get: async () => null, set: () => undefined, remove: () => undefined },
  });
  client.on('message', (m) => m.author.kind satisfies 'visitor' | 'agent' | 'bot' | 'system');
  client.on('failed', ({ message, error }) => message.text + error.code);
  const stop: () => void = client.on('unread', (n) => n.toFixed());
  stop();
  const state = await client.connect();
  (state.error satisfies Problem | undefined)?.retryAfterSeconds.toFixed();
  const file = await client.upload({ name: 'a.txt', data: new Uint8Array(1) });
  await client.upload({ uri: 'file:///a.png', name: 'a.png', type: 'image/png' });
  const { conversations, next } = await client.conversations(next_());
  await client.messages(conversations[0]!.id, { before: 7 });
  next satisfies string | undefined;
  return client.send('hello', { conversation: client.newConversation(), files: [file.id, new Blob(['x'])] });
}
const next_ = (): { cursor: string } => ({ cursor: '' });
