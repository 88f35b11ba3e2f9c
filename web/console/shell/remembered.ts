// Small choices of this browser. A browser that keeps nothing loses them, no more.

export function recall(name: string): string {
  try {
    return localStorage.getItem(`countersign.console.${name}`) ?? "";
  } catch {
    return "";
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`countersign.console.${name}`, value);
  } catch {
    // Storage is off or full: the choice holds for this page only.
  }
}
