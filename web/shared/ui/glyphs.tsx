// Pictures of files, apart from the icons that every face loads at once.
import type { JSX } from "preact";

const paths = {
  clip: "M19 11.5l-7.4 7.4a4.6 4.6 0 0 1-6.5-6.5L12.8 4.7a3.1 3.1 0 0 1 4.4 4.4l-7.5 7.5a1.5 1.5 0 0 1-2.2-2.2l6.7-6.7",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  close: "M6 6l12 12M18 6L6 18",
  retry: "M20 11a8 8 0 1 0-2.3 6M20 5v6h-6",
} as const;

export function Glyph({ name }: { name: keyof typeof paths }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
