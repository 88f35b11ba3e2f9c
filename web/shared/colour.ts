// Contrast kept by computation: whatever accent an operator picks, text on it and text in it can be read.
// Ratios as WCAG 2.2 defines them, from 1 (the same colour) to 21 (black on white).

type RGB = [number, number, number];

export interface Accent {
  accent: string; // fills buttons, badges and the visitor's bubbles
  hover: string;
  ink: string; // text on the accent
  text: string; // the accent as text on the surface
  soft: string; // a tint for backgrounds
}

export const defaultAccent = "#3451d1";

const white: RGB = [255, 255, 255];
const black: RGB = [16, 16, 20];
const readable = 4.5;

// parseHex reads #rgb and #rrggbb; anything else is no colour.
export function parseHex(text: string): RGB | undefined {
  const m = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim());
  if (!m) return undefined;
  const hex = m[1]!.length === 3 ? m[1]!.replace(/./g, "$&$&") : m[1]!;
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as RGB;
}

export function contrast(a: RGB, b: RGB): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

// accentOf derives the accent's five uses for a light or a dark surface.
export function accentOf(text: string, dark: boolean): Accent {
  const base = parseHex(text) ?? parseHex(defaultAccent)!;
  const surface: RGB = dark ? [27, 27, 31] : white;
  const ink = contrast(base, white) >= readable || contrast(base, white) >= contrast(base, black) ? white : black;
  const away = ink === white ? black : white;
  const holdsInk = (c: RGB) => contrast(c, ink) >= readable;
  const fill = until(base, away, holdsInk);
  const soft = mix(surface, base, dark ? 0.2 : 0.1);
  const readsOnBoth = (c: RGB) => contrast(c, soft) >= readable && contrast(c, surface) >= readable;
  return {
    accent: toHex(fill),
    hover: toHex(until(mix(fill, away, 0.12), away, holdsInk)),
    ink: toHex(ink),
    text: toHex(until(base, dark ? white : black, readsOnBoth)),
    soft: toHex(soft),
  };
}

function until(from: RGB, towards: RGB, enough: (c: RGB) => boolean): RGB {
  for (let share = 0; share < 1; share += 0.04) {
    const c = mix(from, towards, share);
    if (enough(c)) return c;
  }
  return towards;
}

function mix(a: RGB, b: RGB, share: number): RGB {
  return a.map((v, i) => Math.round(v + (b[i]! - v) * share)) as RGB;
}

function toHex(c: RGB): string {
  return "#" + c.map((v) => v.toString(16).padStart(2, "0")).join("");
}

function luminance(c: RGB): number {
  const [r, g, b] = c.map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as RGB;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
