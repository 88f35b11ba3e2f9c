// The messenger's entry: fetched when somebody is about to look, handed the core that boot made.
import { render } from "preact";
import type { Core } from "../boot/core";
import { App } from "./app";
import { Model } from "./model";
import css from "./style.css?text";

export function mount(core: Core): Model {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const model = new Model(core);
  render(<App model={model} />, root);
  return model;
}
