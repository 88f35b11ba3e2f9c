/** "Chrome, macOS" out of a browser's long name for itself: a hint, since anybody can send any. */
export function browserOf(agent: string | undefined): string {
  if (!agent) return "";
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /HeadlessChrome|Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "";
  const system = /iPhone|iPad/.test(agent) ? "iOS" : /Android/.test(agent) ? "Android" : /Mac OS X/.test(agent) ? "macOS" : /Windows/.test(agent) ? "Windows" : /Linux|CrOS/.test(agent) ? "Linux" : "";
  return [browser, system].filter(Boolean).join(", ") || agent.slice(0, 40);
}
