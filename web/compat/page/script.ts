// Where we came from: the origin that serves us is ours, whatever the page's settings call the address of an API, and the
// last part of our path is the channel, under any of its names.
export interface Source {
  origin: string;
  channel: string; // as it stands in the path
}

export function source(): Source {
  // Not document's own property: an element of the page may bear its name.
  const { origin, pathname } = new URL((Reflect.get(Document.prototype, "currentScript", document) as HTMLScriptElement).src);
  return { origin, channel: /([^/]*?)(\.js)?$/.exec(pathname)![1]! };
}
