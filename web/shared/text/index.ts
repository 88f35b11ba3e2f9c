// A language of the shared components is a file beside en.ts, named in this table.
import { choose, language } from "../i18n";
import { en, type SharedText } from "./en";

const others: Record<string, SharedText> = {};

export function sharedText(): SharedText {
  return choose(language(), en, others);
}
