// What a page's own storage keeps of this browser: the visitor id that the page may ask for, and when it was here last.
// The id opens nothing. Where storage is forbidden, it lasts as long as the page.
import { guard } from "../../loader/core";

let id: unknown;

// kept remembers a value and answers with the one from before.
const kept = (name: string, value: unknown): unknown =>
  guard(() => {
    const before: unknown = localStorage[(name = `countersign-${name}`)];
    if (value !== undefined) localStorage[name] = value;
    return before;
  });

export const browserId = (): string => {
  id ||= kept("visitor", undefined) || crypto.getRandomValues(new Uint32Array(4)).join("-");
  kept("visitor", id);
  return id as string;
};

export const forgetBrowser = (): unknown => kept("visitor", (id = ""));

// away says whether this browser was away for longer than the page lets a visit last. That can end one earlier than we
// would, and never later.
export const away = (ms: number | undefined): boolean => Date.now() - (kept("seen", Date.now()) as number) > ms!;
