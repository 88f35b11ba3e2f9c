// What the palette offers. Pages add their own while they stand.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export interface Command {
  id: string;
  label: string;
  group: string;
  keys?: string;
  run: () => void;
}

const sources = signal<{ list: () => Command[] }[]>([]);

export function useCommands(list: () => Command[], deps: unknown[]): void {
  useEffect(() => {
    const source = { list };
    sources.value = [source, ...sources.peek()];
    return () => {
      sources.value = sources.peek().filter((other) => other !== source);
    };
  }, deps);
}

export function allCommands(): Command[] {
  return sources.value.flatMap((source) => source.list());
}

/** Every word of the query begins a word of the label; labels that begin with it come first. */
export function findCommands(commands: Command[], query: string): Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return commands;
  const hits = commands.filter((command) => {
    const parts = `${command.label} ${command.group}`.toLowerCase().split(/[\s:,()/-]+/);
    return words.every((word) => parts.some((part) => part.startsWith(word)));
  });
  const first = words[0] ?? "";
  return [...hits].sort((a, b) => Number(b.label.toLowerCase().startsWith(first)) - Number(a.label.toLowerCase().startsWith(first)));
}
