import type { ComponentChildren, JSX } from "preact";

/** One titled part of what is known of a person. */
export function Part({ title, action, children }: { title: string; action?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  return (
    <section class="person__part">
      <div class="person__top">
        <h3 class="person__heading">{title}</h3>
        {action}
      </div>
      {children}
    </section>
  );
}
