// A page that puts a light likeness of the Beacon there and loads the real one when somebody wants it, as the package's
// readme shows.
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { HelpScout, LiveChatLoaderProvider, useChat } from "react-live-chat-loader";

window.heard = [];

function State() {
  const [state] = useChat();
  return h("p", {}, `The chat is ${state}`);
}

const props = {
  provider: "helpScout",
  providerKey: window.beaconId,
  beforeInit: () => {
    for (const event of ["ready", "open", "close"]) window.Beacon("on", event, () => heard.push(event));
    window.Beacon("identify", window.person);
  },
  onReady: () => heard.push("onReady"),
};
createRoot(document.getElementById("app")).render(h(LiveChatLoaderProvider, props, h(State), h(HelpScout, { color: "#0b6e4f" })));
