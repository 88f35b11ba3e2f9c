// The console: what agents and operators work in all day.

import "./console.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { speak } from "../shared/i18n";
import { startLive, stopLive } from "./live";
import { forgetInbox } from "./inbox/store";
import { forgetDrafts } from "./inbox/drafts";
import { forgetFiles } from "./inbox/files";
import { forgetThreads, unsentCount } from "./inbox/thread";
import { place, startRouter } from "./router";
import { askWhoIAm, phase } from "./session";
import { startTheme } from "./shell/theme";
import { startWrong } from "./shell/wrong";
import { App } from "./shell/app";
import { startClock } from "./time";

const root = document.getElementById("console") ?? document.body.appendChild(document.createElement("div"));

speak(navigator.language.toLowerCase().startsWith("en") ? navigator.language : "en");
startTheme();
startClock();
startRouter();
startWrong();

let inside = false;
effect(() => {
  const now = phase.value === "in";
  if (now === inside) return;
  inside = now;
  if (now) {
    startLive();
    return;
  }
  stopLive();
  forgetInbox();
  forgetThreads();
  forgetDrafts();
  forgetFiles();
});

addEventListener("beforeunload", (event) => {
  if (unsentCount() > 0) event.preventDefault();
});

if (place.peek().segments[0] !== "setup") void askWhoIAm();
render(<App />, root);
