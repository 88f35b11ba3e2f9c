// A language of the messenger is a file beside en.ts, named in this table.
import { choose, language, speak, supported } from "../../shared/i18n";
import { en, type Text } from "./en";

const others: Record<string, Text> = {};

export function setLanguage(tag: string): void {
  speak(supported(tag, others));
}

export function text(): Text {
  return choose(language(), en, others);
}
