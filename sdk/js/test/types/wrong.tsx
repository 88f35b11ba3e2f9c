// Every mistake that the declarations must catch. A line that is expected to fail and does not fails the check.
import { Countersign, load } from '@countersign/sdk';
import { createClient } from '@countersign/sdk/headless';
import { CountersignProvider, useCountersign } from '@countersign/sdk/react';
import { CountersignPlugin } from '@countersign/sdk/vue';
import { createApp } from 'vue';

// @ts-expect-error an unknown command
Countersign('opne');
// @ts-expect-error no channel
Countersign('init', {});
// @ts-expect-error a setting that is none
Countersign('init', { channel: 'shop', colour: 'red' });
// @ts-expect-error a theme that is none
Countersign('init', { channel: 'shop', theme: 'pink' });
// @ts-expect-error an id that is no id
Countersign('identify', { user_id: {} });
// @ts-expect-error a proof that is no text
Countersign('identify', { user_id: 1, hash: 5 });
// @ts-expect-error an attribute that is none
Countersign('identify', { user_id: 1, when: new Date() });
// @ts-expect-error what the function answers with
Countersign('identify', async () => 'token');
// @ts-expect-error an unknown event
Countersign('on', 'unraed', () => undefined);
// @ts-expect-error what the event hands over
Countersign('on', 'unread', (n: string) => n);
// @ts-expect-error no callback
Countersign('on', 'unread');
// @ts-expect-error no text
Countersign('message');
// @ts-expect-error info may be nothing yet
Countersign('info').open;
// @ts-expect-error no origin
load({});

// @ts-expect-error no origin
export const page = <CountersignProvider channel="shop" />;
// @ts-expect-error unread is a number
useCountersign().unread satisfies string;
// @ts-expect-error no options
createApp({}).use(CountersignPlugin);
// @ts-expect-error no channel
CountersignPlugin.install(createApp({}), { origin: 'https://chat.example.com' });

// @ts-expect-error an unknown platform
createClient({ url: 'https://chat.example.com', channel: 'shop', platform: 'windows' });
// @ts-expect-error no url
createClient({ channel: 'shop', platform: 'web' });
const client = createClient({ url: 'https://chat.example.com', channel: 'shop', platform: 'web' });
// @ts-expect-error an unknown event
client.on('mesage', () => undefined);
// @ts-expect-error what the event hands over
client.on('message', (m: number) => m);
// @ts-expect-error state is read, not written
client.state = { phase: 'open' };
// @ts-expect-error an attachment without its name
client.upload({ data: 'x' });
// @ts-expect-error before is a seq
client.messages('id', { before: 'cnv_1' });
// @ts-expect-error a phase that is none
client.state.phase === 'online';
