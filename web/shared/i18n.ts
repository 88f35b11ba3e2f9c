// The language of a face. Every text sits in a catalogue: an object of strings, and of functions where a text has parts,
// so that a translation is one file that the compiler holds to the English one.

let locale = "en";
let rules = new Intl.PluralRules(locale);

// speak sets the language that plurals, times and numbers follow. An unknown tag leaves it as it is.
export function speak(tag: string): void {
  try {
    rules = new Intl.PluralRules(tag);
    locale = tag;
  } catch {
    // Not a language tag: a page may write anything into its lang attribute.
  }
}

export function language(): string {
  return locale;
}

// supported is the tag itself where a catalogue speaks its language, and English otherwise: dates in one language between
// texts in another help nobody.
export function supported(tag: string, others: Record<string, unknown>): string {
  const lower = tag.toLowerCase();
  const known = (name: string) => name === "en" || name in others;
  return known(lower) || known(lower.split("-")[0]!) ? tag : "en";
}

// choose finds the catalogue for a language tag, or the first one given.
export function choose<T>(tag: string, first: T, others: Record<string, T>): T {
  const lower = tag.toLowerCase();
  return others[lower] ?? others[lower.split("-")[0]!] ?? first;
}

export type Forms = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

// plural picks the form for n and puts the number where the form has a #.
export function plural(n: number, forms: Forms): string {
  return (forms[rules.select(n)] ?? forms.other).replace("#", n.toLocaleString(locale));
}
