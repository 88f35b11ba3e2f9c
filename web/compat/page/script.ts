// Where we came from: the origin that serves us is ours, whatever the page's settings call the address of an API, and the
// last part of our path is the channel, under any of its names.
export interface Source {
  origin: string;
  channel: string; // as it stands in the path
}

export function source(): Source {
  const { origin, pathname } = new URL((document.currentScript as HTMLScriptElement).src);
  return { origin, channel: /([^/]*?)(\.js)?$/.exec(pathname)![1]! };
}
