// Text from other people is text. What looks like a link becomes one only with a scheme of this closed list; markup,
// other schemes and links that hide their target stay the characters that they are.

export type Part = { text: string; href?: string };

const candidate = /\b(?:https?:\/\/|mailto:|tel:|www\.)[^\s<>"'`]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/gi;
const schemes = new Set(["http:", "https:", "mailto:", "tel:"]);

// linkParts cuts a text into plain and linked parts; joined, they are the text again.
export function linkParts(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const m of text.matchAll(candidate)) {
    const found = trimEnd(m[0]);
    const href = safeHref(withScheme(found));
    if (!href) continue;
    if (m.index > end) parts.push({ text: text.slice(end, m.index) });
    parts.push({ text: found, href });
    end = m.index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

// safeHref gives the address back if a browser would open it under a scheme we allow.
export function safeHref(address: string): string | undefined {
  try {
    const url = new URL(address);
    // A name in front of the host is there to make the address look like another one.
    if (!schemes.has(url.protocol) || url.username || url.password) return undefined;
    return url.href;
  } catch {
    return undefined;
  }
}

function withScheme(found: string): string {
  if (/^(https?:|mailto:|tel:)/i.test(found)) return found;
  return (found.includes("@") && !/^www\./i.test(found) ? "mailto:" : "https://") + found;
}

// trimEnd leaves the punctuation of the sentence outside, and a bracket that was opened before the link.
function trimEnd(found: string): string {
  for (;;) {
    const last = found.at(-1)!;
    const unopened = last === ")" && !found.includes("(");
    if (!/[.,;:!?\]}*_]/.test(last) && !unopened) return found;
    found = found.slice(0, -1);
  }
}
