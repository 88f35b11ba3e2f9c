import assert from "node:assert/strict";
import { test } from "node:test";
import { accentOf, contrast, parseHex } from "./colour";

test("an accent of any colour keeps text readable, light and dark", () => {
  for (let r = 0; r < 256; r += 51) {
    for (let g = 0; g < 256; g += 51) {
      for (let b = 0; b < 256; b += 51) {
        const hex = "#" + [r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("");
        for (const dark of [false, true]) {
          const a = accentOf(hex, dark);
          const c = (x: string, y: string) => contrast(parseHex(x)!, parseHex(y)!);
          assert.ok(c(a.accent, a.ink) >= 4.5, `${hex}: ink on accent ${c(a.accent, a.ink)}`);
          assert.ok(c(a.hover, a.ink) >= 4.5, `${hex}: ink on hovered accent ${c(a.hover, a.ink)}`);
          assert.ok(c(a.text, a.soft) >= 4.5, `${hex}: accent text on its tint`);
          assert.ok(c(a.text, dark ? "#1b1b1f" : "#ffffff") >= 4.5, `${hex}: accent text on the surface`);
        }
      }
    }
  }
});

test("what is no colour falls back to ours", () => {
  assert.equal(accentOf("red; background: url(x)", false).accent, accentOf("#3451d1", false).accent);
  assert.equal(parseHex("#12"), undefined);
  assert.deepEqual(parseHex("#fa0"), [255, 170, 0]);
});
