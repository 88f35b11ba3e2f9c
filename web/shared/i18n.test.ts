import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { choose, language, plural, speak, supported } from "./i18n";

afterEach(() => speak("en"));

test("a plural follows the language's own rules", () => {
  const forms = { one: "# message", other: "# messages" };
  assert.equal(plural(1, forms), "1 message");
  assert.equal(plural(1200, forms), "1,200 messages");
  speak("pl");
  assert.equal(plural(3, { one: "jedna", few: "# wiadomości", other: "# wiadomości?" }), "3 wiadomości");
});

test("a language tag that is none changes nothing", () => {
  speak("not a language!");
  assert.equal(language(), "en");
});

test("a regional tag finds its language, an unknown one the first", () => {
  assert.equal(choose("de-AT", "english", { de: "deutsch" }), "deutsch");
  assert.equal(choose("xx", "english", { de: "deutsch" }), "english");
});

test("a language without a catalogue is English throughout", () => {
  assert.equal(supported("ar", {}), "en");
  assert.equal(supported("en-GB", {}), "en-GB");
  assert.equal(supported("de-AT", { de: {} }), "de-AT");
});
