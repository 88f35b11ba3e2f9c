// A page in React, with the provider and the hook as their readme shows them.
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";
import { IntercomProvider, useIntercom } from "react-use-intercom";

window.heard = [];

function Page() {
  const intercom = useIntercom();
  const [visitor, setVisitor] = useState("");
  window.intercom = intercom;
  return h("section", {}, [
    h("p", { key: "open" }, intercom.isOpen ? "It is open" : "It is closed"),
    h("p", { key: "visitor" }, visitor && `Visitor ${visitor}`),
    h("button", { key: "boot", onClick: () => intercom.boot(window.person) }, "Boot"),
    h("button", { key: "show", onClick: () => intercom.show() }, "Show"),
    h("button", { key: "ask", onClick: () => setVisitor(intercom.getVisitorId()) }, "Who am I"),
    h("button", { key: "out", onClick: () => intercom.shutdown() }, "Log out"),
  ]);
}

const props = { appId: window.settings.app_id, onShow: () => heard.push("onShow"), onHide: () => heard.push("onHide"), onUnreadCountChange: (n) => heard.push(`unread ${n}`) };
createRoot(document.getElementById("app")).render(h(IntercomProvider, props, h(Page)));
