import type { JSX } from "preact";
import { sharedText } from "../text";

export function Spinner({ label }: { label?: string }): JSX.Element {
  return (
    <span role="status">
      <span class="spinner" aria-hidden="true" />
      <span class="sr-only">{label ?? sharedText().loading}</span>
    </span>
  );
}

// Skeleton holds the place of lines that are on their way, so that nothing jumps when they arrive.
export function Skeleton({ lines = 1, height = 16 }: { lines?: number; height?: number }): JSX.Element {
  return (
    <span role="status" style={{ display: "grid", gap: "8px" }}>
      <span class="sr-only">{sharedText().loading}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span
          key={i}
          class="skeleton"
          aria-hidden="true"
          style={{ blockSize: `${height}px`, inlineSize: i === lines - 1 && lines > 1 ? "60%" : "100%" }}
        />
      ))}
    </span>
  );
}
