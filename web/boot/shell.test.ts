import assert from "node:assert/strict";
import { test } from "node:test";
import { findShell } from "./shell";

const kinds: Record<string, (post: (text: string) => void) => object> = {
  ios: (postMessage) => ({ webkit: { messageHandlers: { countersign: { postMessage } } } }),
  android: (postMessage) => ({ CountersignAndroid: { postMessage } }),
  "react-native": (postMessage) => ({ ReactNativeWebView: { postMessage } }),
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: both ways are found`, () => {
    const posted: string[] = [];
    const heard: unknown[] = [];
    const view = make((text) => posted.push(text)) as { CountersignShell?: { receive: (t: unknown) => boolean }; CountersignAndroid?: { onmessage?: (e: object) => void } };
    const shell = findShell(view)!;
    shell.listen((text) => heard.push(text) > 0);
    shell.send({ type: "unread", n: 2 });
    shell.send({ type: "link", url: "x".repeat(70_000) });
    assert.deepEqual(posted, ['{"type":"unread","n":2}']);
    assert.equal(view.CountersignShell!.receive("one"), true);
    view.CountersignAndroid?.onmessage?.({ data: "two" });
    assert.deepEqual(heard, kind === "android" ? ["one", "two"] : ["one"]);
    assert.throws(() => ((view.CountersignShell as { receive: unknown }).receive = null), "nobody puts another receiver in its place");
  });
}

test("an object that takes no properties is spoken to all the same", () => {
  const view = { CountersignAndroid: Object.freeze({ postMessage: () => undefined }) };
  assert.doesNotThrow(() => findShell(view)!.listen(() => true));
});

test("what an ordinary browser holds is no shell", () => {
  for (const view of [{}, { webkit: {} }, { webkit: { messageHandlers: {} } }, { CountersignAndroid: {} }, { ReactNativeWebView: "x" }]) assert.equal(findShell(view), undefined);
});
