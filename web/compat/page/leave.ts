// Taking the messenger off the page while its visitor's session is ended: at once for the eye, and for good as soon as the
// frame, which alone can end the session, has heard of it.
import type { Api } from "../../loader/core";
import type { Outward } from "../../protocol/bridge";

const hearsWithinMs = 15_000; // a frame that says nothing by then will not
const settlesMs = 200; // a word that was on its way when we asked is not yet the answer

export function leaver(chat: Api, channel: string): { leave: () => void; stay: () => void } {
  let timer: unknown;
  const gone = (ms: number): void => {
    clearTimeout(timer as number);
    timer = ms && setTimeout(() => chat("destroy"), ms);
  };
  chat("on", "frame", (m: Outward) => timer && m.type === "state" && m.identity === "anonymous" && gone(settlesMs));
  return {
    leave() {
      chat("close");
      chat("init", { channel, launcher: false });
      chat("logout");
      gone(hearsWithinMs);
    },
    stay: () => gone(0),
  };
}
