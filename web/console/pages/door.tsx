// The frame of the pages before the console: the mark, a card, nothing else.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { showIcon } from "../shell/tab";
import { t } from "../text";

export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path class="mark__shield" d="M12 1.800l8.700 3.200v6.700c0 5.200-3.500 9-8.700 10.900-5.200-1.900-8.700-5.700-8.700-10.900V5z" />
      <path class="mark__sign" d="M7.500 14.500c1.400-4.800 3-7.200 4.200-6.800 1.600.5-1.700 6.900-.2 7.200 1 .2 1.500-2.300 2.400-2.200.7.1.3 1.600 1 1.700.500.1 1-.3 1.600-.9" />
    </svg>
  );
}

export function Door({ title, subtitle, children }: { title: string; subtitle?: string; children: ComponentChildren }): JSX.Element {
  const door = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t.product}`;
    showIcon(false);
    if (!matchMedia("(pointer: coarse)").matches) door.current?.querySelector<HTMLInputElement>("input:not([readonly])")?.focus();
  }, [title]);
  return (
    <main class="door" ref={door}>
      <div class="door__card">
        <div class="door__brand">
          <Mark />
          <span>{t.product}</span>
        </div>
        <h1 class="door__title">{title}</h1>
        {subtitle && <p class="door__subtitle">{subtitle}</p>}
        {children}
      </div>
    </main>
  );
}

export function Command({ text }: { text: string }): JSX.Element {
  return (
    <code class="command" dir="ltr" tabIndex={0}>
      {text}
    </code>
  );
}
