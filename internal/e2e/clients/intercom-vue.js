// A page in Vue 3, with the plugin as its readme shows it.
import { createIntercom, useIntercom } from "@mathieustan/vue-intercom";
import { createApp, h } from "vue";

const app = createApp({
  setup() {
    const intercom = useIntercom();
    window.intercom = intercom;
    intercom.once("ready", () => intercom.boot(window.person));
    return () => h("section", [h("button", { onClick: () => intercom.show() }, "Show"), h("button", { onClick: () => intercom.shutdown() }, "Log out")]);
  },
});
app.use(createIntercom({ appId: window.settings.app_id }));
app.mount("#app");
