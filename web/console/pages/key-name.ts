// What the successor of a key is called, unless somebody says otherwise: the server names
// it by the same rule when it is told nothing.

const longest = 80; // characters of a key's name

/** "Web" is followed by "Web (2026-11-20)", and on the same day by "Web (2026-11-20, 2)". */
export function successorName(old: string, now: Date): string {
  const day = now.toISOString().slice(0, 10);
  const [, first = old, had, nth] = /^(.*) \((\d{4}-\d{2}-\d{2})(?:, (\d+))?\)$/.exec(old) ?? [];
  const suffix = had === day ? ` (${day}, ${Number(nth ?? 1) + 1})` : ` (${day})`;
  return [...first].slice(0, longest - suffix.length).join("").trim() + suffix;
}
