// A small panel beside its button, in the browser's top layer: it closes on Escape
// and on a press elsewhere by itself. Its place is computed, through the CSSOM,
// because anchored positioning is not in every browser yet.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface PopoverProps {
  button: (props: { "aria-expanded": boolean; "aria-controls": string; "aria-haspopup"?: "menu" | "dialog"; onClick: () => void }, open: boolean) => JSX.Element;
  children: (close: () => void) => ComponentChildren;
  label: string;
  role?: "menu" | "dialog";
  align?: "start" | "end";
  class?: string;
  opener?: { current: (() => void) | null }; // lets a keyboard shortcut open it
  onOpen?: () => void;
}

export function Popover({ button, children, label, role = "dialog", align = "start", class: name = "", opener, onOpen }: PopoverProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();

  // A press on the button dismisses the open panel before it is a click: that click must not open it again.
  const dismissedAt = useRef(-Infinity); // and not 0: a page younger than the pause would not open it either

  const close = () => {
    if (panel.current?.matches(":popover-open")) panel.current.hidePopover();
    (anchor.current?.querySelector("button") as HTMLElement | null)?.focus();
  };
  const show = () => {
    if (performance.now() - dismissedAt.current < 250) return;
    onOpen?.();
    setOpen(true);
  };
  if (opener) opener.current = show;

  useEffect(() => {
    const element = panel.current;
    if (!open || !element) return;
    if (!element.matches(":popover-open")) element.showPopover();
    const settle = () => place(element, anchor.current, align);
    settle();
    (element.querySelector("[autofocus], [role^=menuitem]:not([aria-disabled=true]), button, a, input") as HTMLElement | null)?.focus();
    addEventListener("resize", settle);
    addEventListener("scroll", settle, true);
    return () => {
      removeEventListener("resize", settle);
      removeEventListener("scroll", settle, true);
    };
  }, [open, align]);

  return (
    <span class="anchor" ref={anchor}>
      {button({ "aria-expanded": open, "aria-controls": id, "aria-haspopup": role, onClick: () => (open ? close() : show()) }, open)}
      {open && (
        <div
          id={id}
          ref={panel}
          popover="auto"
          role={role}
          aria-label={label}
          class={`popover ${name}`}
          onToggle={(event) => {
            if ((event as unknown as ToggleEvent).newState !== "closed") return;
            dismissedAt.current = performance.now();
            setOpen(false);
          }}
          onKeyDown={role === "menu" ? walk : undefined}
        >
          {children(close)}
        </div>
      )}
    </span>
  );
}

function place(panel: HTMLElement, anchor: HTMLElement | null, align: "start" | "end"): void {
  const button = anchor?.firstElementChild?.getBoundingClientRect();
  if (!button) return;
  const gap = 4;
  const edge = 8;
  const size = panel.getBoundingClientRect();
  const rtl = getComputedStyle(panel).direction === "rtl";
  const fromLeft = (align === "start") !== rtl;
  const x = fromLeft ? button.left : button.right - size.width;
  const below = innerHeight - button.bottom - edge;
  const y = size.height <= below || button.top < below ? button.bottom + gap : button.top - size.height - gap;
  panel.style.left = `${Math.round(Math.max(edge, Math.min(x, innerWidth - size.width - edge)))}px`;
  panel.style.top = `${Math.round(Math.max(edge, Math.min(y, innerHeight - size.height - edge)))}px`;
}

/** The arrow keys of a menu, Home and End. */
function walk(event: KeyboardEvent): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[(to + items.length) % items.length]?.focus();
}

export interface MenuItem {
  label: string;
  hint?: string;
  icon?: JSX.Element;
  checked?: boolean;
  danger?: boolean;
  href?: string;
  onChoose?: () => void;
}

export function Menu({ items, ...rest }: Omit<PopoverProps, "children" | "role"> & { items: MenuItem[] }): JSX.Element {
  return (
    <Popover {...rest} role="menu">
      {(close) => items.map((item) => <MenuLine key={item.label} item={item} close={close} />)}
    </Popover>
  );
}

function MenuLine({ item, close }: { item: MenuItem; close: () => void }): JSX.Element {
  const inside = (
    <>
      {item.icon}
      <span class="menu__label" dir="auto">{item.label}</span>
      {item.hint && <span class="menu__hint">{item.hint}</span>}
    </>
  );
  const name = item.danger ? "menu__item menu__item--danger" : "menu__item";
  if (item.href)
    return (
      <a class={name} role="menuitem" tabIndex={-1} href={item.href} onClick={close}>
        {inside}
      </a>
    );
  const checkable = item.checked !== undefined;
  return (
    <button
      type="button"
      class={name}
      role={checkable ? "menuitemradio" : "menuitem"}
      aria-checked={checkable ? item.checked : undefined}
      tabIndex={-1}
      onClick={() => {
        close();
        item.onChoose?.();
      }}
    >
      {inside}
    </button>
  );
}
