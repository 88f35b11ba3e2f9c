// Form parts beside the shared Field: a choice from a list, one of a few, yes or no.

import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

export interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
}

export interface SelectProps<T extends string> {
  label: string;
  value: T;
  options: Option<T>[];
  onValue: (value: T) => void;
  hint?: string | undefined;
  bare?: boolean; // the label is for screen readers only
  disabled?: boolean;
}

export function Select<T extends string>({ label, value, options, onValue, hint, bare, disabled }: SelectProps<T>): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label class={bare ? "sr-only" : "field__label"} for={id}>
        {label}
      </label>
      <select
        id={id}
        class="input select"
        value={value}
        disabled={disabled ?? false}
        aria-describedby={hint ? `${id}h` : undefined}
        onChange={(event) => {
          const wish = event.currentTarget.value as T;
          event.currentTarget.value = value; // until whoever decides has said yes
          onValue(wish);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      {hint && (
        <p class="field__hint" id={`${id}h`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface ChoiceProps<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: Option<T>[];
  onValue: (value: T) => void;
  disabled?: boolean;
  bare?: boolean;
}

/** One of a few, each with a sentence on what it means. */
export function Choice<T extends string>({ legend, name, value, options, onValue, disabled, bare }: ChoiceProps<T>): JSX.Element {
  return (
    <fieldset class="choice" disabled={disabled ?? false}>
      <legend class={bare ? "sr-only" : "field__label"}>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} class="choice__option">
          <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onValue(option.value)} />
          <span>
            <span class="choice__label">{option.label}</span>
            {option.hint && <span class="field__hint">{option.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

export function Check({ label, hint, checked, onValue, disabled }: {
  label: ComponentChildren;
  hint?: string | undefined;
  checked: boolean;
  onValue: (checked: boolean) => void;
  disabled?: boolean;
}): JSX.Element {
  return (
    <label class="choice__option">
      <input type="checkbox" checked={checked} disabled={disabled ?? false} onChange={(event) => onValue(event.currentTarget.checked)} />
      <span>
        <span class="choice__label">{label}</span>
        {hint && <span class="field__hint">{hint}</span>}
      </span>
    </label>
  );
}

/** Lines of a text area as a list, empty ones dropped. */
export function linesOf(text: string): string[] {
  return text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
}
