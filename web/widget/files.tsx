// Files: taken by the button, by paste and by drop; shown in the thread. Loaded with the first thread that is opened.
export { Shown } from "./files-shown";
export { Tray } from "./files-tray";
import css from "./files.css?text";

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
