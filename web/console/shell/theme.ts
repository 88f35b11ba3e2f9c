// Light, dark or as the system says: a choice of this browser, kept in it.

import { signal } from "@preact/signals";
import { defaultAccent } from "../../shared/colour";
import { applyTheme, type Theme } from "../../shared/theme";
import { remember, recall } from "./remembered";

export const THEMES: Theme[] = ["auto", "light", "dark"];

const kept = recall("theme");
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");

let stop: (() => void) | null = null;

export function startTheme(): void {
  stop?.();
  stop = applyTheme(theme.peek(), defaultAccent);
}

export function setTheme(next: Theme): void {
  theme.value = next;
  remember("theme", next);
  startTheme();
}
