// sizeOf says how large a file is, in the reader's language.
export function sizeOf(bytes: number, language?: string): string {
  const units = ["byte", "kilobyte", "megabyte"] as const;
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(language || undefined, {
    style: "unit",
    unit: units[step]!,
    unitDisplay: step ? "short" : "long", // "14 byte" is no English
    maximumFractionDigits: step && value < 10 ? 1 : 0,
  }).format(value);
}
