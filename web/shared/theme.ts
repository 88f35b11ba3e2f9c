// Puts theme and accent on the root element. Values go through the CSSOM, which a strict CSP allows.
import { accentOf } from "./colour";

export type Theme = "light" | "dark" | "auto";

const darkQuery = "(prefers-color-scheme: dark)";

// applyTheme sets what tokens.css reads, now and whenever the system's preference changes; it returns how to stop.
export function applyTheme(theme: Theme, accent: string): () => void {
  const system = matchMedia(darkQuery);
  const paint = () => {
    const dark = theme === "dark" || (theme === "auto" && system.matches);
    const root = document.documentElement;
    root.dataset.theme = dark ? "dark" : "light";
    const a = accentOf(accent, dark);
    const set = (name: string, value: string) => root.style.setProperty(name, value);
    set("--accent", a.accent);
    set("--accent-hover", a.hover);
    set("--on-accent", a.ink);
    set("--accent-text", a.text);
    set("--accent-soft", a.soft);
  };
  paint();
  system.addEventListener("change", paint);
  return () => system.removeEventListener("change", paint);
}
