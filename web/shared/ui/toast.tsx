import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { sharedText } from "../text";
import { IconButton } from "./button";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const shown = signal<Toast[]>([]);
let last = 0;

// toast says in passing what has happened. What somebody must act on belongs into the page, where it stays.
export function toast(text: string, kind: "plain" | "bad" = "plain"): void {
  const id = ++last;
  shown.value = [...shown.value.slice(-2), { id, text, bad: kind === "bad" }];
  setTimeout(() => dismiss(id), kind === "bad" ? 10_000 : 5000);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((t) => t.id !== id);
}

// Toasts stands once in each face; the region is there from the start, or nothing would be announced.
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((t) => (
        <div key={t.id} class={t.bad ? "toast toast--bad" : "toast"}>
          <span>{t.text}</span>
          <IconButton icon="close" label={sharedText().close} onClick={() => dismiss(t.id)} />
        </div>
      ))}
    </div>
  );
}
