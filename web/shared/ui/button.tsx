import type { ComponentChildren, JSX, Ref, TargetedMouseEvent } from "preact";
import { Icon, type IconName } from "./icons";

export interface ButtonProps {
  children?: ComponentChildren;
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  wide?: boolean;
  busy?: boolean; // shows that work is under way and takes no further press, while focus stays where it is
  disabled?: boolean;
  type?: "button" | "submit";
  title?: string;
  class?: string;
  buttonRef?: Ref<HTMLButtonElement>;
  onClick?: (e: TargetedMouseEvent<HTMLButtonElement>) => void;
  [data: `aria-${string}` | `data-${string}`]: string | boolean | number | undefined;
}

export function Button(p: ButtonProps): JSX.Element {
  const { children, kind = "plain", icon, wide, busy, disabled, type = "button", buttonRef, onClick, ...rest } = p;
  const names = ["button", `button--${kind}`, wide && "button--wide", p.class].filter(Boolean).join(" ");
  return (
    <button
      {...rest}
      ref={buttonRef ?? null}
      type={type}
      class={names}
      disabled={disabled ?? false}
      aria-disabled={busy ? "true" : undefined}
      aria-busy={busy ? "true" : undefined}
      onClick={(e) => (busy ? e.preventDefault() : onClick?.(e))}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

// IconButton has no word beside its picture, so its label is not optional.
export function IconButton(p: Omit<ButtonProps, "children"> & { label: string; icon: IconName }): JSX.Element {
  const { label, kind = "quiet", ...rest } = p;
  return <Button title={label} {...rest} kind={kind} class={`button--icon ${p.class ?? ""}`} aria-label={label} />;
}
