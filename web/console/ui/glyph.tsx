// Icons that only the console needs, drawn like the shared ones: strokes on a 24 px
// grid in the colour of the text beside them, silent to a screen reader.

import type { JSX } from "preact";

const paths = {
  inbox: "M4 13.5L6.5 5h11L20 13.5V19H4zM4 13.5h4.5l1.5 2.5h4l1.5-2.5H20",
  identity: "M12 3l7.5 2.8v5.7c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5V5.8zM12 12.4a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM12 12.4v3.1",
  channels: "M4 5h16v11h-8l-4.5 3.5V16H4zM8.5 10.5v.1M12 10.5v.1M15.5 10.5v.1",
  team: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.6-3.2 3.2-5 6.5-5s5.900 1.800 6.500 5M15.500 4.800a3.500 3.500 0 0 1 0 6.400M18 14.900c1.900.7 3.100 2.300 3.500 4.600",
  audit: "M6 3.500h9l3.500 3.500v13.500H6zM9.500 11h6M9.500 14.500h6M9.500 7.500h2.500",
  key: "M8.500 19a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM11.800 11.200L19.500 3.500M16.500 6.500l2.500 2.500M14 9l2 2",
  keyboard: "M3 6.500h18v11H3zM6.500 10v.1M10 10v.1M14 10v.1M17.500 10v.1M8 14h8",
  command: "M9 9h6v6H9zM9 9V6.500A2.500 2.500 0 1 0 6.500 9zM15 9V6.500A2.500 2.500 0 1 1 17.500 9zM9 15v2.500A2.500 2.500 0 1 1 6.500 15zM15 15v2.500a2.500 2.500 0 1 0 2.500-2.500z",
  leave: "M14 4H5v16h9M10 12h10.500M17 8.500l3.500 3.500-3.500 3.500",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  assign: "M10 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3.500 19.500c.6-3.200 3.200-5 6.500-5 1.200 0 2.300.200 3.200.7M18 13.500v6M15 16.500h6",
  lock: "M6 11h12v9H6zM8.500 11V7.500a3.500 3.500 0 1 1 7 0V11",
  copy: "M9 9h10.500v10.500H9zM15 9V4.500H4.500V15H9",
  panel: "M3.500 5h17v14h-17zM14.500 5v14",
  block: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.800 5.800l12.400 12.400",
  device: "M4 5h16v10.500H4zM9 19.500h6M12 15.500v4",
  reopen: "M4 12a8 8 0 1 0 2.300-5.600M4 5v4.500h4.500",
  filter: "M4 6h16M7 12h10M10 18h4",
  more: "M6 12v.1M12 12v.1M18 12v.1",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
} as const;

export type GlyphName = keyof typeof paths;

export function Glyph({ name }: { name: GlyphName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
