// A form that is refused says so where it is seen: the first field that complains takes the focus and comes into view with
// it. Below the edge of a long dialog nobody would learn why its button does nothing.

export function startWrong(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLElement;
    // Once what was found is drawn.
    requestAnimationFrame(() => {
      form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
      form.querySelector(".field__error")?.scrollIntoView({ block: "nearest" });
    });
  });
}
