// The first thing that runs in the frame: small, since it runs on every page of a logged-in visitor. It takes the port,
// asks who is there and keeps the count of unread messages; the messenger itself is fetched when somebody is about to look.
import { Core } from "./core";
import { allowedOrigins, awaitPort } from "./port";
import { Cover } from "./cover";

const { channel = "", origins } = document.documentElement.dataset;

if (window.parent === window) {
  document.body.textContent = "This page is the inside of a messenger. It opens on the site that uses it.";
} else {
  awaitPort(allowedOrigins(origins), (bridge) => {
    const core = new Core({ channel, host: bridge.origin, storageLagMs: 250, send: bridge.send });
    const cover = new Cover(() => import("../widget/main").then((m) => m.mount(core)));
    let dressed = false;
    return (message) => {
      core.hear(message);
      if (message.type === "load" || message.type === "open") cover.lift();
      if (message.type !== "page") return;
      cover.dress(core.state.page);
      if (!dressed && core.reopen()) cover.lift();
      dressed = true;
    };
  });
}
