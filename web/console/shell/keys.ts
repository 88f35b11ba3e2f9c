// Keyboard shortcuts. A page says which keys it answers while it stands; single
// letters are silent while somebody types, and can be turned off altogether.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { recall, remember } from "./remembered";

export type KeyMap = Record<string, () => void>;

export const singleKeys = signal(recall("keys") !== "off");

export function setSingleKeys(on: boolean): void {
  singleKeys.value = on;
  remember("keys", on ? "on" : "off");
}

const maps: { current: KeyMap }[] = [];
let prefix = "";
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.closest) return false;
  return element.isContentEditable || element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select") !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const mod = event.ctrlKey || event.metaKey;
  if (mod && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    run("mod+k");
    return;
  }
  if (mod || event.altKey || !singleKeys.peek() || isTyping(event.target)) return;
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = prefix ? `${prefix} ${key}` : key;
  clearTimeout(prefixTimer);
  prefix = "";
  if (run(name)) {
    event.preventDefault();
    return;
  }
  if (key === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => (prefix = ""), 1200);
  }
}

/** The page that came last answers first. */
function run(name: string): boolean {
  for (let i = maps.length - 1; i >= 0; i--) {
    const action = maps[i]?.current[name];
    if (action) {
      action();
      return true;
    }
  }
  return false;
}

export function useKeys(map: KeyMap): void {
  const held = useRef(map);
  held.current = map;
  useEffect(() => {
    if (maps.length === 0) document.addEventListener("keydown", onKey);
    maps.push(held);
    return () => {
      maps.splice(maps.indexOf(held), 1);
      if (maps.length === 0) document.removeEventListener("keydown", onKey);
    };
  }, []);
}
