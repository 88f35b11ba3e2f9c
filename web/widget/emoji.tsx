// A small choice of emoji, fetched when it is asked for. The system's own keyboard has the rest.
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { text } from "./text";

const choice =
  "😀 😄 😊 🙂 😉 😍 😘 😂 🤣 😅 😇 🤔 😐 😕 🙁 😢 😭 😡 😱 😴 🤗 🙄 😬 🤷 👍 👎 👋 🙏 👏 💪 👌 🤝 ❤️ 💙 💔 🔥 ✨ 🎉 ✅ ❌ ⚠️ ❓ 💡 📎 📦 🚚 💳 🛒".split(" ");
const columns = 8;

export interface EmojiProps {
  pick: (emoji: string) => void;
}

// EmojiPicker is one stop for the Tab key; the arrows move inside it.
export function EmojiPicker({ pick }: EmojiProps): JSX.Element {
  const [at, setAt] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    (grid.current!.children[at] as HTMLElement).focus();
  }, [at]);

  const key = (e: KeyboardEvent) => {
    const rtl = getComputedStyle(grid.current!).direction === "rtl";
    const steps: Record<string, number> = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1, ArrowDown: columns, ArrowUp: -columns };
    const to = at + (steps[e.key] ?? NaN);
    if (!(to >= 0 && to < choice.length)) return;
    e.preventDefault();
    setAt(to);
  };

  return (
    <div class="emoji" role="group" aria-label={text().emoji} ref={grid} onKeyDown={key}>
      {choice.map((e, i) => (
        <button key={e} type="button" tabIndex={i === at ? 0 : -1} onClick={() => pick(e)}>
          {e}
        </button>
      ))}
    </div>
  );
}
