import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icons";

export interface FieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string;
  error?: string;
  type?: "text" | "email" | "password" | "search" | "url" | "number";
  name?: string;
  autocomplete?: string;
  placeholder?: string;
  required?: boolean;
  disabled?: boolean;
  maxLength?: number;
  lines?: number; // more than one makes a text area
}

// Field ties label, hint and error to the input, so that all three are read out with it.
export function Field(p: FieldProps): JSX.Element {
  const id = useId();
  const notes = [p.hint && `${id}h`, p.error && `${id}e`].filter(Boolean).join(" ");
  const common = {
    id,
    class: "input",
    name: p.name,
    value: p.value,
    placeholder: p.placeholder,
    required: p.required ?? false,
    disabled: p.disabled ?? false,
    maxLength: p.maxLength,
    "aria-invalid": p.error ? ("true" as const) : undefined,
    "aria-describedby": notes || undefined,
  };
  const take = (e: { currentTarget: { value: string } }) => p.onValue(e.currentTarget.value);
  return (
    <div class="field">
      <label class="field__label" for={id}>
        {p.label}
      </label>
      {p.lines && p.lines > 1 ? (
        <textarea {...common} rows={p.lines} onInput={take} />
      ) : (
        <input {...common} type={(p.type ?? "text") as "text"} autocomplete={p.autocomplete as "off"} onInput={take} />
      )}
      {p.hint && (
        <p class="field__hint" id={`${id}h`}>
          {p.hint}
        </p>
      )}
      {p.error && (
        <p class="field__error" id={`${id}e`} role="alert">
          <Icon name="alert" />
          {p.error}
        </p>
      )}
    </div>
  );
}
