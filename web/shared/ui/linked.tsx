import type { JSX } from "preact";
import { linkParts } from "../links";

// Linked shows text that somebody else wrote. Links open apart and tell the other side nothing about this page.
export function Linked({ text }: { text: string }): JSX.Element {
  return (
    <>
      {linkParts(text).map((p, i) =>
        p.href ? (
          <a key={i} href={p.href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {p.text}
          </a>
        ) : (
          p.text
        ),
      )}
    </>
  );
}
