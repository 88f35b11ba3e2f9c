// A page that puts a light likeness of the launcher there and loads the real one when somebody wants it. This client boots
// with the app's id alone, and its readme has the person written into intercomSettings.
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { Intercom, LiveChatLoaderProvider } from "react-live-chat-loader";

const props = { provider: "intercom", providerKey: window.intercomSettings.app_id, idlePeriod: 0 };
createRoot(document.getElementById("app")).render(h(LiveChatLoaderProvider, props, h(Intercom)));
