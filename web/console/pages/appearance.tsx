// The accent of a channel, with what becomes of its contrast, and how it will look.

import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { accentOf, contrast, parseHex } from "../../shared/colour";
import { Icon } from "../../shared/ui";
import { t } from "../text";

const c = t.channels;

export function AccentField({ value, onValue, disabled }: { value: string; onValue: (value: string) => void; disabled: boolean }): JSX.Element {
  const id = useId();
  const wrong = !/^#[0-9a-f]{6}$/i.test(value);
  return (
    <div class="field">
      <label class="field__label" for={id}>
        {c.accent}
      </label>
      <div class="accent">
        <input
          class="accent__pick"
          type="color"
          aria-label={c.accentPick}
          value={wrong ? "#3451d1" : value}
          disabled={disabled}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
        <input
          id={id}
          class="input"
          value={value}
          disabled={disabled}
          maxLength={7}
          spellcheck={false}
          autocomplete="off"
          aria-invalid={wrong ? "true" : undefined}
          aria-describedby={`${id}h`}
          onInput={(event) => onValue(event.currentTarget.value.trim())}
        />
      </div>
      <p class={wrong ? "field__error" : "field__hint"} id={`${id}h`} role={wrong ? "alert" : undefined}>
        {wrong && <Icon name="alert" />}
        {wrong ? c.accentWrong : contrastWords(value)}
      </p>
    </div>
  );
}

export function contrastWords(value: string): string {
  const used = accentOf(value, false);
  const chosen = parseHex(value);
  const ink = parseHex(used.ink);
  if (!chosen || !ink) return c.accentHint;
  const ratio = contrast(chosen, ink).toFixed(1);
  return used.accent.toLowerCase() === value.toLowerCase() ? c.contrastAsIs(ratio) : c.contrastMoved(ratio, used.accent);
}

export function Preview({ accent, team, greeting }: { accent: string; team: string; greeting: string }): JSX.Element {
  return (
    <figure class="previews" aria-label={c.preview}>
      {([false, true] as const).map((dark) => (
        <Mock key={String(dark)} dark={dark} accent={accent} team={team} greeting={greeting} />
      ))}
    </figure>
  );
}

function Mock({ dark, accent, team, greeting }: { dark: boolean; accent: string; team: string; greeting: string }): JSX.Element {
  const paint = (element: HTMLElement | null) => {
    if (!element) return;
    const used = accentOf(accent, dark);
    element.style.setProperty("--mock-accent", used.accent);
    element.style.setProperty("--mock-ink", used.ink);
  };
  return (
    <div class={dark ? "mock mock--dark" : "mock"} ref={paint} aria-hidden="true">
      <div class="mock__head">
        <span dir="auto">{team || c.previewTeam}</span>
      </div>
      <div class="mock__body">
        <p class="mock__greeting" dir="auto">
          {greeting || c.previewGreeting}
        </p>
        <p class="mock__said">{c.previewMessage}</p>
      </div>
    </div>
  );
}
