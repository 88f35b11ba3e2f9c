// What a page said before our script came lies in a queue of the page's own: arrays, arguments objects, or whatever else
// somebody put there.
import { guard } from "../../loader/core";

const most = 1000; // a page that queues more has gone astray

// drain runs what is queued, in its order, and answers with what takes the queue's place: a stub that the page kept pushes
// into it, and what is pushed runs at once. An item that cannot be run stops no other. Prototypes of arrays are what pages
// of twenty years have made of them, so nothing is used that such a page replaces.
export function drain(queue: unknown, run: (item: never) => unknown): { push: (item: unknown) => void } {
  const push = (item: unknown): void => void guard(() => run(item as never));
  guard(() => ([] as unknown[]).slice.call(queue ?? [], 0, most).forEach(push));
  return { push };
}
