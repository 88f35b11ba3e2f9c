// A page that uses Intercom's own package. What it calls and hears is what the walk asks about.
import { Intercom } from "@intercom/messenger-js-sdk";
import * as sdk from "@intercom/messenger-js-sdk";

window.sdk = sdk;
window.heard = [];
Intercom(window.settings);
for (const name of ["onShow", "onHide", "onUnreadCountChange", "onUserEmailSupplied"]) sdk[name]((n) => heard.push(n === undefined ? name : `${name} ${n}`));
