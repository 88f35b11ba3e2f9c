// The code that signs, as the server writes it, with its language chosen once for all
// places that show it.

import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import * as api from "../api";
import { LANGUAGES, type Language, type Snippets } from "../diagnosis";
import { place } from "../router";
import { recall, remember } from "../shell/remembered";
import { t } from "../text";
import { Code } from "./copy";
import { Loaded } from "./page";
import { useResource } from "./resource";

const kept = recall("language") as Language;
/** The language that is shown everywhere. */
export const chosen = signal<Language>(LANGUAGES.some((l) => l.id === kept) ? kept : "node");

export function chooseLanguage(next: Language): void {
  chosen.value = next;
  remember("language", next);
}

/** What the server writes for a channel and one of its keys; without a key, for the one that backends should sign with. */
export function useSnippets(channel: string, keyId: string) {
  const language = chosen.value;
  return useResource<Snippets>(() => api.snippets(channel, language, keyId), [channel, language, keyId]);
}

/** One tab for each language; what it holds is below. */
export function Languages({ children }: { children: ComponentChildren }): JSX.Element {
  const id = useId();
  const language = LANGUAGES.find((l) => l.id === chosen.value) ?? LANGUAGES[0]!;
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = LANGUAGES.indexOf(language);
    chooseLanguage(LANGUAGES[(at + step + LANGUAGES.length) % LANGUAGES.length]!.id);
    requestAnimationFrame(() => (document.getElementById(`${id}-${chosen.peek()}`) as HTMLElement | null)?.focus());
  };
  return (
    <div class="languages">
      <div class="tabs" role="tablist" aria-label={t.snippets.language} onKeyDown={walk}>
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
            onClick={() => chooseLanguage(l.id)}
          >
            {l.name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${language.id}`}>
        {children}
      </div>
    </div>
  );
}

/** The server's part. A page below /identity/:channel need not name the channel. */
export function BackendCode({ channel, keyId = "" }: { channel?: string; keyId?: string }): JSX.Element {
  const made = useSnippets(channel ?? place.value.segments[1] ?? "", keyId);
  return (
    <Languages>
      <Loaded resource={made} failed={t.snippets.failed} lines={8}>
        {(s) => (s.server ? <Code text={s.server.code} label={s.server.file} /> : <p class="dim">{t.snippets.publicKey}</p>)}
      </Loaded>
    </Languages>
  );
}
