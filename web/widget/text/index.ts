// A language of the messenger is a file beside en.ts, named in this table.
import { choose, language, speak, supported } from "../../shared/i18n";
import { en, type Text } from "./en";

const others: Record<string, Text> = {};

// What a page may say in its own words: nothing of it tells who somebody is.
const pages = ["howCanWeHelp", "write", "conversations", "placeholder", "send"] as const;

let said: Text = en;

export function setLanguage(tag: string, words?: Record<string, unknown>): void {
  speak(supported(tag, others));
  said = { ...choose(language(), en, others) };
  for (const name of pages) said[name] = String(words?.[name] ?? said[name]);
}

export function text(): Text {
  return said;
}
