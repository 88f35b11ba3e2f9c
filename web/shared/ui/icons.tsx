// Icons are strokes on a 24 px grid in the colour of the text beside them. They say nothing to a screen reader: the word
// beside them, or the label of their button, does.
import type { JSX } from "preact";

const paths = {
  back: "M15 5l-7 7 7 7",
  chevron: "M9 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M5.5 11.5L12 5l6.5 6.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  retry: "M20 11a8 8 0 1 0-2.3 6M20 5v6h-6",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5c.8 1.2 2 1.9 3.5 1.9s2.7-.7 3.5-1.9M9 9.5v.5M15 9.5v.5",
  chat: "M20 11.5a7.5 7.5 0 0 1-11 6.63L4.5 19.5l1.4-4.2A7.5 7.5 0 1 1 20 11.5z",
  alert: "M12 8v5M12 16.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  info: "M12 11v5M12 7.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  offline: "M3 3l18 18M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.4M19 12a10 10 0 0 0-5.5-2.8M12 19v.1",
  bell: "M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15zM10 21h4",
  mute: "M4 4l16 16M6 11v5.5L4.5 18H18M8 6.5A6 6 0 0 1 18 11v3M10 21h4",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  plus: "M12 5v14M5 12h14",
  // The three tiers differ in outline, so that they are told apart without colour.
  verified: "M12 3l7.5 2.8v5.7c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5V5.8zM8.5 12l2.5 2.5 4.5-5",
  claimed: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.7a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2 1-1.2 1.9M12 16.8v.1",
  anonymous: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c.8-3.3 3.5-5 7-5s6.2 1.7 7 5",
} as const;

export type IconName = keyof typeof paths;

const turning: ReadonlySet<IconName> = new Set(["back", "chevron"]);

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class={turning.has(name) ? "icon icon--turns" : "icon"} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
