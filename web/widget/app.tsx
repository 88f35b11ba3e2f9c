// The messenger: one of its states, or home, or a thread.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { applyTheme } from "../shared/theme";
import { defaultAccent } from "../shared/colour";
import { Home } from "./home";
import type { Model } from "./model";
import { Ended, Failed, Refused, Waiting } from "./states";
import { text } from "./text";
import { ThreadView } from "./thread-view";

// What a page may do without; the style sheet leaves it out.
const optional = ["write", "history", "avatars"];

export function App({ model }: { model: Model }): JSX.Element {
  const { phase, page, channel, shown } = model.state.value;
  const route = model.route.value;
  const main = useRef<HTMLElement>(null);

  const accent = page.accent ?? channel?.accent ?? defaultAccent;
  useEffect(() => applyTheme(page.theme, accent), [page.theme, accent]);

  // Whoever opens the messenger, or goes elsewhere in it, starts where the work is. A frame that does not have the focus
  // takes it from nobody.
  useEffect(() => {
    if (shown && document.hasFocus()) main.current?.querySelector<HTMLElement>("[data-start]")?.focus({ preventScroll: true });
  }, [shown, route.view, route.key, phase]);

  useEffect(() => {
    const escape = (e: KeyboardEvent) => e.key === "Escape" && !e.defaultPrevented && model.core.hide();
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, [model]);

  return (
    <main class={["app", ...optional.filter((part) => `${page.hide}`.includes(part)).map((part) => `no-${part}`)].join(" ")} ref={main} aria-label={text().messenger}>
      {view(model)}
      <p class="sr-only" role="status" aria-live="polite">
        {model.heard.value}
      </p>
    </main>
  );
}

function view(model: Model): JSX.Element {
  const { phase } = model.state.value;
  const Step = model.step.value;
  if (Step && (phase === "idle" || phase === "open" || phase === "refused")) return <Step model={model} />;
  if (phase === "waiting") return <Waiting model={model} />;
  if (phase === "refused") return <Refused model={model} />;
  if (phase === "ended") return <Ended model={model} />;
  if (phase === "failed") return <Failed model={model} />;
  const { view: name, id, key } = model.route.value;
  // Keyed, so that nothing typed or scrolled in one thread is carried into another.
  return name === "thread" ? <ThreadView key={key} model={model} id={id} /> : <Home model={model} />;
}
