// The code that signs, with its language chosen once for all places that show it.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { recall, remember } from "../shell/remembered";
import { backendSnippet, LANGUAGES, type Language } from "../snippet";
import { t } from "../text";
import type { Signs } from "../types";
import { dialectOf } from "../dialects";
import { Code } from "./copy";

const kept = recall("language") as Language;
const chosen = signal<Language>(LANGUAGES.some((l) => l.id === kept) ? kept : "node");

export function BackendCode({ dialect, signs }: { dialect: string; signs: Signs }): JSX.Element {
  const id = useId();
  if (dialectOf(dialect).proof === "token") return <p class="dim">{t.keys.tokenCode}</p>;
  const language = LANGUAGES.find((l) => l.id === chosen.value) ?? LANGUAGES[0]!;
  const choose = (next: Language) => {
    chosen.value = next;
    remember("language", next);
  };
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = LANGUAGES.indexOf(language);
    choose(LANGUAGES[(at + step + LANGUAGES.length) % LANGUAGES.length]!.id);
    requestAnimationFrame(() => (document.getElementById(`${id}-${chosen.peek()}`) as HTMLElement | null)?.focus());
  };
  return (
    <div class="languages">
      <div class="tabs" role="tablist" aria-label={t.channels.backend} onKeyDown={walk}>
        {LANGUAGES.map((l) => (
          <button
            key={l.id}
            id={`${id}-${l.id}`}
            type="button"
            role="tab"
            class="tabs__tab"
            aria-selected={l.id === language.id}
            aria-controls={`${id}-panel`}
            tabIndex={l.id === language.id ? 0 : -1}
            onClick={() => choose(l.id)}
          >
            {l.name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${language.id}`}>
        <Code text={backendSnippet(language.id, dialect, signs)} label={language.name} />
      </div>
    </div>
  );
}
