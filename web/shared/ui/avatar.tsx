import type { JSX } from "preact";
import { Icon } from "./icons";

// initials are the first letters of the first and the last word: whole characters, whatever the script.
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = (word: string | undefined) => (word ? (Array.from(word)[0] ?? "") : "");
  return (first(words[0]) + (words.length > 1 ? first(words.at(-1)) : "")).toLocaleUpperCase();
}

export function Avatar({ name, size = 32 }: { name: string; size?: number }): JSX.Element {
  const letters = initials(name);
  return (
    <span class="avatar" style={{ "--avatar": `${size}px` }} aria-hidden="true">
      {letters || <Icon name="anonymous" />}
    </span>
  );
}
