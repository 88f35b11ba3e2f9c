// Where there is no window: a server that renders pages imports all of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createSSRApp, h } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import { Countersign, load } from '@countersign/sdk';
import { CountersignProvider, useCountersign } from '@countersign/sdk/react';
import { CountersignPlugin, useCountersign as useInVue } from '@countersign/sdk/vue';

const never = () => assert.fail('asked for a proof without a window');

test('without a window every command does nothing, and load resolves', async () => {
  assert.equal(Countersign('identify', never), undefined);
  assert.equal(Countersign('info'), undefined);
  await load({ origin: 'https://chat.example.com' });
  assert.equal(globalThis.window, undefined);
});

test('React and Vue render on a server, and name nobody to the next request', async () => {
  const Bell = () => createElement('p', null, `unread ${useCountersign().unread} as ${useCountersign().identity}`);
  const settings = { origin: 'https://chat.example.com', channel: 'shop', user: 1, identity: never };
  assert.equal(renderToString(createElement(CountersignProvider, settings, createElement(Bell))), '<p>unread 0 as anonymous</p>');
  const VueBell = { setup: () => { const { unread } = useInVue(); return () => h('p', `unread ${unread.value}`); } };
  assert.equal(await renderVue(createSSRApp(VueBell).use(CountersignPlugin, settings)), '<p>unread 0</p>');
});
