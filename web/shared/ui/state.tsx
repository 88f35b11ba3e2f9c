import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../api";
import { sharedText } from "../text";
import { Button } from "./button";
import { Icon, type IconName } from "./icons";

export interface StateProps {
  icon?: IconName;
  title: string;
  text?: ComponentChildren;
  children?: ComponentChildren; // the one thing to do
}

// Empty says what will be here, and the one thing to do about it.
export function Empty({ icon, title, text, children }: StateProps): JSX.Element {
  return (
    <div class="state">
      {icon && (
        <span class="state__icon">
          <Icon name={icon} />
        </span>
      )}
      <h2 class="state__title">{title}</h2>
      {text && <p class="state__text">{text}</p>}
      {children}
    </div>
  );
}

// Failure says what happened, what to do, and the request's id for whoever is asked about it.
export function Failure({ title, error, retry }: { title?: string; error: ApiError; retry?: () => void }): JSX.Element {
  const t = sharedText();
  return (
    <div class="state" role="alert">
      <span class="state__icon">
        <Icon name={error.status === 0 ? "offline" : "alert"} />
      </span>
      <h2 class="state__title">{title ?? t.failed}</h2>
      <p class="state__text">{t.problem(error.code)}</p>
      {retry && (
        <Button icon="retry" onClick={retry}>
          {t.retry}
        </Button>
      )}
      {error.requestId && <p class="request-id">{t.requestId(error.requestId)}</p>}
    </div>
  );
}

export function Notice({ kind, icon, children }: { kind?: "good" | "warn" | "bad"; icon?: IconName; children: ComponentChildren }): JSX.Element {
  return (
    <div class={kind ? `notice notice--${kind}` : "notice"}>
      {icon && <Icon name={icon} />}
      <div>{children}</div>
    </div>
  );
}
