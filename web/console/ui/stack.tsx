// What a backend is built with: its language, then the framework. The framework decides
// where each file goes and in which template language the page is written.

import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import * as api from "../api";
import { type Framework, LANGUAGES, type Snippets } from "../diagnosis";
import { recall, remember } from "../shell/remembered";
import { t } from "../text";
import { Select } from "./forms";
import type { Resource } from "./resource";
import { useResource } from "./resource";
import { chooseLanguage, chosen } from "./snippets";

const framework = signal(recall("framework") ?? "");

/** The code for what is chosen: the framework's files, or the language's alone. */
export function useStack(channel: string, keyId: string): Resource<Snippets> {
  const language = chosen.value;
  const built = framework.value;
  return useResource<Snippets>(() => api.snippets(channel, built ? "" : language, keyId, built), [channel, language, built, keyId]);
}

/** The chosen framework, once the server has said which there are. */
export function chosenFramework(made: Snippets | null): Framework | undefined {
  return made?.frameworks?.find((f) => f.id === framework.value);
}

function chooseFramework(id: string): void {
  framework.value = id;
  remember("framework", id);
}

/** The tabs: a language each, then what signs without a language of its own. */
interface StackTab {
  id: string;
  name: string;
  choose: () => void;
}

function tabsOf(frameworks: Framework[]): StackTab[] {
  const languages = LANGUAGES.map((l) => ({
    id: l.id as string,
    name: l.name,
    choose: () => {
      chooseLanguage(l.id);
      chooseFramework("");
    },
  }));
  const themes = frameworks.filter((f) => !f.language).map((f) => ({ id: f.id, name: f.name, choose: () => chooseFramework(f.id) }));
  return [...languages, ...themes];
}

export function Stack({ made, children }: { made: Resource<Snippets>; children: ComponentChildren }): JSX.Element {
  const id = useId();
  // While another key's code is loading the frameworks are still those that there were.
  const known = useRef<Framework[]>([]);
  if (made.data?.frameworks) known.current = made.data.frameworks;
  const built = known.current.find((f) => f.id === framework.value);
  const shown = built ? (built.language ?? built.id) : chosen.value;
  const tabs = tabsOf(known.current);
  useEffect(() => {
    // What was remembered is no framework of this version.
    if (made.problem && framework.value && !built) chooseFramework("");
  }, [made.problem]);
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.findIndex((tab) => tab.id === shown) + step + tabs.length) % tabs.length]!;
    next.choose();
    requestAnimationFrame(() => document.getElementById(`${id}-${next.id}`)?.focus());
  };
  const offered = known.current.filter((f) => f.language === shown);
  return (
    <div class="languages">
      <div class="tabs" role="tablist" aria-label={t.snippets.language} onKeyDown={walk}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            role="tab"
            class="tabs__tab"
            aria-selected={tab.id === shown}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === shown ? 0 : -1}
            onClick={tab.choose}
          >
            {tab.name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown}`} class="stack">
        {offered.length > 0 && (
          <Select
            label={t.snippets.framework}
            value={built?.id ?? ""}
            onValue={chooseFramework}
            options={[{ value: "", label: t.snippets.noFramework }, ...offered.map((f) => ({ value: f.id, label: f.name }))]}
          />
        )}
        {children}
      </div>
    </div>
  );
}
