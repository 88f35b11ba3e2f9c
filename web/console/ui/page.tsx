// The frame of an operators' page: title, one action, sections.

import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../http";
import { Failure, Skeleton } from "../../shared/ui";
import type { Resource } from "./resource";

export function PageFrame({ title, subtitle, action, before, children }: {
  title: ComponentChildren;
  subtitle?: ComponentChildren;
  action?: ComponentChildren;
  before?: ComponentChildren; // the way back
  children: ComponentChildren;
}): JSX.Element {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <div class="page__inner">
        {before}
        <header class="page__head">
          <div class="page__titles">
            <h1 class="page__title" dir="auto">{title}</h1>
            {subtitle && <p class="page__subtitle">{subtitle}</p>}
          </div>
          {action && <div class="page__action">{action}</div>}
        </header>
        {children}
      </div>
    </main>
  );
}

export function Section({ title, hint, action, children, id }: {
  title: ComponentChildren;
  hint?: ComponentChildren;
  action?: ComponentChildren;
  children: ComponentChildren;
  id?: string;
}): JSX.Element {
  return (
    <section class="section" id={id}>
      <header class="section__head">
        <div>
          <h2 class="section__title">{title}</h2>
          {hint && <p class="section__hint">{hint}</p>}
        </div>
        {action && <div class="section__action">{action}</div>}
      </header>
      {children}
    </section>
  );
}

/** What a resource is at the moment: its failure, its skeleton, or what it holds. */
export function Loaded<T>({ resource, failed, lines = 6, children }: {
  resource: Resource<T>;
  failed: string;
  lines?: number;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { data, problem } = resource;
  if (data === null && problem) return <Failure title={failed} error={problem as ApiError} retry={() => void resource.reload()} />;
  if (data === null)
    return (
      <div class="page__skeleton">
        <Skeleton lines={lines} height={20} />
      </div>
    );
  return <>{children(data)}</>;
}
