// What the bindings say to the messenger, whatever framework they stand in.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

let said;
beforeEach(() => {
  said = [];
  globalThis.document = {};
  globalThis.window = { Countersign: (...call) => void said.push(call[0]) };
});
afterEach(() => {
  delete globalThis.window;
  delete globalThis.document;
});

// Who proved an address in the messenger, or wrote as nobody in particular, was never named by the page: a button that says
// "log out" on a shared computer must end that, too.
test('a button that logs out leaves nobody there whom the page did not name itself', async () => {
  const { identify, messenger } = await import('../binding.js');
  messenger.logout();
  assert.deepEqual(said, ['logout']);
  identify(null);
  assert.deepEqual(said, ['logout'], 'a page that says again that it knows nobody ends no conversation');
});

// Whoever asks for a proof by a function says nothing of the person until the backend has answered, and nothing at all if it
// does not: until then, and for as long as the first one's session lasted, the second would read the first one's chat.
test('another user is not shown the chat of the one before while a backend is asked who that is', async () => {
  const { identify } = await import('../binding.js');
  const ask = () => new Promise(() => undefined);
  identify(ask); // nobody is known yet
  identify(ask, 'ada');
  identify(() => ask(), 'ada');
  assert.deepEqual(said, ['identify', 'identify'], 'whoever wrote before logging in keeps what was written');
  identify(ask, 'bob');
  assert.deepEqual(said.slice(2), ['logout', 'identify']);
  identify({ user_id: 'bob', hash: '00' });
  assert.deepEqual(said.slice(4), ['identify'], 'an identity that is an object says itself who that is');
});
