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
