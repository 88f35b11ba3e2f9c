import assert from "node:assert/strict";
import { test } from "node:test";
import { fitScreen } from "./screen";

// A phone: what fitScreen reads of it, and what it writes.
function phone(width: number, height: number) {
  const seen = Object.assign(new EventTarget(), { width, height, scale: 1 });
  const root = { dataset: {} as Record<string, string>, style: { seen: "", setProperty: (_: string, v: string) => (root.style.seen = v) } };
  Object.assign(globalThis, { window: { visualViewport: seen }, document: { documentElement: root }, scrollTo: () => undefined });
  fitScreen();
  return {
    root,
    becomes(change: object): void {
      Object.assign(seen, change).dispatchEvent(new Event("resize"));
    },
  };
}

test("the messenger ends where the keyboard begins, and grows back with it gone", () => {
  const { root, becomes } = phone(390, 844);
  assert.deepEqual([root.style.seen, root.dataset.keyboard], ["844px", undefined]);
  becomes({ height: 508 });
  assert.deepEqual([root.style.seen, root.dataset.keyboard], ["508px", ""]);
  becomes({ height: 844 });
  assert.deepEqual([root.style.seen, root.dataset.keyboard], ["844px", undefined]);
});

test("a phone that is turned has no keyboard for that", () => {
  const { root, becomes } = phone(390, 844);
  becomes({ width: 844, height: 390 });
  assert.deepEqual([root.style.seen, root.dataset.keyboard], ["390px", undefined]);
});

test("who zooms in moves nothing", () => {
  const { root, becomes } = phone(390, 844);
  becomes({ scale: 2, width: 195, height: 422 });
  assert.deepEqual([root.style.seen, root.dataset.keyboard], ["844px", undefined]);
});
