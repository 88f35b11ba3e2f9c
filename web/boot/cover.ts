// What stands in the frame until the messenger does: nothing for a moment, then a ring, or a way to try again.
import type { PageSettings } from "../protocol/bridge";

const css = `html{color-scheme:light dark}body{margin:0;display:grid;place-items:center;height:100vh;font:14px system-ui}
i{width:24px;height:24px;border:2px solid #888;border-top-color:transparent;border-radius:50%;opacity:0;animation:s .8s linear infinite,a 0s .2s forwards}
@keyframes s{to{transform:rotate(1turn)}}@keyframes a{to{opacity:1}}
button{font:inherit;padding:8px 16px}@media(prefers-reduced-motion:reduce){i{animation:a 0s .2s forwards}}`;

export class Cover {
  private started = false;
  private readonly sheet = new CSSStyleSheet();

  constructor(private readonly fetchMessenger: () => Promise<unknown>) {
    this.sheet.replaceSync(css);
  }

  dress({ dir, theme }: PageSettings): void {
    const root = document.documentElement;
    root.dir = dir;
    if (theme === "light" || theme === "dark") root.style.colorScheme = theme;
  }

  lift(): void {
    if (this.started) return;
    this.started = true;
    document.adoptedStyleSheets = [this.sheet];
    document.body.replaceChildren(document.createElement("i"));
    this.fetchMessenger().catch(() => this.failed());
  }

  // A part that was not fetched may be remembered as missing by the browser, so the whole frame starts again; the loader
  // greets it as it did the first time.
  private failed(): void {
    const again = document.createElement("button");
    again.textContent = "Could not load. Try again";
    again.onclick = () => location.reload();
    document.body.replaceChildren(again);
  }
}
