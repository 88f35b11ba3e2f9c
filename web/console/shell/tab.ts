// What the browser's tab shows: the page, how many wait, and the mark with a dot
// while somebody does. The icon is a data URI, which the policy allows for images.

import { t } from "../text";

const shield = "M12 1.800l8.700 3.200v6.700c0 5.200-3.500 9-8.700 10.900-5.200-1.900-8.700-5.700-8.700-10.900V5z";
const sign = "M7.500 14.500c1.400-4.800 3-7.200 4.200-6.800 1.600.5-1.700 6.900-.2 7.200 1 .2 1.500-2.300 2.400-2.200.7.1.3 1.600 1 1.700.500.1 1-.3 1.600-.9";

function icon(dot: boolean): string {
  const mark = `<path fill="#3451d1" d="${shield}"/><path fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round" d="${sign}"/>`;
  const sees = dot ? `<circle cx="19" cy="5" r="4.500" fill="#d92d20" stroke="#fff" stroke-width="1.500"/>` : "";
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${mark}${sees}</svg>`)}`;
}

let link: HTMLLinkElement | undefined;

export function showTab(page: string, waiting: number): void {
  document.title = t.shell.title(page, waiting);
  showIcon(waiting > 0);
}

export function showIcon(dot: boolean): void {
  if (!link) {
    link = document.createElement("link");
    link.rel = "icon";
    document.head.append(link);
  }
  link.href = icon(dot);
}
