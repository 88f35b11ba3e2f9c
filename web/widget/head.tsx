import type { ComponentChildren, JSX } from "preact";
import { IconButton } from "../shared/ui/button";
import type { Model } from "./model";
import { text } from "./text";

// Head is the bar of every view: where one is, the way back, and the way out.
export function Head({ model, children, back }: { model: Model; children?: ComponentChildren; back?: boolean }): JSX.Element {
  const t = text();
  return (
    <header class="head">
      {back && <IconButton icon="back" label={t.back} onClick={() => model.home()} />}
      <div class="head__main">{children}</div>
      <IconButton icon="close" label={t.close} onClick={() => model.core.hide()} />
    </header>
  );
}
